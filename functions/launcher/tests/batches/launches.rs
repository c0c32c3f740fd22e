//! Launches: their pace, their time, and the three ways in which they fail.

use std::collections::BTreeSet;
use std::time::Duration;

use control::pace::BETWEEN_CALLS;
use fleet::PoolName;
use fleet::launch::LaunchFailure;
use launcher::LAUNCHING_TIME;
use serde_json::{Value, json};

use crate::fake::{START, Stage, job_event, settings};
use kit::recording::{Recording, record};

fn jobs(count: u64, pool: &str) -> Vec<Value> {
    (0..count).map(|job| job_event("queued", job, pool, None)).collect()
}

/// What one job leads to, whose `RunTask` fails this often with this.
fn failing(stage: &Stage, reason: &str, times: usize) -> Recording {
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
fn a_launch_that_fails_for_now_is_tried_again_and_then_left_reserved() {
    for (reason, news) in [("ThrottlingException: Rate exceeded", 0), ("SOMETHING NEW", 1)] {
        let stage = Stage::new();
        let recording = failing(&stage, reason, 2);
        assert_eq!(
            recording.count("RunnersLaunched{Pool=fargate-x64-spot}"),
            1,
            "{reason}: at the third try"
        );
        assert_eq!(stage.ecs.called_at.borrow().len(), 3, "{reason}");

        let stage = Stage::new();
        let recording = failing(&stage, reason, 3);
        assert_eq!(recording.count("UnknownReasons"), news, "{reason}");
        assert_eq!(recording.count("LaunchesFailed{Pool=fargate-x64-spot,Class=Later}"), 1, "{reason}");
        assert_eq!(line(&recording, "launch left to the scheduler"), (&json!("WARN"), &json!(reason)));
        assert_eq!(stage.totals("fargate-x64-spot"), (1, 1, 1), "{reason}: it stays reserved");
        assert!(stage.book("fargate-x64-spot").health.rest.is_none(), "{reason}");
    }
}

#[test]
fn the_waits_between_the_tries_of_a_launch_grow_and_differ_from_one_runner_to_the_next() {
    let mut waited: [Vec<Duration>; 2] = Default::default();
    let stage = Stage::new();
    let launcher = stage.launcher();
    for job in 0..20 {
        let throttled =
            LaunchFailure { class: FailureClass::Later, reason: "ThrottlingException".to_owned() };
        *stage.ecs.failures.borrow_mut() = vec![throttled; 2];
        stage.ecs.called_at.borrow_mut().clear();
        stage.handle_by(&launcher, &stage.settings, &[job_event("queued", job, "ec2-x64", None)]);
        let called_at = stage.ecs.called_at.borrow();
        for (waited, pair) in waited.iter_mut().zip(called_at.windows(2)) {
            waited.push(pair[1].duration_since(pair[0]).unsigned_abs());
        }
    }
    // No wait is shorter than the pace, whatever part of it is drawn.
    for (waited, longest) in waited.iter().zip([400, 800].map(Duration::from_millis)) {
        assert!(waited.iter().all(|wait| (BETWEEN_CALLS..=longest).contains(wait)), "{waited:?}");
        assert!(waited.iter().any(|wait| *wait > longest * 3 / 4), "the longest is {longest:?}: {waited:?}");
        let all: BTreeSet<_> = waited.iter().collect();
        assert!(all.len() >= 4, "they do not come back together: {waited:?}");
    }
}

#[test]
fn a_launch_without_capacity_goes_elsewhere_at_once() {
    let stage = Stage::new();
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
fn a_launch_that_can_never_work_is_given_back_loudly() {
    let stage = Stage::new();
    let reason = "AccessDeniedException: not authorized to perform: ecs:RunTask";
    let recording = failing(&stage, reason, 1);
    assert_eq!(recording.count("LaunchesFailed{Pool=fargate-x64-spot,Class=Never}"), 1);
    assert_eq!(line(&recording, "launch refused"), (&json!("ERROR"), &json!(reason)));
    assert_eq!(recording.count("RunnersLaunched{Pool=fargate-x64-spot}"), 0);
    assert_eq!(stage.totals("fargate-x64-spot"), (1, 0, 0));
    assert_eq!(stage.ecs.called_at.borrow().len(), 1, "once is enough");
}

#[test]
fn calls_keep_their_distance_over_pools_retries_and_batches() {
    let stage = Stage::new();
    let launcher = stage.launcher();
    let throttled = LaunchFailure::said("ThrottlingException".to_owned());
    *stage.ecs.failures.borrow_mut() = vec![throttled; 4];
    let (mut first, mut second) = (jobs(3, "ec2-x64"), jobs(3, "ec2-arm64"));
    first.extend((10..15).map(|job| job_event("queued", job, "fargate-x64", None)));
    second.iter_mut().enumerate().for_each(|(number, job)| job["job_event"]["job"] = json!(100 + number));
    stage.handle_by(&launcher, &stage.settings, &first);
    stage.handle_by(&launcher, &stage.settings, &second);
    let called_at = stage.ecs.called_at.borrow();
    assert_eq!(called_at.len(), 8 + 4 + 3);
    let distance = |pair: &[jiff::Timestamp]| pair[1].duration_since(pair[0]).unsigned_abs();
    assert!(called_at.windows(2).all(|pair| distance(pair) >= BETWEEN_CALLS), "{called_at:?}");
}

#[test]
fn what_a_batch_has_no_time_for_is_left_and_told_once() {
    let stage = Stage::new();
    let (failed, recording) = record(|| stage.handle(&jobs(100, "ec2-x64")));
    assert!(failed.is_empty());
    assert_eq!(stage.totals("ec2-x64"), (100, 100, 100), "a batch larger than a transaction");
    assert_eq!(recording.lines("events in the ledger").len(), 5);
    assert_eq!(stage.ecs.launched.borrow().len(), 72);
    let last = *stage.ecs.called_at.borrow().last().unwrap();
    assert!(last <= START + LAUNCHING_TIME);
    assert_eq!(recording.count("LaunchesLeft"), 28);
    let lines = recording.lines("no time for all launches, left to the scheduler");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fields"]["left"], 28);
}

#[test]
fn the_time_from_the_queue_to_run_task_is_that_of_the_pools_oldest_message() {
    let stage = Stage::new();
    let (_, recording) = record(|| stage.handle(&jobs(2, "ec2-x64")));
    let took = Duration::from_millis(100);
    let expected = [took, took + BETWEEN_CALLS].map(|took| took.as_secs_f64() * 1000.0);
    assert_eq!(recording.values("QueueToRunTask"), expected);
}

#[test]
fn a_change_of_the_settings_is_seen_by_the_next_batch() {
    let stage = Stage::new();
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
