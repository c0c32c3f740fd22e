//! Each path through the decisions, and what holds on every path.

use crate::claim::Release::{Leave, Stay};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A machine that has taken these events, one a second, and what it did at the last.
fn after(events: &[Event]) -> (Machine, Vec<Action>) {
    let mut machine = Machine::new(Timings::default());
    let mut actions = vec![];
    for (place, event) in (1..).zip(events) {
        actions = machine.step(SECOND * place, 0.5, *event);
    }
    (machine, actions)
}

const CLAIMED: [Event; 2] = [Event::Prepared(true), Event::Claimed(ClaimOutcome::Granted)];

fn after_claim(events: &[Event]) -> (Machine, Vec<Action>) {
    after(&[&CLAIMED[..], events].concat())
}

#[test]
fn before_the_listener() {
    use ClaimOutcome::{Granted, Later, Malformed, NoAnswer, NotNeeded, Refused};
    use Event::{Claimed, Due, NotStarted, Prepared, Terminate};
    let ready = Prepared(true);
    for (events, code, action, why) in [
        (vec![Prepared(false)], Some(DOCKER_UNAVAILABLE), None, "no Docker"),
        (vec![Terminate], Some(TERMINATED), None, "stopped at once"),
        (vec![ready], None, Some(Action::Claim), "ready: claims"),
        (vec![ready, Terminate], Some(TERMINATED), None, "stopped while it claims"),
        (vec![ready, Claimed(NotNeeded)], Some(NOT_NEEDED), None, "not needed"),
        (vec![ready, Claimed(Refused)], Some(NOT_NEEDED), None, "refused"),
        (vec![ready, Claimed(Malformed)], Some(FAILED), None, "not understood"),
        (vec![ready, Claimed(Later(None))], None, None, "waits"),
        (vec![ready, Claimed(Later(None)), Due], None, Some(Action::Claim), "claims again"),
        (vec![ready, Claimed(NoAnswer), Due], None, Some(Action::Claim), "claims again"),
        (vec![ready, Claimed(Granted)], None, Some(Action::Start), "starts"),
        (vec![ready, Claimed(Granted), NotStarted], Some(FAILED), None, "can not be started"),
    ] {
        let (machine, actions) = after(&events);
        assert_eq!(actions.first().copied(), action, "{why}");
        match code {
            Some(code) => assert_eq!(machine.state(), State::Over(code), "{why}"),
            None => assert!(!matches!(machine.state(), State::Over(_)), "{why}"),
        }
    }
}

#[test]
fn with_a_listener() {
    use Event::{Due, Exited, JobBegun, ListenerUp, Looked, NotFrozen, Released, Terminate};
    let (asks, leave) = ([ListenerUp, Looked(false)], Released(Some(Leave)));
    let granted = [asks[0], asks[1], leave];
    let last = [asks[0], asks[1], leave, Due];
    for (events, state, actions, why) in [
        (vec![ListenerUp], State::Looking, vec![Action::Look], "the first release at once"),
        (vec![Due], State::Looking, vec![Action::Look], "or without a word of it"),
        (vec![ListenerUp, Looked(true)], working(), vec![], "never asked while a worker is there"),
        (asks.to_vec(), State::Asking, vec![Action::Release], "asks"),
        ([&asks[..], &[Released(Some(Stay))]].concat(), State::Idle, vec![], "stays"),
        ([&asks[..], &[Released(None)]].concat(), State::Idle, vec![], "no answer: stays"),
        ([&asks[..], &[JobBegun, leave]].concat(), working(), vec![], "a job was faster than the answer"),
        (granted.to_vec(), State::LastLook, vec![], "granted: one last look"),
        ([&granted[..], &[JobBegun]].concat(), working(), vec![], "a job in the last look"),
        (last.to_vec(), State::Freezing { released: true }, vec![Action::Freeze], "freezes"),
        ([&last[..], &[Looked(true)]].concat(), working(), vec![Action::Thaw], "a job after all"),
        ([&last[..], &[Looked(false)]].concat(), State::Over(RELEASED), vec![], "leaves"),
        ([&last[..], &[NotFrozen]].concat(), State::LastLook, vec![], "looks again later"),
        (vec![Terminate], State::Freezing { released: false }, vec![Action::Freeze], "stopped idle"),
        (vec![Terminate, Looked(false)], State::Over(TERMINATED), vec![], "leaves at once"),
        (vec![Terminate, Looked(true)], working(), vec![Action::Thaw], "had begun"),
        (vec![Terminate, NotFrozen], working(), vec![], "taken for at work"),
        (vec![JobBegun, Terminate], working(), vec![], "goes on"),
        (vec![JobBegun, Terminate, Due], interrupted(), vec![Action::Interrupt], "until it is late"),
        (vec![JobBegun, Terminate, Due, Due], State::Over(JOB_DONE), vec![], "and no longer; it had begun"),
        (vec![JobBegun, Exited(Exit::Code(0))], State::Over(JOB_DONE), vec![], "done"),
        (vec![JobBegun, Exited(Exit::Code(7))], State::Over(JOB_DONE), vec![], "whatever ends a job"),
        (vec![JobBegun, Exited(Exit::Signal(9))], State::Over(JOB_DONE), vec![], "the same"),
        (vec![Exited(Exit::Code(7))], State::Over(RUNNER_OUTDATED), vec![], "outdated"),
        (vec![ListenerUp, Exited(Exit::Code(0))], State::Over(REMOVED), vec![], "GitHub removed it"),
        (vec![ListenerUp, Exited(Exit::Code(1))], State::Over(FAILED), vec![], "it failed"),
        (vec![Exited(Exit::Code(0))], State::Over(FAILED), vec![], "it never listened"),
        (vec![Exited(Exit::Signal(9))], State::Over(FAILED), vec![], "killed"),
        ([&granted[..], &[Exited(Exit::Code(1))]].concat(), State::Over(RELEASED), vec![], "saw it first"),
    ] {
        let (machine, did) = after_claim(&events);
        assert_eq!((machine.state(), did), (state, actions), "{why}");
    }
}

fn working() -> State {
    State::Working { interrupted: false }
}

fn interrupted() -> State {
    State::Working { interrupted: true }
}

#[test]
fn the_times_of_a_stop() {
    let (mut machine, _) = after_claim(&[Event::JobBegun, Event::Terminate]);
    let stopped = 4 * SECOND;
    assert_eq!(machine.deadline(), Some(stopped + 110 * SECOND));
    machine.step(stopped + SECOND, 0.0, Event::Terminate);
    assert_eq!(machine.deadline(), Some(stopped + 110 * SECOND), "a second SIGTERM changes nothing");
    machine.step(stopped + 110 * SECOND, 0.0, Event::Due);
    assert_eq!(machine.deadline(), Some(stopped + 118 * SECOND));
}

#[test]
fn the_times_of_claims() {
    use ClaimOutcome::{Later, NoAnswer};
    for (attempts, outcome, jitter, expected, why) in [
        (1, Later(None), 1.0, Some(1000), "the first wait"),
        (1, Later(None), 0.0, Some(500), "or half of it"),
        (3, Later(None), 1.0, Some(4000), "doubled twice"),
        (20, Later(None), 1.0, Some(30_000), "never longer"),
        (1, Later(Some(7 * SECOND)), 0.0, Some(7000), "as told"),
        (1, Later(Some(10 * SECOND)), 1.0, Some(12_000), "a fifth more at most"),
        (1, Later(Some(Duration::ZERO)), 0.0, Some(1000), "not at once"),
        (1, Later(Some(3000 * SECOND)), 0.0, Some(300_000), "as long as is believed"),
        (1, NoAnswer, 0.0, Some(35_500), "the old claim is over by then"),
        (1, Later(Some(3000 * SECOND)), 1.0, Some(360_000), "within the hour"),
    ] {
        let claims =
            (1..attempts).fold(Claims::new(Duration::ZERO), |claims, _| claims.again(Duration::ZERO));
        let next = claims.next(outcome, Duration::ZERO, jitter, &Timings::default());
        assert_eq!(next, expected.map(Duration::from_millis), "{why}");
    }
    let claims = Claims::new(Duration::ZERO);
    let late = claims.next(Later(None), 3600 * SECOND, 0.5, &Timings::default());
    assert_eq!(late, None, "an hour and no longer");
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::ListenerUp),
        Just(Event::JobBegun),
        any::<bool>().prop_map(Event::Looked),
        Just(Event::NotFrozen),
        Just(Event::Released(Some(Leave))),
        Just(Event::Released(Some(Stay))),
        Just(Event::Released(None)),
        Just(Event::Due),
        Just(Event::Terminate),
    ]
}

proptest! {
    /// Whatever comes after a job has begun: PID 1 asks for nothing, and ends it only in two steps
    /// after a SIGTERM.
    #[test]
    fn a_job_is_left_alone(before in proptest::collection::vec(any_event(), 0..12),
                           later in proptest::collection::vec(any_event(), 0..12)) {
        let (mut machine, _) = after_claim(&before);
        machine.step(60 * SECOND, 0.5, Event::JobBegun);
        // Due comes only where there is something to wait for.
        let later = later.into_iter().filter(|event| *event != Event::Due);
        if matches!(machine.state(), State::Working { .. }) {
            for event in later {
                let actions = machine.step(61 * SECOND, 0.5, event);
                prop_assert_eq!(actions, vec![]);
            }
            let left_alone = matches!(machine.state(), State::Working { .. });
            prop_assert!(left_alone);
        }
    }

    /// Every end of an idle runner comes through a freeze, or by the listener's own end.
    #[test]
    fn nobody_leaves_without_a_freeze(events in proptest::collection::vec(any_event(), 0..30)) {
        let (mut machine, _) = after_claim(&[]);
        for event in events {
            let before = machine.state();
            machine.step(5 * SECOND, 0.5, event);
            if matches!(machine.state(), State::Over(_)) && before != machine.state() {
                let frozen = matches!(before, State::Freezing { .. }) && event == Event::Looked(false);
                let out_of_time = before == State::Working { interrupted: true } && event == Event::Due;
                prop_assert!(frozen || out_of_time, "{before:?} {event:?}");
            }
        }
    }
}
