//! News of a capacity: which launch it belongs to, what ends a rest, and what opens a breaker.

use fleet::launch::{Ending, FailureClass, StopClass, TaskTimes};
use fleet::ledger::{Event, JobAction, RestCause, RunnerEvent};
use fleet::question::Listener;
use kit::ledger::{asked, at, bounds, job_event, launch_failed, pool, registered, runner_id, taken_by};

use crate::written::{PostedEvents, Written};

const MINUTE: i64 = 60;

fn stopped(class: StopClass) -> RunnerEvent {
    RunnerEvent::TaskStopped(class, "in ECS's words".to_owned(), TaskTimes::default())
}

/// A runner of `spot` on `plain` that is answered its JIT config.
fn up(ledger: &mut Written, runner: u128, seconds: i64) {
    ledger.reserve(runner, "plain", seconds);
    ledger.says(runner, asked("first", Listener::None), seconds);
    ledger.says(runner, registered("first", 7), seconds);
}

/// The same, whose task then fails before any job.
fn fails(ledger: &mut Written, runner: u128, seconds: i64) -> PostedEvents {
    up(ledger, runner, seconds);
    ledger.says(runner, stopped(StopClass::Ended(Ending::Failed)), seconds)
}

/// A ledger with a pool that has a minimum.
fn ledger() -> Written {
    let mut ledger = Written::new();
    ledger.post(&bounds("spot", 9, 9), 0);
    ledger.post(&bounds("plain", 0, 9), 0);
    ledger
}

/// The bounds of each minute, with the task definition of this name.
fn defined(name: Option<&str>) -> Event {
    let task_definition = name.map(str::to_owned);
    Event::Bounds { pool: pool("plain"), minimum: 0, maximum: 9, task_definition }
}

fn rest(ledger: &Written, name: &str, seconds: i64) -> Option<RestCause> {
    ledger.book(name).health.resting(at(seconds)).map(|rest| rest.cause)
}

#[test]
fn news_of_a_capacity_counts_from_the_launch_that_it_is_news_of() {
    let mut ledger = ledger();
    for (runner, seconds) in [(1, 0), (2, 10), (3, 30)] {
        ledger.reserve(runner, "plain", seconds);
    }
    ledger.says(2, asked("first", Listener::None), 20);
    ledger.says(1, stopped(StopClass::NoCapacity), 40);
    assert_eq!(rest(&ledger, "plain", 40), None, "a runner has come up since this one was launched");
    ledger.says(3, stopped(StopClass::NoCapacity), 40);
    assert_eq!(
        rest(&ledger, "plain", 40),
        Some(RestCause::NoCapacity),
        "no runner has come up since this one was launched"
    );
    assert_eq!(rest(&ledger, "spot", 40), None, "it ran on the fallback");
}

/// EventBridge delivers an event at least once.
#[test]
fn a_stop_that_is_reported_twice_is_written_once() {
    let mut ledger = ledger();
    ledger.reserve(1, "plain", 0);
    ledger.says(1, stopped(StopClass::NoCapacity), 10);
    let book = ledger.book("plain").clone();
    assert_eq!(ledger.says(1, stopped(StopClass::NoCapacity), 60).wrote, [].into());
    assert_eq!(*ledger.book("plain"), book, "and its rest does not begin again");
}

/// Termination of an instance, or its health: on demand the next instance comes at once.
#[test]
fn an_instance_that_is_gone_is_no_lack_of_capacity_but_of_spot() {
    for (capacity, expected) in [("plain", None), ("spot", Some(RestCause::NoCapacity))] {
        let mut ledger = ledger();
        ledger.reserve(1, capacity, 0);
        let told = ledger.says(1, stopped(StopClass::InstanceGone), 10).tidings;
        assert_eq!(rest(&ledger, capacity, 10), expected, "{capacity}");
        assert_eq!(told.breakers, [].into(), "{capacity}: it opens no breaker");
        ledger.reserve(2, capacity, 20);
        ledger.says(2, asked("first", Listener::None), 30);
        ledger.says(2, stopped(StopClass::InstanceGone), 40);
        assert_eq!(
            rest(&ledger, capacity, 40),
            None,
            "{capacity}: a runner that came up has shown that there is capacity"
        );
    }
}

#[test]
fn a_first_question_ends_a_rest_even_of_a_runner_that_is_not_needed() {
    for (minimum, why) in [(9, "it is needed"), (0, "it leaves, but it came up")] {
        let mut ledger = ledger();
        ledger.reserve(1, "plain", 0);
        ledger.reserve(2, "plain", 0);
        ledger.says(1, stopped(StopClass::NoCapacity), 10);
        assert_eq!(rest(&ledger, "plain", 10), Some(RestCause::NoCapacity));
        ledger.post(&bounds("spot", minimum, 9), 10);
        ledger.says(2, asked("first", Listener::None), 20);
        assert_eq!(rest(&ledger, "plain", 20), None, "{why}");
    }
}

#[test]
fn three_failed_runs_in_a_row_open_the_breaker_and_the_third_is_reported() {
    let mut ledger = ledger();
    for runner in 1..=2 {
        assert_eq!(fails(&mut ledger, runner, 0).tidings.breakers, [].into(), "{runner}");
    }
    let told = fails(&mut ledger, 3, 0).tidings.breakers;
    assert_eq!(told.get(&pool("plain")).map(|rest| rest.cause), Some(RestCause::RunFailures));
    assert_eq!((rest(&ledger, "plain", 30), rest(&ledger, "spot", 30)), (Some(RestCause::RunFailures), None));
}

#[test]
fn a_job_that_ran_closes_the_breaker_and_neither_a_question_nor_a_listener_does() {
    let job = |action, may_not_have_run| {
        let event = fleet::ledger::JobEvent { may_not_have_run, ..job_event(action, 1, "spot") };
        Event::Job(taken_by(event, &runner_id(9), 7))
    };
    let says = |event| Event::Runner(runner_id(9), event);
    for (event, closes, why) in [
        (says(asked("first", Listener::None)), false, "a question"),
        (says(asked("first", Listener::Up)), false, "a listener that is up"),
        (says(RunnerEvent::FoundBusy), false, "GitHub calls it busy, but nobody saw a job"),
        (job(JobAction::Completed, true), false, "a job that was cancelled, maybe before it began"),
        (job(JobAction::InProgress, false), true, "a job has begun"),
        (job(JobAction::Completed, false), true, "a job has run, and its in_progress was lost"),
    ] {
        let mut ledger = ledger();
        for runner in 1..=3 {
            fails(&mut ledger, runner, 0);
        }
        up(&mut ledger, 9, 30);
        assert_eq!(rest(&ledger, "plain", 30), Some(RestCause::RunFailures));
        ledger.post(&event, 31);
        assert_eq!(rest(&ledger, "plain", 31).is_none(), closes, "{why}");
        assert_eq!(ledger.book("plain").health.run_failure_thirds == 0, closes, "{why}");
    }
}

#[test]
fn a_run_that_fails_counts_nothing_if_a_later_one_had_a_job() {
    let mut ledger = ledger();
    for runner in 1..=3 {
        up(&mut ledger, runner, 0);
    }
    up(&mut ledger, 9, 10);
    ledger.post(&Event::Job(taken_by(job_event(JobAction::InProgress, 1, "spot"), &runner_id(9), 7)), 20);
    for runner in 1..=3 {
        ledger.says(runner, stopped(StopClass::Ended(Ending::Outdated)), 30);
    }
    assert_eq!(ledger.book("plain").health.run_failure_thirds, 0, "all three were reserved before that job");
}

#[test]
fn another_task_definition_ends_the_rest_of_failed_runs() {
    for (first, then, ends, why) in [
        (Some("runner:1"), Some("runner:2"), true, "the failures were the other one's"),
        (Some("runner:1"), Some("runner:1"), false, "the same as each minute"),
        (Some("runner:1"), None, false, "ECS did not say"),
        (None, Some("runner:1"), false, "it is seen for the first time"),
    ] {
        let mut ledger = ledger();
        ledger.post(&defined(first), 0);
        for runner in 1..=3 {
            fails(&mut ledger, runner, 0);
        }
        ledger.post(&defined(then), 30);
        assert_eq!(rest(&ledger, "plain", 30).is_none(), ends, "{why}");
        assert_eq!(ledger.book("plain").health.run_failure_thirds == 0, ends, "{why}");
        let known = then.or(first).map(str::to_owned);
        assert_eq!(ledger.book("plain").task_definition, known, "{why}");
    }
}

#[test]
fn a_runner_past_its_boot_limit_is_one_failed_boot_or_if_it_has_asked_one_failed_run() {
    for (questions, limit, boots, runs, why) in [
        (0, 15, 1, 0, "it never asked"),
        (1, 16, 0, 3, "it asked once, GitHub could not make its config, and it has hung since"),
        (30, 45, 0, 3, "it asked for half an hour"),
    ] {
        let mut ledger = ledger();
        ledger.reserve(1, "plain", 0);
        for minute in 1..=questions {
            ledger.says(1, asked("first", Listener::None), minute * MINUTE);
        }
        let failures = |ledger: &Written| {
            let health = &ledger.book("plain").health;
            (health.failures, health.run_failure_thirds)
        };
        let failed = RunnerEvent::FailedToBoot("past its boot limit".to_owned());
        ledger.says(1, failed, limit * MINUTE);
        assert_eq!(failures(&ledger), (boots, runs), "{why}");
        ledger.says(1, stopped(StopClass::Ended(Ending::Killed)), limit * MINUTE + 30);
        assert_eq!(failures(&ledger), (boots, runs), "{why}: its stop is counted once");
    }
}

#[test]
fn three_boots_that_hang_open_the_breaker() {
    let mut ledger = ledger();
    for runner in 1..=3 {
        ledger.reserve(runner, "plain", 0);
    }
    for runner in 1..=3 {
        assert_eq!(rest(&ledger, "plain", 15 * MINUTE), None, "{} so far", runner - 1);
        ledger.says(runner, RunnerEvent::FailedToBoot("past its boot limit".to_owned()), 15 * MINUTE);
    }
    assert_eq!(rest(&ledger, "plain", 15 * MINUTE), Some(RestCause::BootFailures));
}

#[test]
fn ten_launches_that_are_refused_at_once_are_one_failure() {
    let mut ledger = ledger();
    for runner in 1..=10 {
        ledger.reserve(runner, "plain", 0);
    }
    for runner in 1..=10 {
        ledger.post(&launch_failed(&runner_id(runner), FailureClass::Never), 1);
    }
    let health = ledger.book("plain").health.clone();
    assert_eq!(health.failures, 1);
    assert_eq!(health.rest.unwrap().until, at(61), "a minute, as for one");
    ledger.reserve(11, "plain", 61);
    ledger.post(&launch_failed(&runner_id(11), FailureClass::Never), 62);
    assert_eq!(ledger.book("plain").health.failures, 2, "it was reserved after the rest");
    ledger.post(&defined(Some("runner:1")), 63);
    assert_eq!(rest(&ledger, "plain", 64), Some(RestCause::LaunchRefused), "seen for the first time");
    ledger.post(&defined(Some("runner:2")), 64);
    assert_eq!(rest(&ledger, "plain", 64), None, "another task definition is tried at once");
}
