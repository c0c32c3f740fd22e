//! All the ways in which a runner goes.

use super::*;
use fleet::launch::Ending;

const STAY: Answer = Answer::Release(ReleaseAnswer::Stay);
const LEAVE: Answer = Answer::Release(ReleaseAnswer::Leave);
const REFUSED: Answer = Answer::Release(ReleaseAnswer::Refused);

#[test]
fn an_idle_runner_that_is_needed_stays_and_its_first_question_closes_the_claim() {
    for deficit in [0, 1] {
        at_every_point(
            &RunnerEvent::Release(boot("first")),
            deficit,
            [
                (Life::Starting, nothing(STAY), "it has nothing to leave"),
                (Life::Claimed, nothing(STAY), "it waits for its JIT config"),
                (Life::Idle, moves(RunnerState::Idle, "", STAY), "its listener is up"),
                (Life::Waiting, nothing(STAY), "asked again"),
                (Life::Busy, nothing(STAY), "its worker process is still to come"),
                (Life::Fenced, nothing(LEAVE), "it was told to leave"),
                (Life::Leaving, nothing(LEAVE), "the answer was lost"),
                (Life::Stopped, nothing(LEAVE), "its task has stopped, as far as we know"),
            ],
        );
    }
    let closed = of_runner(Some(&Life::Idle.runner()), &RunnerEvent::Release(boot("first")), 0, at(0)).runner;
    assert_eq!(closed, Some(Runner { claim_closed: true, ..Life::Idle.runner() }), "and nothing else");
}

#[test]
fn an_idle_runner_that_is_not_needed_leaves() {
    let leaves = || moves(RunnerState::Leaving, "spot.supply -1", LEAVE);
    at_every_point(
        &RunnerEvent::Release(boot("first")),
        -1,
        [
            (Life::Starting, nothing(STAY), "its claim will be answered: not needed"),
            (Life::Claimed, nothing(STAY), "the same"),
            (Life::Idle, leaves(), "a surplus, at its first question"),
            (Life::Waiting, leaves(), "a surplus"),
            (Life::Busy, nothing(STAY), "it has a job: that it is not needed does not count"),
            (Life::Fenced, nothing(LEAVE), "it was told to leave"),
            (Life::Leaving, nothing(LEAVE), "the answer was lost"),
            (Life::Stopped, nothing(LEAVE), "its task has stopped"),
        ],
    );
    let runner =
        of_runner(Some(&Life::Idle.runner()), &RunnerEvent::Release(boot("first")), -1, at(0)).runner;
    assert!(runner.expect("it leaves").claim_closed, "nobody claims for it any more");
}

#[test]
fn a_release_of_another_boot_is_refused_and_changes_nothing() {
    for deficit in [1, 0, -1] {
        at_every_point(
            &RunnerEvent::Release(boot("second")),
            deficit,
            [
                (Life::Starting, nothing(STAY), "nobody has claimed: there is nothing to leave"),
                (Life::Claimed, nothing(REFUSED), "the ticket was read by somebody else"),
                (Life::Idle, nothing(REFUSED), "its registration stays, and its claim stays open"),
                (Life::Waiting, nothing(REFUSED), "the same"),
                (Life::Busy, nothing(REFUSED), "the same"),
                (Life::Fenced, nothing(LEAVE), "nobody claimed, and it was told to leave"),
                (Life::Leaving, nothing(REFUSED), "the ticket was read by somebody else"),
                (Life::Stopped, nothing(REFUSED), "the same"),
            ],
        );
    }
}

#[test]
fn a_busy_runner_without_a_worker_is_let_go_after_two_minutes() {
    for (seconds, after, answer, why) in [
        (0, None, STAY, "GitHub's event is ahead of the runner"),
        (119, None, STAY, "a slow start"),
        (120, Some(RunnerState::Leaving), LEAVE, "the job was cancelled before it began"),
        (3600, Some(RunnerState::Leaving), LEAVE, "the same, asked late"),
    ] {
        for deficit in [1, 0, -1] {
            let busy = Life::Busy.runner();
            let now = busy.changed_at + SignedDuration::from_secs(seconds);
            let outcome = of_runner(Some(&busy), &RunnerEvent::Release(boot("first")), deficit, now);
            let found = (outcome.runner.as_ref().map(|runner| runner.state), outcome.answer);
            assert_eq!(found, (after, answer), "after {seconds} seconds: {why}");
            assert_eq!(posts(None, Some(&busy), &outcome), "", "its supply was given up when the job came");
        }
    }
}

#[test]
fn a_job_that_github_knows_of_overtakes_the_leave() {
    let busy = || moves(RunnerState::Busy, "", Answer::Noted);
    let noted = || nothing(Answer::Noted);
    at_every_point(
        &RunnerEvent::FoundBusy,
        -1,
        [
            (Life::Starting, noted(), "nobody asked to delete its registration"),
            (Life::Claimed, noted(), "the same"),
            (Life::Idle, noted(), "the same; in_progress will say so"),
            (Life::Waiting, noted(), "the same"),
            (Life::Busy, noted(), "in_progress was faster"),
            (Life::Fenced, busy(), "GitHub's word counts"),
            (Life::Leaving, busy(), "it was let go, and took a job in the same moment"),
            (Life::Stopped, noted(), "its task has stopped"),
        ],
    );
}

#[test]
fn only_a_runner_that_never_claimed_is_fenced() {
    let noted = || nothing(Answer::Noted);
    at_every_point(
        &RunnerEvent::Fenced,
        0,
        [
            (
                Life::Starting,
                moves(RunnerState::Leaving, "spot.supply -1", Answer::Noted),
                "its task may be stopped now: no claim will be answered",
            ),
            (Life::Claimed, noted(), "it may have a JIT config in its hands"),
            (Life::Idle, noted(), "a job may come any moment"),
            (Life::Waiting, noted(), "a job may come any moment"),
            (Life::Busy, noted(), "it has a job"),
            (Life::Fenced, noted(), "done before"),
            (Life::Leaving, noted(), "it leaves by itself"),
            (Life::Stopped, noted(), "its task has stopped"),
        ],
    );
}

#[test]
fn a_runner_whose_task_finds_no_capacity_is_fenced_and_its_capacity_rests() {
    let why = || "no capacity within five minutes".to_owned();
    let fenced = moves(RunnerState::Leaving, "spot.supply -1", Answer::Noted);
    let noted = || nothing(Answer::Noted);
    at_every_point(
        &RunnerEvent::FoundNoCapacity(why()),
        0,
        [
            (
                Life::Starting,
                Effect { health: Some(HealthNews::NoCapacity(why())), ..fenced },
                "its task is stopped next; its replacement shall look elsewhere",
            ),
            (Life::Claimed, noted(), "it came up after all"),
            (Life::Idle, noted(), "it came up after all"),
            (Life::Waiting, noted(), "it came up after all"),
            (Life::Busy, noted(), "it came up after all"),
            (Life::Fenced, noted(), "done before"),
            (Life::Leaving, noted(), "it leaves by itself"),
            (Life::Stopped, noted(), "its task has stopped"),
        ],
    );
}

#[test]
fn a_runner_that_is_counted_out_gives_up_its_supply_once() {
    let out = || moves(RunnerState::Leaving, "spot.supply -1", Answer::Noted);
    let noted = || nothing(Answer::Noted);
    at_every_point(
        &RunnerEvent::CountedOut,
        3,
        [
            (Life::Starting, out(), "its instance is about to go"),
            (Life::Claimed, out(), "its instance is about to go"),
            (Life::Idle, out(), "GitHub does not list it online"),
            (Life::Waiting, out(), "GitHub does not list it online"),
            (Life::Busy, noted(), "it has a job, which goes on as long as it can"),
            (Life::Fenced, noted(), "it does not count any more"),
            (Life::Leaving, noted(), "it does not count any more"),
            (Life::Stopped, noted(), "it does not count any more"),
        ],
    );
    for life in [Life::Starting, Life::Claimed, Life::Idle] {
        let runner = of_runner(Some(&life.runner()), &RunnerEvent::CountedOut, 3, at(0)).runner;
        assert!(runner.expect("it is counted out").claim_closed, "{life:?}: nobody claims for it any more");
    }
}

#[test]
fn a_failed_launch_ends_a_runner_that_never_claimed() {
    let why = || "RESOURCE:CPU".to_owned();
    let noted = || nothing(Answer::Noted);
    for (class, health) in [
        (FailureClass::Later, None),
        (FailureClass::Elsewhere, Some(HealthNews::NoCapacity(why()))),
        (FailureClass::Never, Some(HealthNews::LaunchRefused(why()))),
    ] {
        let ends = |posts| {
            let moved = moves(RunnerState::Stopped, posts, Answer::Noted);
            Effect { health: health.clone(), ..moved }
        };
        at_every_point(
            &RunnerEvent::LaunchFailed(class, why()),
            0,
            [
                (Life::Starting, ends("spot.supply -1, plain.live -1"), "there is no task"),
                (Life::Claimed, noted(), "an earlier try of the same launch has started its task"),
                (Life::Idle, noted(), "the same"),
                (Life::Waiting, noted(), "the same"),
                (Life::Busy, noted(), "the same"),
                (Life::Fenced, ends("plain.live -1"), "fenced while it was launched"),
                (Life::Leaving, noted(), "an earlier try of the same launch has started its task"),
                (Life::Stopped, noted(), "told twice"),
            ],
        );
    }
}

#[test]
fn a_stopped_task_ends_its_runner_and_tells_of_its_capacity_while_it_waits_for_its_first_job() {
    use Ending::{Failed, Killed, Outdated, Well};
    use StopClass::{Ended, NoCapacity, Ordinary};
    let why = || "in ECS's words".to_owned();
    let boot_failed = Some(HealthNews::BootFailed(why()));
    let run_failed = |thirds| Some(HealthNews::RunFailed(thirds, why()));
    for (class, boot, run) in [
        (Ordinary, None, None),
        (NoCapacity, Some(HealthNews::NoCapacity(why())), None),
        (Ended(Well), boot_failed.clone(), None),
        (Ended(Failed), boot_failed.clone(), run_failed(3)),
        (Ended(Killed), boot_failed.clone(), run_failed(1)),
        (Ended(Outdated), boot_failed.clone(), run_failed(9)),
    ] {
        let of_run = |effect| Effect { health: run.clone(), ..effect };
        let ends = |posts| moves(RunnerState::Stopped, posts, Answer::Noted);
        let both = "spot.supply -1, plain.live -1";
        at_every_point(
            &RunnerEvent::TaskStopped(class, why()),
            0,
            [
                (Life::Starting, Effect { health: boot, ..ends(both) }, "it never came up"),
                (Life::Claimed, of_run(ends(both)), "it came up, and failed before any job"),
                (Life::Idle, of_run(ends(both)), "the same"),
                (Life::Waiting, of_run(ends(both)), "the same"),
                (Life::Busy, ends("plain.live -1"), "its job is over, or lost"),
                (Life::Fenced, ends("plain.live -1"), "stopped by us, which says nothing of the capacity"),
                (Life::Leaving, ends("plain.live -1"), "it left"),
                (Life::Stopped, nothing(Answer::Noted), "ECS tells its events more than once"),
            ],
        );
    }
}
