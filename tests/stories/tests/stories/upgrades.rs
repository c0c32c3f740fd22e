//! An upgrade and a rollback, with jobs in every state under way.

use fleet::JobId;
use fleet::ledger::{Item, RunnerState};
use platform::scene::Scene;
use sandbox::github::Phase;
use serde_json::{Map, Value, json};

const LABELS: &[&str] = &["fargate-x64"];

/// What the release before writes, with every field that it knows: that of the first release until there is another.
const RELEASE_BEFORE: &str = include_str!("../../../../shared/fleet/tests/releases/written/0.1.0.json");

/// The oldest message that a queue can hold.
const OLDEST: &str = include_str!("../../../../shared/fleet/tests/releases/written/unversioned.json");

/// A form with no field that the release before does not know: it keeps none when it writes what it has read.
fn cut(form: &Value, value: Value) -> Value {
    match (form, value) {
        (Value::Object(form), Value::Object(value)) => value
            .into_iter()
            .filter_map(|(name, value)| form.get(&name).map(|form| (name, cut(form, value))))
            .collect(),
        (_, value) => value,
    }
}

/// The ledger is as the release before has written it, a message of an older one is on the queue, and no function remembers
/// anything. Gives the job of the message.
fn change_release(scene: &mut Scene) -> JobId {
    let forms: Map<String, Value> = serde_json::from_str(RELEASE_BEFORE).unwrap();
    let write = |item: &Item| {
        let value = serde_json::to_value(item).unwrap();
        let form = forms.get(&format!("item: {}", value["kind"].as_str().unwrap()));
        // Only jobs, runners and books are kept: what else there is, is made anew if it is lost.
        form.map_or_else(|| item.clone(), |form| serde_json::from_value(cut(form, value)).unwrap())
    };
    scene.world.sandbox().table().borrow_mut().write_as(write);
    let job = scene.queue(LABELS);
    let mut message: Value = serde_json::from_str::<Value>(OLDEST).unwrap()["job message: queued"].take();
    for (field, value) in [("job", json!(job)), ("pool", json!("fargate-x64")), ("labels", json!(LABELS))] {
        message["job_event"][field] = value;
    }
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().queue().borrow_mut().send(message.to_string(), now, now);
    scene.world.functions().start_anew();
    job
}

/// Queues jobs, until one runner boots and another one works.
fn under_way(scene: &mut Scene) -> Vec<JobId> {
    let mut jobs = vec![scene.queue(LABELS)];
    scene.pass(90);
    jobs.extend((0..10).map(|_| scene.queue(LABELS)));
    scene.pass(5);
    let table = scene.world.sandbox().table().borrow();
    for state in [RunnerState::Starting, RunnerState::Busy] {
        assert!(table.runners().any(|runner| runner.state == state), "no runner is {state:?}");
    }
    jobs
}

#[test]
fn jobs_in_flight_end_well_through_an_upgrade_and_a_rollback() {
    let mut scene = stories::scene_of(&fleet::pools::DEFAULT_POOLS.replace("maximum = 15", "maximum = 400"));
    let mut jobs = Vec::new();
    for _ in ["upgrade", "rollback"] {
        jobs.extend(under_way(&mut scene));
        jobs.push(change_release(&mut scene));
    }
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    for job in &jobs {
        assert_eq!(github.job(*job).unwrap().phase, Phase::Completed { conclusion: "success" }, "{job}");
    }
    drop(github);
    assert_eq!(scene.tasks().len(), jobs.len(), "a task for each job, and none in vain");
    assert_eq!(scene.world.sandbox().queue().borrow().dead_letters(), []);
}

#[test]
fn what_the_release_before_does_not_know_is_cut_at_every_depth() {
    let form = json!({"id": 1, "health": {"failures": 0}, "labels": ["a"]});
    let value = json!({"id": 7, "health": {"failures": 2, "new": 1}, "labels": ["x", "y"], "more": {}});
    let expected = json!({"id": 7, "health": {"failures": 2}, "labels": ["x", "y"]});
    assert_eq!(cut(&form, value), expected);
}
