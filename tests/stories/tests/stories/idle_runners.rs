//! Runners that wait, and what GitHub does to them.

use fleet::PoolName;
use fleet::launch::exit_code::REMOVED;
use fleet::ledger::{Item, RunnerState};
use platform::scene::Scene;
use sandbox::{Fault, Rates};

/// Three runners of `ec2-x64` wait at all hours.
fn three_wait() -> Scene {
    let map = fleet::pools::DEFAULT_POOLS.replacen(
        "[pools.ec2-x64]\n",
        "[pools.ec2-x64]\nworking_hours_minimum = 3\noff_hours_minimum = 3\n",
        1,
    );
    stories::scene_of(&map)
}

/// The pool stops keeping runners, so that the story comes to rest.
fn nobody_waits(scene: &mut Scene) {
    let pools = fleet::PoolMap::from_toml(fleet::pools::DEFAULT_POOLS).unwrap();
    for function in [sandbox::FunctionName::Scheduler, sandbox::FunctionName::Registrar] {
        scene.world.functions().use_map(function, &pools);
    }
    scene.pass(5 * 60);
}

fn exits(scene: &Scene) -> Vec<i64> {
    let ecs = scene.world.sandbox().ecs().borrow();
    ecs.tasks().filter_map(|task| task.stop.as_ref()?.exit_code).collect()
}

#[test]
fn idle_runners_that_github_removes_are_replaced_until_their_places_rest() {
    let mut scene = three_wait();
    scene.world.sandbox().set_faults(Rates::from([(Fault::RunnerReaped, 1.0)]));
    scene.pass(20 * 60);
    let early = exits(&scene);
    assert!(!early.is_empty() && early.iter().all(|&code| code == REMOVED), "{early:?}");
    scene.pass(4 * 60 * 60);
    {
        let table = scene.world.sandbox().table().borrow();
        let book = table.book(&PoolName::new("ec2-x64").unwrap()).unwrap();
        assert_eq!(book.health.run_failure_thirds, 0, "none counts as a failed run");
        assert_eq!(book.health.failures, 0, "nor a failed boot");
        assert!(!book.resting.is_empty(), "places rest");
        assert!(book.supply >= 1, "one place never rests");
    }
    // Two to six minutes each: three places would otherwise take 45 tasks an hour.
    let tasks = scene.tasks().len();
    assert!(tasks < 4 * 30, "{tasks} tasks in four hours");
    scene.world.sandbox().set_faults(Rates::new());
    scene.pass(30 * 60);
    assert_eq!(scene.book("ec2-x64").1, 3, "all places are filled again");
    nobody_waits(&mut scene);
}

#[test]
fn a_waiting_runner_gets_no_news_and_writes_nothing() {
    let mut scene = three_wait();
    scene.pass(5 * 60);
    // What the reconciler stores for itself does not count.
    let is_of_runners = |it: &&Item| matches!(it, Item::Book(_) | Item::Job(_) | Item::Runner(_));
    let items = |scene: &Scene| -> Vec<Item> {
        scene.world.sandbox().table().borrow().items().filter(is_of_runners).cloned().collect()
    };
    let before = items(&scene);
    let ((), told) = kit::recording::record(|| scene.pass(30 * 60));
    assert_eq!(items(&scene), before, "ninety questions");
    assert_eq!(told.count("Questions{Answer=Leave}"), 0);
    assert!(told.lines("told to leave").is_empty() && told.lines("JIT config answered").is_empty());
    let table = scene.world.sandbox().table().borrow();
    assert!(table.runners().all(|runner| runner.state == RunnerState::Idle));
    drop(table);
    nobody_waits(&mut scene);
}
