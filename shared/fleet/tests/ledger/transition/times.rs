//! The times of a start and of a job. They are stored with other writes, and never cause one.

use fleet::launch::{StopClass, TaskTimes};
use fleet::ledger::{JobAction, JobEvent, JobState, JobTimes, RunnerEvent, StartTimes};
use fleet::question::Listener;
use jiff::SignedDuration;
use kit::ledger::{at, boot, job_event, pool, registered, runner_id};

use super::*;

fn asked(listener: Listener, age: i64) -> RunnerEvent {
    RunnerEvent::Asked(boot("first"), listener, Some(SignedDuration::from_millis(age)))
}

#[test]
fn each_event_of_a_start_notes_its_time_once() {
    let mut runner = Runner::reserved(runner_id(1), pool("spot"), pool("plain"), at(0));
    let times = TaskTimes { created_at: Some(at(1)), started_at: Some(at(20)), ..TaskTimes::default() };
    for (seconds, event, writes) in [
        (30, asked(Listener::None, 9_500), true),
        (40, asked(Listener::None, 19_500), true),
        (41, registered("first", 7), true),
        (45, asked(Listener::Up, 24_500), true),
        (105, asked(Listener::Up, 84_500), false),
        (200, RunnerEvent::TaskStopped(StopClass::Ordinary, String::new(), times), true),
    ] {
        let book = alone(&runner, 1);
        let outcome = of_runner(&runner, &event, &book, at(seconds));
        assert_eq!(outcome.runner.is_some(), writes, "at {seconds}: {event:?}");
        runner = outcome.runner.unwrap_or(runner);
    }
    let expected = StartTimes {
        created: Some(1_000),
        pull_started: None,
        pull_stopped: None,
        started: Some(20_000),
        booted: Some(20_500),
        asked: Some(30_000),
        registered: Some(41_000),
        listened: Some(45_000),
        stopped: None,
    };
    assert_eq!(runner.times, expected);
}

#[test]
fn a_jobs_first_webhook_and_its_begin_are_kept_to_its_end() {
    let event = |action, accepted| JobEvent {
        created_at: Some(at(0)),
        accepted_at: Some(at(accepted)),
        ..job_event(action, 1, "spot")
    };
    let mut known = None;
    for (seconds, event) in [
        (2, event(JobAction::Queued, 1)),
        (50, event(JobAction::InProgress, 49)),
        (300, event(JobAction::Completed, 299)),
    ] {
        known = of_job(known.as_ref(), None, &event, at(seconds)).job;
    }
    let job = known.unwrap();
    let times = JobTimes { created_at: Some(at(0)), accepted_at: Some(at(1)), begun_at: Some(at(50)) };
    assert_eq!((job.state, job.times), (JobState::Completed, times));
}
