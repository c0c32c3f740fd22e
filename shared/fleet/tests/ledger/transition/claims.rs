//! From a task's claim to its registration.

use super::ClaimAnswer::{Gone, NotNeeded, Proceed, Refused};
use super::*;

const fn claim(answer: ClaimAnswer) -> Answer {
    Answer::Claim(answer)
}

#[test]
fn a_runner_that_is_needed_is_bound_to_its_first_boot() {
    let bound = with(HealthNews::Started, moves(RunnerState::Starting, "", claim(Proceed)));
    let event = RunnerEvent::Claim(boot("first"));
    at_every_point(
        &event,
        0,
        [
            (Life::Starting, bound, "it came up"),
            (Life::Claimed, nothing(claim(Proceed)), "again, after GitHub asked it to wait"),
            (Life::Idle, nothing(claim(Proceed)), "again, after the answer with the JIT config was lost"),
            (Life::Waiting, nothing(claim(Gone)), "its first release closed the claim for ever"),
            (Life::Busy, nothing(claim(Gone)), "it has a job"),
            (Life::Fenced, nothing(claim(Gone)), "it is going to be stopped"),
            (Life::Leaving, nothing(claim(Gone)), "it was told to leave"),
            (Life::Stopped, nothing(claim(Gone)), "its task has stopped, as far as we know"),
        ],
    );
    let runner = of_runner(Some(&Life::Starting.runner()), &event, 0, at(0)).runner.expect("it is bound");
    assert_eq!((runner.boot, runner.github_id, runner.claim_closed), (Some(boot("first")), None, false));
}

#[test]
fn a_runner_that_is_not_needed_leaves_before_github_hears_of_it() {
    let leaves = || moves(RunnerState::Leaving, "spot.supply -1", claim(NotNeeded));
    let event = RunnerEvent::Claim(boot("first"));
    at_every_point(
        &event,
        -1,
        [
            (Life::Starting, with(HealthNews::Started, leaves()), "its job was cancelled, and it came up"),
            (Life::Claimed, leaves(), "its job was cancelled while it waited for GitHub"),
            (Life::Idle, nothing(claim(Proceed)), "it is registered: its release will find the surplus"),
            (Life::Waiting, nothing(claim(Gone)), "its claim is closed"),
            (Life::Busy, nothing(claim(Gone)), "it has a job"),
            (Life::Fenced, nothing(claim(Gone)), "it is going to be stopped"),
            (Life::Leaving, nothing(claim(Gone)), "it was told to leave"),
            (Life::Stopped, nothing(claim(Gone)), "its task has stopped"),
        ],
    );
    let runner = of_runner(Some(&Life::Starting.runner()), &event, -1, at(0)).runner.expect("it leaves");
    assert!(runner.claim_closed, "nobody claims for it any more");
}

#[test]
fn a_claim_of_another_boot_is_refused_wherever_the_runner_is() {
    for deficit in [0, -1] {
        let first = match deficit {
            0 => with(HealthNews::Started, moves(RunnerState::Starting, "", claim(Proceed))),
            _ => with(HealthNews::Started, moves(RunnerState::Leaving, "spot.supply -1", claim(NotNeeded))),
        };
        at_every_point(
            &RunnerEvent::Claim(boot("second")),
            deficit,
            [
                (Life::Starting, first, "nobody was before it"),
                (Life::Claimed, nothing(claim(Refused)), "the ticket was read by somebody else"),
                (Life::Idle, nothing(claim(Refused)), "the same"),
                (Life::Waiting, nothing(claim(Refused)), "the same"),
                (Life::Busy, nothing(claim(Refused)), "the same"),
                (Life::Fenced, nothing(claim(Gone)), "nobody claimed, and nobody will"),
                (Life::Leaving, nothing(claim(Refused)), "the ticket was read by somebody else"),
                (Life::Stopped, nothing(claim(Refused)), "the same"),
            ],
        );
    }
}

#[test]
fn a_registration_is_stored_for_the_boot_that_asked_for_it() {
    let idle = || moves(RunnerState::Idle, "", claim(Proceed));
    let event = RunnerEvent::Registered(boot("first"), GithubRunnerId(8));
    for deficit in [0, -1] {
        at_every_point(
            &event,
            deficit,
            [
                (Life::Starting, nothing(claim(Gone)), "no boot has claimed"),
                (Life::Claimed, idle(), "GitHub made its JIT config"),
                (
                    Life::Idle,
                    idle(),
                    "again, after a lost answer: the new registration took the old one's place",
                ),
                (
                    Life::Waiting,
                    nothing(claim(Gone)),
                    "its claim is closed; the registration is deleted again",
                ),
                (Life::Busy, nothing(claim(Gone)), "a job came over the first registration"),
                (Life::Fenced, nothing(claim(Gone)), "no boot has claimed"),
                (
                    Life::Leaving,
                    nothing(claim(Gone)),
                    "counted out meanwhile; the registration is deleted again",
                ),
                (Life::Stopped, nothing(claim(Gone)), "stopped meanwhile; the registration is deleted again"),
            ],
        );
    }
    for life in [Life::Claimed, Life::Idle] {
        let runner = of_runner(Some(&life.runner()), &event, 0, at(0)).runner.expect("it is registered");
        assert_eq!(runner.github_id, Some(GithubRunnerId(8)), "{life:?}");
        assert!(!runner.claim_closed, "{life:?}: the same boot may ask once more");
    }
}

#[test]
fn a_registration_for_another_boot_is_nobodys() {
    let event = RunnerEvent::Registered(boot("second"), GithubRunnerId(8));
    let rows = Life::ALL.map(|life| (life, nothing(claim(Gone)), "this boot never claimed"));
    at_every_point(&event, 0, rows);
}

#[test]
fn an_unknown_runner_is_told_to_leave() {
    let reason = || "in ECS's words".to_owned();
    for (event, answer) in [
        (RunnerEvent::Claim(boot("first")), claim(Gone)),
        (RunnerEvent::Registered(boot("first"), GithubRunnerId(7)), claim(Gone)),
        (RunnerEvent::Release(boot("first")), Answer::Release(ReleaseAnswer::Leave)),
        (RunnerEvent::FoundBusy, Answer::Noted),
        (RunnerEvent::Fenced, Answer::Noted),
        (RunnerEvent::CountedOut, Answer::Noted),
        (RunnerEvent::LaunchFailed(FailureClass::Elsewhere, reason()), Answer::Noted),
        (RunnerEvent::TaskStopped(StopClass::NoCapacity, reason()), Answer::Noted),
    ] {
        for deficit in [1, 0, -1] {
            let outcome = of_runner(None, &event, deficit, at(0));
            assert_eq!(outcome, unchanged(answer), "{event:?} changes nothing");
        }
    }
}
