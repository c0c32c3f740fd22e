//! The question, at each point of a runner's life.

use super::*;

const STARTED: News = News::Started;

/// The jobs that wait in a pool: one for the runner that asks, or none.
const NEEDED: i64 = 1;
const NOT_NEEDED: i64 = 0;

const OUT_OF_IDLE: &str = "spot.supply -1, spot.idle -1";

#[test]
fn a_runner_without_a_listener_that_is_needed_is_answered_a_config_once_in_its_life() {
    let called = |wrote, posts| writes(wrote, posts, CONFIG);
    let used = |posts| writes("Leaving as ConfigUsed, asked_at", posts, LEAVE);
    at_every_point(
        &asked("first", Listener::None),
        NEEDED,
        [
            (
                Life::Starting,
                with(STARTED, called("Idle, boot, asked_at", "spot.idle +1")),
                "it came up: it counts as idle before GitHub hears of it",
            ),
            (Life::Called, called("asked_at", ""), "again, while GitHub could not make one: it counts once"),
            (
                Life::Registered,
                called("asked_at", ""),
                "again, after the answer with the JIT config was lost",
            ),
            (Life::Listening, used(OUT_OF_IDLE), "it has used its one config, whatever PID 1 says"),
            (
                Life::Slow,
                with(STARTED, called("Idle, boot, asked_at", "spot.supply +1, spot.idle +1")),
                "it came up late, and the job still waits",
            ),
            (
                Life::Hung,
                called("Idle, asked_at", "spot.supply +1, spot.idle +1"),
                "it never listened, and is as good as any",
            ),
            (Life::Busy, used(""), "it has used its one config, and without a listener it has no job"),
            (Life::Fenced, nothing(LEAVE), "its task is about to be stopped"),
            (Life::Leaving, nothing(LEAVE), "it was told so before"),
            (Life::Stopped, nothing(LEAVE), "its task has stopped, as far as we know"),
        ],
    );
}

#[test]
fn a_runner_without_a_listener_that_is_not_needed_leaves_before_github_hears_of_it() {
    let leaves = |wrote, posts| writes(wrote, posts, LEAVE);
    let used = |posts| leaves("Leaving as ConfigUsed, asked_at", posts);
    at_every_point(
        &asked("first", Listener::None),
        NOT_NEEDED,
        [
            (
                Life::Starting,
                with(STARTED, leaves("Leaving as NotNeeded, boot, asked_at", "spot.supply -1")),
                "its job was cancelled; but it came up, so its capacity works",
            ),
            (
                Life::Called,
                leaves("Leaving as NotNeeded, asked_at", OUT_OF_IDLE),
                "its job was cancelled while it waited for GitHub",
            ),
            (
                Life::Registered,
                leaves("Leaving as NotNeeded, asked_at", OUT_OF_IDLE),
                "its answer was lost, and nobody needs it now",
            ),
            (Life::Listening, used(OUT_OF_IDLE), "it had its one"),
            (
                Life::Slow,
                with(STARTED, leaves("Leaving as NotNeeded, boot, asked_at", "")),
                "its spare was faster; it is no longer supply",
            ),
            (Life::Hung, leaves("Leaving as NotNeeded, asked_at", ""), "the same"),
            (Life::Busy, used(""), "it had its one"),
            (Life::Fenced, nothing(LEAVE), "its task is about to be stopped"),
            (Life::Leaving, nothing(LEAVE), "it was told so before"),
            (Life::Stopped, nothing(LEAVE), "its task has stopped, as far as we know"),
        ],
    );
}

#[test]
fn a_runner_with_a_listener_that_is_needed_waits_and_its_first_word_of_being_up_is_kept() {
    let waits = |wrote, posts| writes(wrote, posts, WAIT);
    let comes_back = "spot.supply +1, spot.idle +1";
    for (listener, starting, first, slow, hung) in [
        (Listener::Starting, "Idle, boot", "", "Idle, boot", "Idle"),
        (Listener::Up, "Idle, boot, listened", "listened", "Idle, boot, listened", "Idle, listened"),
    ] {
        at_every_point(
            &asked("first", listener),
            NEEDED,
            [
                (
                    Life::Starting,
                    with(STARTED, waits(starting, "spot.idle +1")),
                    "wherever its JIT config came from, it can take a job",
                ),
                (Life::Called, waits(first, ""), "it looks like any other question of a called runner"),
                (Life::Registered, waits(first, ""), "it is up, or about to be"),
                (Life::Listening, nothing(WAIT), "a plain wait is a read"),
                (Life::Slow, with(STARTED, waits(slow, comes_back)), "wherever its JIT config came from"),
                (Life::Hung, waits(hung, comes_back), "it came up while a job still waits"),
                (Life::Busy, nothing(WAIT), "its worker process is still to come"),
                (Life::Fenced, nothing(LEAVE), "its task is about to be stopped"),
                (Life::Leaving, nothing(LEAVE), "it was answered that before, and the answer was lost"),
                (Life::Stopped, nothing(LEAVE), "its task has stopped, as far as we know"),
            ],
        );
    }
}

#[test]
fn a_runner_with_a_listener_that_is_not_needed_leaves() {
    for (listener, unasked, first) in [
        (Listener::Starting, "Leaving as NotNeeded, boot", "Leaving as NotNeeded"),
        (Listener::Up, "Leaving as NotNeeded, boot, listened", "Leaving as NotNeeded, listened"),
    ] {
        let leaves = |wrote, posts| writes(wrote, posts, LEAVE);
        at_every_point(
            &asked("first", listener),
            NOT_NEEDED,
            [
                (Life::Starting, with(STARTED, leaves(unasked, "spot.supply -1")), "a surplus"),
                (Life::Called, leaves(first, OUT_OF_IDLE), "a surplus"),
                (
                    Life::Registered,
                    leaves(first, OUT_OF_IDLE),
                    "a surplus, at its first question with a listener",
                ),
                (Life::Listening, leaves("Leaving as NotNeeded", OUT_OF_IDLE), "a surplus"),
                (Life::Slow, with(STARTED, leaves(unasked, "")), "its spare was faster"),
                (Life::Hung, leaves(first, ""), "its spare was faster"),
                (Life::Busy, nothing(WAIT), "it has a job, so the need does not matter"),
                (Life::Fenced, nothing(LEAVE), "its task is about to be stopped"),
                (Life::Leaving, nothing(LEAVE), "it was answered that before, and the answer was lost"),
                (Life::Stopped, nothing(LEAVE), "its task has stopped, as far as we know"),
            ],
        );
    }
}

#[test]
fn the_first_question_binds_its_boot_and_a_question_without_a_listener_keeps_its_time() {
    let first = |life: Life, listener| {
        let before = life.runner();
        let outcome = of_runner(&before, &asked("first", listener), &alone(&before, NEEDED), at(0));
        outcome.runner.unwrap_or(before)
    };
    for (life, listener, asked_at, why) in [
        (Life::Starting, Listener::None, Some(at(0)), "it waits for its JIT config from now on"),
        (Life::Called, Listener::None, Some(at(0)), "it still does"),
        (Life::Registered, Listener::None, Some(at(0)), "it does once more"),
        (Life::Registered, Listener::Starting, Some(at(-240)), "a listener that never comes up is slow"),
        (Life::Registered, Listener::Up, Some(at(-240)), "it no longer waits for one"),
        (Life::Starting, Listener::Up, None, "it never did"),
    ] {
        let after = first(life, listener);
        assert_eq!(after.boot, Some(boot("first")), "{life:?}, {listener:?}: {why}");
        assert_eq!(after.asked_at, asked_at, "{life:?}, {listener:?}: {why}");
    }
}

#[test]
fn a_busy_runner_without_a_worker_is_let_go_after_two_minutes_whatever_its_listener() {
    use Listener::{None, Starting, Up};
    let found_busy = || Runner { listened: false, ..Life::Busy.runner() };
    for (busy, listener, seconds, answer, why) in [
        (Life::Busy.runner(), Up, 0, WAIT, "GitHub's event is ahead of the runner"),
        (Life::Busy.runner(), Up, 119, WAIT, "a slow start"),
        (Life::Busy.runner(), Up, 120, LEAVE, "the job was cancelled before it began"),
        (Life::Busy.runner(), Up, 3600, LEAVE, "the same, asked late"),
        (Life::Busy.runner(), Starting, 119, WAIT, "the same for one that never said that it listens"),
        (Life::Busy.runner(), Starting, 120, LEAVE, "the same"),
        (found_busy(), None, 119, WAIT, "somebody else has its registration"),
        (found_busy(), None, 120, LEAVE, "and it will never have a job"),
    ] {
        for jobs in [NEEDED, NOT_NEEDED] {
            let now = busy.changed_at + SignedDuration::from_secs(seconds);
            let outcome = of_runner(&busy, &asked("first", listener), &alone(&busy, jobs), now);
            assert_eq!(outcome.answer, answer, "{listener:?} after {seconds} seconds: {why}");
            let leaves = (answer == LEAVE).then_some((RunnerState::Leaving, Some(LeaveReason::NoWorker)));
            let left = outcome.runner.as_ref().filter(|runner| runner.state != RunnerState::Busy);
            assert_eq!(left.map(|runner| (runner.state, runner.leaves)), leaves, "{why}");
            assert_eq!(
                posts(Option::None, Some(&busy), &outcome),
                "",
                "its supply was given up with the job"
            );
        }
    }
}

#[test]
fn what_a_busy_runner_says_of_itself_is_kept_too() {
    let busy = || Runner { listened: false, ..Life::Busy.runner() };
    for (listener, wrote, why) in [
        (Listener::None, "asked_at", "each question without a listener keeps its time"),
        (Listener::Starting, "", "nothing new"),
        (Listener::Up, "listened", "its listener was up before anybody knew: it has used its one JIT config"),
    ] {
        let outcome = of_runner(&busy(), &asked("first", listener), &alone(&busy(), NEEDED), at(0));
        assert_eq!(effect(&busy(), &outcome), writes(wrote, "", WAIT), "{listener:?}: {why}");
    }
}

#[test]
fn an_unknown_runner_is_told_to_leave() {
    use fleet::launch::{FailureClass, StopClass, TaskTimes};
    let reason = || "in ECS's words".to_owned();
    for (event, answer) in [
        (asked("first", Listener::None), LEAVE),
        (asked("first", Listener::Starting), LEAVE),
        (asked("first", Listener::Up), LEAVE),
        (registered("first", 7), LEAVE),
        (RunnerEvent::FoundBusy, NOTED),
        (RunnerEvent::Overdue, NOTED),
        (RunnerEvent::Fenced, NOTED),
        (RunnerEvent::FoundNoCapacity(reason()), NOTED),
        (RunnerEvent::FailedToBoot(reason()), NOTED),
        (RunnerEvent::LaunchTried(Some(reason())), NOTED),
        (RunnerEvent::NotLaunched(reason()), NOTED),
        (RunnerEvent::CountedOut, NOTED),
        (RunnerEvent::FoundOffline(GithubRunnerId(7)), NOTED),
        (RunnerEvent::FoundNotAsking, NOTED),
        (RunnerEvent::LaunchFailed(FailureClass::Elsewhere, reason()), NOTED),
        (RunnerEvent::TaskStopped(StopClass::NoCapacity, reason(), TaskTimes::default()), NOTED),
    ] {
        let outcome = fleet::ledger::transition::of_runner(None, &event, at(0));
        assert_eq!(outcome, unchanged(answer), "{event:?} changes nothing");
    }
}
