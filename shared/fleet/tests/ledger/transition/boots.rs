//! A ticket that a boot shows although another boot asked first with it.

use super::*;

const CONTESTED: LedgerAnswer = LedgerAnswer::Ask(AskAnswer::Contested);
const REPLAYED: LedgerAnswer = LedgerAnswer::Ask(AskAnswer::Replayed);

#[test]
fn another_boot_soon_after_the_reservation_ends_the_runner_unless_it_has_a_job() {
    let contested = |posts| writes("Leaving as AnotherBoot", posts, CONTESTED);
    let out_of_idle = "spot.supply -1, spot.idle -1";
    for listener in [Listener::None, Listener::Starting, Listener::Up] {
        let (starting, slow) = match listener {
            Listener::None => ("Idle, boot, asked_at", CONFIG),
            Listener::Starting => ("Idle, boot", WAIT),
            Listener::Up => ("Idle, boot, listened", WAIT),
        };
        let first = |posts| with(News::Started, writes(starting, posts, slow));
        at_every_point(
            &asked("second", listener),
            1,
            [
                (Life::Starting, first("spot.idle +1"), "nobody was before it"),
                (Life::Called, contested(out_of_idle), "one of the two is a thief"),
                (Life::Registered, contested(out_of_idle), "the same"),
                (Life::Listening, contested(out_of_idle), "the same"),
                (Life::Slow, first("spot.supply +1, spot.idle +1"), "nobody was before it"),
                (Life::Hung, contested(""), "one of the two is a thief"),
                (Life::Busy, nothing(REPLAYED), "refused; and a job is never cut short"),
                (Life::Fenced, nothing(LEAVE), "nobody asked before, and now nobody may"),
                (Life::Leaving, nothing(REPLAYED), "refused; it is already leaving"),
                (Life::Stopped, nothing(REPLAYED), "refused; it is over"),
            ],
        );
    }
}

#[test]
fn the_boot_limit_decides_whether_another_boot_is_soon() {
    for (seconds, answer, why) in [
        (-120, CONTESTED, "the clock that reserved it is ahead of ours"),
        (0, CONTESTED, "at once"),
        (899, CONTESTED, "within the boot limit"),
        (900, REPLAYED, "no boot begins so late"),
        (7 * 24 * 3600, REPLAYED, "read from the task's overrides, a week later"),
    ] {
        for life in [Life::Called, Life::Registered, Life::Listening, Life::Hung] {
            let before = life.runner();
            let now = before.reserved_at + SignedDuration::from_secs(seconds);
            for jobs in [0, 1] {
                let outcome =
                    of_runner(&before, &asked("second", Listener::None), &alone(&before, jobs), now);
                assert_eq!(outcome.answer, answer, "{life:?} after {seconds} s: {why}");
                let leaves = outcome.runner.map(|runner| (runner.state, runner.leaves, runner.boot));
                let expected = (RunnerState::Leaving, Some(LeaveReason::AnotherBoot), Some(boot("first")));
                assert_eq!(leaves, (answer == CONTESTED).then_some(expected), "{life:?}: {why}");
            }
        }
    }
}

#[test]
fn the_first_boot_is_told_to_leave_once_another_one_has_shown_its_ticket() {
    let before = Life::Listening.runner();
    let stolen = asked("second", Listener::None);
    let contested = of_runner(&before, &stolen, &alone(&before, 1), at(0)).runner.expect("it leaves");
    for (event, answer) in [
        (asked("first", Listener::Up), LEAVE),
        (asked("first", Listener::None), LEAVE),
        (asked("second", Listener::None), REPLAYED),
    ] {
        let outcome = of_runner(&contested, &event, &alone(&contested, 1), at(1));
        assert_eq!(outcome, unchanged(answer), "{event:?}");
    }
}
