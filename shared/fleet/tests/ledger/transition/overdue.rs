//! Slow starters: Overdue once, and fenced the second time.

use super::*;

/// A runner whose last sign of life is this many seconds ago: its reservation, or its last question without a
/// listener.
fn silent_for(runner: Runner, seconds: i64) -> Runner {
    let last = at(-seconds);
    let asked_at = runner.asked_at.map(|_| last);
    let reserved_at = if asked_at.is_some() { runner.reserved_at } else { last };
    Runner { asked_at, reserved_at, ..runner }
}

fn failed_to_boot() -> RunnerEvent {
    RunnerEvent::FailedToBoot("past its boot limit".to_owned())
}

/// The news that this is: a failed boot, or a failed run if the runner has asked.
fn failure(has_asked: bool) -> News {
    let reason = "past its boot limit".to_owned();
    if has_asked { News::RunFailed(3, reason) } else { News::BootFailed(reason) }
}

#[test]
fn a_slow_runner_is_overdue_while_a_job_waits_beside_it() {
    let overdue = |posts| with(News::Overdue, writes("Overdue, overdue_at", posts, NOTED));
    let out_of_idle = "spot.supply -1, spot.idle -1";
    at_every_point(
        &RunnerEvent::Overdue,
        1,
        [
            (Life::Starting, overdue("spot.supply -1"), "it has asked nothing, and its task had enough time"),
            (Life::Called, overdue(out_of_idle), "it no longer asks"),
            (Life::Registered, overdue(out_of_idle), "the same: its listener never came up"),
            (Life::Listening, nothing(NOTED), "it is up: GitHub is slow, and another one would not help"),
            (Life::Slow, nothing(NOTED), "once in its life"),
            (Life::Hung, nothing(NOTED), "once in its life"),
            (Life::Busy, nothing(NOTED), "it has a job"),
            (Life::Fenced, nothing(NOTED), "its place is already given up"),
            (Life::Leaving, nothing(NOTED), "its place is already given up"),
            (Life::Stopped, nothing(NOTED), "its place is already given up"),
        ],
    );
    let nobody = Life::ALL.map(|life| (life, nothing(NOTED), "nothing waits beside it"));
    at_every_point(&RunnerEvent::Overdue, 0, nobody);
}

#[test]
fn the_time_of_a_runners_silence_is_what_makes_it_slow() {
    for (life, seconds, is_slow, why) in [
        (Life::Called, 179, false, "it may ask the next minute"),
        (Life::Called, 180, true, "three minutes"),
        (Life::Registered, 179, false, "its listener may be starting"),
        (Life::Registered, 180, true, "three minutes"),
        (Life::Registered, -60, false, "the clock that wrote the time is ahead of ours"),
        (Life::Starting, 0, true, "its task had enough time, as the tick has checked"),
    ] {
        let before = silent_for(life.runner(), seconds);
        let after = of_runner(&before, &RunnerEvent::Overdue, &alone(&before, 1), at(0)).runner;
        assert_eq!(after.is_some(), is_slow, "{life:?} after {seconds} s: {why}");
    }
}

#[test]
fn jobs_wait_beside_a_runner_where_no_idle_one_but_itself_can_take_them() {
    for (life, queued, supply, idle, is_overdue, why) in [
        (Life::Starting, 1, 1, 0, true, "one job, and nobody is up"),
        (Life::Starting, 1, 2, 1, false, "one is up for the job"),
        (Life::Starting, 2, 2, 1, true, "one is up for two jobs"),
        (Life::Starting, 1, 3, 0, true, "others boot, and none of them is up"),
        (Life::Registered, 1, 1, 1, true, "itself it does not count"),
        (Life::Registered, 1, 2, 2, false, "another one is up for the job"),
        (Life::Registered, 2, 2, 2, true, "another one is up for two jobs"),
        (Life::Starting, 0, 0, 0, false, "a minimum can wait"),
    ] {
        let book = Book { queued, minimum: 3, supply, idle, ..Book::open(pool("spot"), 9) };
        let after = of_runner(&life.runner(), &RunnerEvent::Overdue, &book, at(0)).runner;
        assert_eq!(after.is_some(), is_overdue, "{life:?}: {why}");
    }
}

#[test]
fn a_runner_is_overdue_once_in_its_life() {
    for life in [Life::Starting, Life::Called, Life::Registered] {
        let again = Runner { overdue_at: Some(at(-500)), ..life.runner() };
        let outcome = of_runner(&again, &RunnerEvent::Overdue, &alone(&again, 1), at(0));
        assert_eq!(outcome, unchanged(NOTED), "{life:?}");
    }
    let came_back = of_runner(
        &Life::Hung.runner(),
        &asked("first", Listener::None),
        &alone(&Life::Hung.runner(), 1),
        at(0),
    );
    assert_eq!(came_back.runner.and_then(|runner| runner.overdue_at), Some(at(-60)), "that it was is kept");
}

#[test]
fn a_runner_without_a_config_comes_to_its_boot_limit_from_its_last_word() {
    let never = || silent_for(Life::Starting.runner(), 900);
    for (runner, fails, why) in [
        (silent_for(Life::Starting.runner(), 899), false, "a slow boot"),
        (never(), true, "fifteen minutes from its reservation"),
        (silent_for(Life::Slow.runner(), 899), false, "an Overdue one has the same time"),
        (silent_for(Life::Slow.runner(), 900), true, "and comes to the same end"),
        (silent_for(Life::Called.runner(), 899), false, "GitHub has an outage, and it keeps asking"),
        (silent_for(Life::Called.runner(), 900), true, "fifteen minutes from its last question"),
        (
            Runner { reserved_at: at(-7200), ..silent_for(Life::Called.runner(), 60) },
            false,
            "it has asked for two hours: GitHub's outage is not a failure of its boot",
        ),
        (silent_for(Life::Registered.runner(), 3600), false, "it has a JIT config: GitHub knows of its job"),
        (silent_for(Life::Hung.runner(), 3600), false, "the same, Overdue"),
        (silent_for(Life::Listening.runner(), 3600), false, "it listens"),
        (Runner { github_id: None, ..silent_for(Life::Hung.runner(), 900) }, true, "it never had one"),
        (Runner { state: RunnerState::Busy, ..never() }, false, "it has a job, from wherever"),
        (Runner { state: RunnerState::Leaving, ..never() }, false, "it was fenced before"),
        (Runner { state: RunnerState::Stopped, ..never() }, false, "it has stopped"),
    ] {
        for jobs in [0, 1] {
            let outcome = of_runner(&runner, &failed_to_boot(), &alone(&runner, jobs), at(0));
            assert_eq!(outcome.news, fails.then_some(failure(runner.boot.is_some())), "{why}");
            let leaves = outcome.runner.as_ref().map(|runner| (runner.state, runner.leaves));
            let expected = (RunnerState::Leaving, Some(LeaveReason::BootFailed));
            assert_eq!(leaves, fails.then_some(expected), "{why}");
            assert_eq!(outcome.answer, NOTED, "{why}");
        }
    }
}

#[test]
fn a_runner_past_its_boot_limit_gives_up_its_place_and_is_a_failure() {
    for (life, posted, has_asked, why) in [
        (Life::Starting, "spot.supply -1", false, "a boot that hangs: no way to the registrar, say"),
        (Life::Called, "spot.supply -1, spot.idle -1", true, "it has booted, and failed after that"),
        (Life::Slow, "", false, "a boot that hangs, and has its spare"),
    ] {
        let before = silent_for(life.runner(), 900);
        let outcome = of_runner(&before, &failed_to_boot(), &alone(&before, 0), at(0));
        let expected = with(failure(has_asked), writes("Leaving as BootFailed", posted, NOTED));
        assert_eq!(effect(&before, &outcome), expected, "{life:?}: {why}");
    }
}

#[test]
fn a_runner_that_is_slow_for_the_second_time_is_fenced_if_it_has_no_config() {
    let again =
        |life: Life, seconds| Runner { overdue_at: Some(at(-800)), ..silent_for(life.runner(), seconds) };
    for (runner, jobs, fails, why) in [
        (again(Life::Called, 180), 1, true, "it came back, and has gone silent again"),
        (again(Life::Called, 179), 1, false, "it is not slow yet"),
        (again(Life::Called, 180), 0, false, "nobody waits for it"),
        (again(Life::Registered, 180), 1, false, "it has a JIT config: GitHub is asked first"),
        (again(Life::Listening, 180), 1, false, "it is up"),
        (silent_for(Life::Called.runner(), 180), 1, false, "the first time it becomes Overdue"),
        (Life::Slow.runner(), 1, false, "it is still Overdue for the first time"),
    ] {
        let outcome = of_runner(&runner, &failed_to_boot(), &alone(&runner, jobs), at(0));
        let leaves = outcome.runner.and_then(|runner| runner.leaves);
        assert_eq!(leaves, fails.then_some(LeaveReason::BootFailed), "{why}");
        assert_eq!(outcome.news, fails.then_some(failure(true)), "{why}");
    }
}
