//! Launches: how many, how fast, and the three ways in which they fail.

use std::collections::BTreeSet;
use std::time::Duration;

use fleet::PoolName;
use fleet::launch::LaunchFailure;
use launcher::LAUNCHING_TIME;
use serde_json::{Value, json};

use crate::fake::{LauncherStage, START, job_event, settings};
use kit::recording::{Recording, record};

fn jobs(count: u64, pool: &str) -> Vec<Value> {
    (0..count).map(|job| job_event("queued", job, pool, None)).collect()
}

/// The result of one job whose `RunTask` fails this often, for this reason.
fn failing(stage: &LauncherStage, reason: &str, times: usize) -> Recording {
    let failure = LaunchFailure::said(reason.to_owned());
    *stage.ecs.failures.borrow_mut() = vec![failure; times];
    let (failed, recording) = record(|| stage.handle(&jobs(1, "fargate-x64-spot")));
    assert!(failed.is_empty(), "the event is in the ledger: {reason}");
    recording
}

/// The level and the reason of the one line that says this.
fn line<'a>(recording: &'a Recording, message: &str) -> (&'a Value, &'a Value) {
    let lines = recording.lines(message);
    assert_eq!(lines.len(), 1, "{message}: {:?}", recording.lines);
    (&lines[0]["level"], &lines[0]["fields"]["reason"])
}

#[test]
fn a_launch_that_fails_temporarily_is_tried_again_and_then_left_reserved() {
    for (reason, news) in [("ThrottlingException: Rate exceeded", 0), ("SOMETHING NEW", 1)] {
        let stage = LauncherStage::new();
        let recording = failing(&stage, reason, 2);
        assert_eq!(
            recording.count("RunnersLaunched{Pool=fargate-x64-spot}"),
            1,
            "{reason}: at the third try"
        );
        assert_eq!(stage.ecs.called_at.borrow().len(), 3, "{reason}");

        let stage = LauncherStage::new();
        let recording = failing(&stage, reason, 3);
        assert_eq!(recording.count("UnknownReasons"), news, "{reason}");
        assert_eq!(recording.count("LaunchesFailed{Pool=fargate-x64-spot,Class=Later}"), 1, "{reason}");
        assert_eq!(line(&recording, "launch left to the scheduler"), (&json!("WARN"), &json!(reason)));
        assert_eq!(stage.totals("fargate-x64-spot"), (1, 1, 1), "{reason}: it stays reserved");
        assert!(stage.book("fargate-x64-spot").health.rest.is_none(), "{reason}");
    }
}

#[test]
fn the_waits_between_the_tries_of_a_launch_grow_and_differ_between_runners() {
    let mut waited: [Vec<Duration>; 2] = Default::default();
    let stage = LauncherStage::new();
    let launcher = stage.launcher();
    for job in 0..20 {
        let throttled = LaunchFailure::said("ThrottlingException".to_owned());
        *stage.ecs.failures.borrow_mut() = vec![throttled; 2];
        stage.ecs.called_at.borrow_mut().clear();
        stage.handle_by(&launcher, &stage.settings, &[job_event("queued", job, "ec2-x64", None)]);
        let called_at = stage.ecs.called_at.borrow();
        for (waited, pair) in waited.iter_mut().zip(called_at.windows(2)) {
            waited.push(pair[1].duration_since(pair[0]).unsigned_abs());
        }
    }
    // Each call takes a tenth of a second.
    let took = Duration::from_millis(100);
    for (waited, longest) in waited.iter().zip([400, 800].map(Duration::from_millis)) {
        assert!(waited.iter().all(|wait| (took..=took + longest).contains(wait)), "{waited:?}");
        assert!(
            waited.iter().any(|wait| *wait > took + longest * 3 / 4),
            "the longest is {longest:?}: {waited:?}"
        );
        let all: BTreeSet<_> = waited.iter().collect();
        assert!(all.len() >= 4, "they do not come back together: {waited:?}");
    }
}

#[test]
fn a_launch_without_capacity_goes_elsewhere_at_once() {
    let stage = LauncherStage::new();
    let reason = "Capacity is unavailable at this time.";
    let recording = failing(&stage, reason, 1);
    assert_eq!(recording.count("LaunchesFailed{Pool=fargate-x64-spot,Class=Elsewhere}"), 1);
    assert_eq!(line(&recording, "no capacity"), (&json!("WARN"), &json!(reason)));
    assert_eq!(recording.count("RunnersLaunched{Pool=fargate-x64-spot}"), 1, "with the pool's labels");
    assert_eq!(stage.totals("fargate-x64-spot"), (1, 1, 0));
    assert_eq!(stage.totals("fargate-x64"), (0, 0, 1), "on the other pool's capacity");
    assert!(stage.book("fargate-x64-spot").health.rest.is_some());
}

#[test]
fn a_launch_that_can_never_work_is_returned_with_an_error() {
    let stage = LauncherStage::new();
    let reason = "AccessDeniedException: not authorized to perform: ecs:RunTask";
    let recording = failing(&stage, reason, 1);
    assert_eq!(recording.count("LaunchesFailed{Pool=fargate-x64-spot,Class=Never}"), 1);
    assert_eq!(line(&recording, "launch refused"), (&json!("ERROR"), &json!(reason)));
    assert_eq!(recording.count("RunnersLaunched{Pool=fargate-x64-spot}"), 0);
    assert_eq!(stage.totals("fargate-x64-spot"), (1, 0, 0));
    assert_eq!(stage.ecs.called_at.borrow().len(), 1, "once is enough");
}

/// Handles what is handed on until nothing is left. Returns how many each message launched.
fn follow(stage: &LauncherStage) -> Vec<usize> {
    let mut launched = vec![stage.ecs.launched.borrow().len()];
    while let Some(handed_on) = stage.handed_on() {
        assert!(stage.handle_by(&stage.launcher(), &stage.settings, &handed_on).is_empty());
        launched.push(stage.ecs.launched.borrow().len());
    }
    launched
}

#[test]
fn calls_stay_within_what_ecs_takes_over_all_pools_retries_and_batches() {
    let stage = LauncherStage::new();
    let throttled = LaunchFailure::said("ThrottlingException".to_owned());
    *stage.ecs.failures.borrow_mut() = vec![throttled; 4];
    for (first, pool) in [(0, "ec2-x64"), (1000, "ec2-arm64")] {
        let jobs: Vec<Value> = (0..80).map(|job| job_event("queued", first + job, pool, None)).collect();
        stage.handle_by(&stage.launcher(), &stage.settings, &jobs);
    }
    let launched = follow(&stage);
    assert_eq!(launched.last(), Some(&160), "{launched:?}");
    let called_at = stage.ecs.called_at.borrow();
    assert_eq!(called_at.len(), 160 + 4);
    for (first, from) in called_at.iter().enumerate() {
        for (calls, to) in (1..).zip(&called_at[first..]) {
            let taken = 100 + 20 * to.duration_since(*from).as_millis() / 1000;
            assert!(calls <= taken, "{calls} calls from {from} to {to}");
        }
    }
}

#[test]
fn a_full_batch_launches_nothing_and_hands_its_pool_on_as_does_a_launcher_with_a_full_share() {
    let stage = LauncherStage::new();
    let launcher = stage.launcher();
    assert!(stage.handle_by(&launcher, &stage.settings, &jobs(60, "ec2-x64")).is_empty());
    assert_eq!(stage.ecs.called_at.borrow().len(), 0, "more events wait behind it");
    assert_eq!(stage.totals("ec2-x64"), (60, 0, 0), "only what is launched is reserved");
    let handed_on = stage.handed_on().unwrap();
    let [message] = &handed_on[..] else { panic!("one for the pool: {handed_on:?}") };
    assert_eq!(message["settle"], "ec2-x64");
    assert_eq!(message["since"], json!(START));
    let (_, recording) = record(|| stage.handle_by(&launcher, &stage.settings, &handed_on));
    assert_eq!(stage.ecs.launched.borrow().len(), 40, "its share");
    assert_eq!(recording.values("QueueToRunTask").len(), 40);
    assert_eq!(follow(&stage), [40, 60]);
    assert_eq!(stage.totals("ec2-x64"), (60, 60, 60));
}

#[test]
fn a_pool_that_cannot_be_handed_on_fails_no_event() {
    let stage = LauncherStage::new();
    stage.sandbox.set_queue_down(true);
    let (failed, recording) = record(|| stage.handle(&jobs(11, "ec2-x64")));
    assert!(failed.is_empty(), "the events are in the ledger, and the scheduler finds the pool");
    assert_eq!(recording.count("SettlesNotSent"), 1);
    assert_eq!(stage.totals("ec2-x64"), (11, 0, 0));
}

#[test]
fn a_retry_that_there_is_no_time_for_is_left_and_told_once() {
    let stage = LauncherStage::new();
    let agent = LaunchFailure::said("AGENT".to_owned());
    *stage.ecs.failures.borrow_mut() = vec![agent; 3];
    stage.ecs.takes.set(LAUNCHING_TIME + Duration::from_secs(1));
    let (failed, recording) = record(|| stage.handle(&jobs(3, "ec2-x64")));
    assert!(failed.is_empty());
    assert_eq!(stage.totals("ec2-x64"), (3, 3, 3), "they stay reserved");
    assert_eq!(stage.ecs.called_at.borrow().len(), 3);
    assert_eq!(recording.count("LaunchesLeft"), 3);
    let lines = recording.lines("no time for all launches, left to the scheduler");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fields"]["left"], 3);
}

#[test]
fn the_events_of_tasks_come_after_those_of_pools_and_conflict_with_none_of_them() {
    let stage = LauncherStage::new();
    let runner = stage.runner_on_instance(1, "ec2-x64");
    let stop = json!({"detail-type": "ECS Task State Change", "detail": {
        "lastStatus": "STOPPED", "startedBy": runner.as_str(), "stopCode": "EssentialContainerExited",
    }});
    let (_, recording) = record(|| {
        stage.handle(&[stop, job_event("queued", 2, "ec2-x64", None), jobs(1, "ec2-x64")[0].clone()])
    });
    assert_eq!(recording.count("LedgerConflicts"), 0);
    assert_eq!(stage.state(&runner), fleet::ledger::RunnerState::Stopped);
    let written = recording.lines("events in the ledger");
    let pools: Vec<_> = written.iter().map(|line| line["fields"]["pool"].as_str()).collect();
    assert_eq!(pools, [Some("ec2-x64"), None]);
}

#[test]
fn the_time_from_the_queue_to_run_task_is_that_of_the_pools_oldest_message() {
    let stage = LauncherStage::new();
    let (_, recording) = record(|| stage.handle(&jobs(2, "ec2-x64")));
    assert_eq!(recording.values("QueueToRunTask"), [100.0, 100.0]);
}

#[test]
fn a_change_of_the_settings_is_seen_by_the_next_batch() {
    let stage = LauncherStage::new();
    let launcher = stage.launcher();
    stage.handle_by(&launcher, &stage.settings, &jobs(1, "ec2-x64"));
    let mut changed = settings();
    let pool = PoolName::new("ec2-x64").unwrap();
    changed.0.placements.get_mut(&pool).unwrap().task_definition = "mayfly_ec2-x64:2".to_owned();
    stage.handle_by(&launcher, &changed, &[job_event("queued", 7, "ec2-x64", None)]);
    let requests = stage.ecs.launched.borrow();
    let found: Vec<_> = requests.iter().map(|request| request.task_definition.as_str()).collect();
    assert_eq!(found, ["mayfly_ec2-x64:1", "mayfly_ec2-x64:2"]);
}
