//! What a day's jobs cost, by the lines that the functions write of each runner that has ended.

use fleet::cost::{CostLine, TARGET};
use fleet::pools::DEFAULT_POOLS;
use fleet::{PoolMap, Repository};
use jiff::Timestamp;
use kit::recording::{Recording, record};
use mayfly::cost::{By, CostReport, Lines, read, report};
use platform::prices::Prices;
use platform::scene::{Scene, plan};
use sandbox::github::JobPlan;

/// The pools of the day's jobs, in turn.
const POOLS: [&str; 5] = ["ec2-x64", "ec2-x64-spot", "fargate-x64", "fargate-x64-spot", "fargate-arm64"];

/// Seconds between two jobs.
const BETWEEN: i64 = 7 * 60;

/// The default map, with a price of its own for each pool.
fn map() -> String {
    let mut text = DEFAULT_POOLS.to_owned();
    for (number, pool) in POOLS.iter().enumerate() {
        let head = format!("[pools.{pool}]\n");
        assert!(text.contains(&head), "{pool}");
        text = text.replace(&head, &format!("{head}task_hour_dollars = 0.{}7\n", number + 1));
    }
    text
}

/// A day of jobs, with what every task of it cost by ECS's own times and the map's prices.
fn day() -> (Recording, f64, usize) {
    let (sum, recording) = record(|| {
        let mut scene = Scene::of(&map());
        for (number, pool) in (1..).zip(POOLS.iter().cycle().take(150)) {
            let repository = Repository::new(format!("octo-org/repository-{}", number % 4));
            scene.world.queue_job(fleet::JobId(number), JobPlan { repository, ..plan(&[pool]) });
            scene.pass(BETWEEN);
        }
        scene.rest();
        cost_of_tasks(&scene, &PoolMap::from_toml(&map()).unwrap())
    });
    (recording, sum.0, sum.1)
}

fn cost_of_tasks(scene: &Scene, pools: &PoolMap) -> (f64, usize) {
    let (ecs, table) = (scene.world.sandbox().ecs().borrow(), scene.world.sandbox().table().borrow());
    let (mut sum, mut tasks) = (0.0, 0);
    for task in ecs.tasks() {
        let (Some(from), Some(to)) = (task.pull_started_at, task.stopped_at) else { continue };
        let pool = pools.placed(&table.runner(&task.runner().unwrap()).unwrap().capacity).unwrap();
        let seconds = to.duration_since(from).as_secs_f64();
        let seconds = if pool.capacity.is_fargate() { seconds.ceil().max(60.0) } else { seconds };
        sum += seconds / 3600.0 * pool.task_hour.unwrap().dollars();
        tasks += 1;
    }
    (sum, tasks)
}

/// The lines of costs, as their log group has them.
fn written(recording: &Recording) -> String {
    let lines = recording.lines.iter().filter(|line| line["target"] == TARGET);
    lines.flat_map(|line| [line["fields"]["line"].as_str().unwrap(), "\n"]).collect()
}

fn read_all(text: &str) -> Lines {
    read(text, Timestamp::MIN, Timestamp::MAX)
}

fn grouped(lines: &Lines, by: By) -> CostReport {
    report(lines, by, &PoolMap::from_toml(&map()).unwrap(), &Prices::shipped().unwrap())
}

fn cents(dollars: f64) -> String {
    format!("{dollars:.2}")
}

#[test]
fn a_days_cost_by_each_grouping_is_that_of_its_tasks_to_the_cent() {
    let (recording, sum, tasks) = day();
    let text = written(&recording);
    let lines = read_all(&text);
    assert_eq!((lines.lines.len(), lines.others), (tasks, 0), "a line for each task");
    assert!(tasks >= 150, "each job had its task: {tasks}");
    for (by, rows) in [(By::Repository, 4), (By::Workflow, 4), (By::Branch, 4), (By::Pool, POOLS.len())] {
        let found = grouped(&lines, by);
        assert_eq!(cents(found.together.total()), cents(sum), "{by:?}");
        assert_eq!(cents(found.rows.iter().map(|row| row.working + row.idle).sum()), cents(sum), "{by:?}");
        assert_eq!((found.rows.len(), found.together.jobs), (rows, 150), "{by:?}: {:?}", found.rows);
        assert!(found.together.idle > 0.0 && found.together.hosted > 0.0, "{by:?}");
        assert!(found.without_price.is_empty(), "{by:?}");
    }
    println!("{tasks} tasks, ${sum:.4}; by each of four groupings ${}", cents(sum));

    let names = grouped(&lines, By::Workflow).rows;
    assert!(names.iter().all(|row| row.name.ends_with(": CI")), "{names:?}");
    let twice = read_all(&format!("{text}{text}"));
    assert_eq!(twice, lines, "a line that is written twice counts once");
}

#[test]
fn names_are_in_no_other_line_and_in_no_item_of_a_runner_that_has_ended() {
    let mut items = Vec::new();
    let ((), recording) = record(|| {
        let mut scene = Scene::of(&map());
        scene.world.queue_job(
            fleet::JobId(1),
            JobPlan { repository: Repository::new("octo-org/secret-plans"), ..plan(&["ec2-x64"]) },
        );
        scene.rest();
        items.extend(scene.world.sandbox().table().borrow().runners().cloned());
    });
    assert_eq!(items.len(), 1);
    assert!(items.iter().all(|runner| runner.work.is_none()), "{items:?}");
    let (costs, others): (Vec<_>, Vec<_>) = recording.lines.iter().partition(|it| it["target"] == TARGET);
    assert_eq!(costs.len(), 1);
    for name in ["secret-plans", "\"CI\"", "\"main\""] {
        assert!(!others.iter().any(|line| line.to_string().contains(name)), "{name}");
    }
    let line: CostLine = serde_json::from_str(costs[0]["fields"]["line"].as_str().unwrap()).unwrap();
    assert_eq!(
        (line.workflow.as_deref(), line.branch.as_deref(), line.repository.unwrap().as_str()),
        (Some("CI"), Some("main"), "octo-org/secret-plans")
    );
}
