//! Each path through the decisions, and what holds on every path.

mod nothing;
mod properties;
mod times;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// A machine that has taken these events, one a second, and what it did at the last.
fn after(events: &[Pid1Event]) -> (Machine, Vec<Pid1Action>) {
    let mut machine = Machine::new(Timings::default());
    let mut actions = vec![];
    for (place, event) in (1..).zip(events) {
        actions = machine.step(SECOND * place, 0.5, *event);
    }
    (machine, actions)
}

/// The same, of one that was answered its JIT config before.
fn after_config(events: &[Pid1Event]) -> (Machine, Vec<Pid1Action>) {
    after(&[&[Pid1Event::Prepared(true), Pid1Event::Answered(Answered::Config)], events].concat())
}

/// Every answer to a question that neither ends it nor starts a runner.
const NOT_YET: [Answered; 4] =
    [Answered::Wait(MINUTE), Answered::Later(Some(MINUTE)), Answered::Later(None), Answered::NoAnswer];

/// The same as [`after`], of one that restores a tool cache, each event at its second.
fn after_restoring(events: &[(u32, Pid1Event)]) -> (Machine, Vec<Pid1Action>) {
    let mut machine = Machine::restoring(Timings::default());
    let mut actions = vec![];
    for (second, event) in events {
        actions = machine.step(SECOND * *second, 0.5, *event);
    }
    (machine, actions)
}

#[test]
fn the_first_question_waits_for_docker_and_for_the_tool_cache_until_its_time_is_up() {
    use Pid1Event::{Due, Prepared, Restored, Terminate};
    let asks = Pid1Action::Ask(Listener::None);
    let minute = u32::try_from(Timings::default().tool_cache.as_secs()).unwrap();
    for (events, expected, why) in [
        (vec![(1, Prepared(true))], vec![], "the tool cache is waited for"),
        (vec![(1, Restored)], vec![], "Docker is waited for"),
        (vec![(1, Prepared(true)), (9, Restored)], vec![asks], "both are there"),
        (vec![(1, Restored), (9, Prepared(true))], vec![asks], "in any order"),
        (vec![(1, Prepared(true)), (minute, Due)], vec![Pid1Action::GiveUpRestore, asks], "it is given up"),
        (vec![(minute, Due)], vec![Pid1Action::GiveUpRestore], "it is given up, and Docker is not there"),
        (vec![(minute, Due), (minute + 9, Prepared(true))], vec![asks], "and then it is"),
        (vec![(1, Prepared(true)), (minute, Due), (minute + 9, Restored)], vec![], "it ends too late"),
    ] {
        let (machine, actions) = after_restoring(&events);
        assert_eq!(actions, expected, "{why}");
        assert!(!matches!(machine.state(), Pid1State::Over(_)), "{why}");
    }
    assert_eq!(Machine::restoring(Timings::default()).deadline(), Some(Timings::default().tool_cache));
    for (event, code) in [(Prepared(false), DOCKER_UNAVAILABLE), (Terminate, TERMINATED)] {
        let (machine, _) = after_restoring(&[(1, event)]);
        assert_eq!(machine.state(), Pid1State::Over(code), "it is not waited for");
    }
}

#[test]
fn before_the_listener() {
    use Answered::{Config, Leave, Malformed, Refused};
    use Pid1Event::{Answered as Told, Due, NotStarted, Prepared, Terminate};
    let asks = Some(Pid1Action::Ask(Listener::None));
    let ready = Prepared(true);
    for (events, code, action, why) in [
        (vec![Prepared(false)], Some(DOCKER_UNAVAILABLE), None, "no Docker"),
        (vec![Terminate], Some(TERMINATED), None, "stopped at once"),
        (vec![ready], None, asks, "ready: asks"),
        (vec![ready, Terminate], Some(TERMINATED), None, "stopped while it asks"),
        (vec![ready, Told(Leave)], Some(NOT_NEEDED), None, "not needed"),
        (vec![ready, Told(Refused)], Some(NOT_NEEDED), None, "refused"),
        (vec![ready, Told(Malformed)], Some(FAILED), None, "not understood, and never will be"),
        (vec![ready, Told(Config)], None, Some(Pid1Action::Start), "starts"),
        (vec![ready, Told(Config), NotStarted], Some(FAILED), None, "cannot be started"),
    ] {
        let (machine, actions) = after(&events);
        assert_eq!(actions, Vec::from_iter(action), "{why}");
        let over = if let Pid1State::Over(code) = machine.state() { Some(code) } else { None };
        assert_eq!(over, code, "{why}");
    }
    for answered in NOT_YET {
        let waits = [ready, Told(answered)];
        let (machine, actions) = after(&waits);
        assert_eq!(actions, [], "{answered:?}: it waits");
        assert!(machine.deadline().is_some(), "{answered:?}: for its next question");
        for (last, expected, why) in [
            (Due, asks, "and asks again"),
            (Told(Config), Some(Pid1Action::Start), "an answer that came late is as good"),
            (Terminate, None, "or is stopped"),
        ] {
            let (machine, actions) = after(&[&waits[..], &[last]].concat());
            assert_eq!(actions, Vec::from_iter(expected), "{answered:?}: {why}");
            assert_eq!(
                machine.state() == Pid1State::Over(TERMINATED),
                last == Terminate,
                "{answered:?}: {why}"
            );
        }
    }
}

#[test]
fn with_a_listener() {
    use Pid1Event::{Answered as Told, Due, Exited, JobBegun, ListenerUp, Looked, NotFrozen, Terminate};
    let (asks, leave) = ([ListenerUp, Looked(false)], Told(Answered::Leave));
    let left = [asks[0], asks[1], leave];
    let last = [asks[0], asks[1], leave, Due];
    let and = |before: &[Pid1Event], more: &[Pid1Event]| [before, more].concat();
    for (events, state, actions, why) in [
        (vec![ListenerUp], Pid1State::Looking, vec![Pid1Action::Look], "it says at once that it is up"),
        (vec![Due], Pid1State::Looking, vec![Pid1Action::Look], "or asks without a word of that"),
        (vec![ListenerUp, Looked(true)], working(), vec![], "never asked while a worker is there"),
        (asks.to_vec(), Pid1State::Asking, vec![Pid1Action::Ask(Listener::Up)], "asks"),
        (and(&asks, &[Told(Answered::Wait(MINUTE))]), Pid1State::Idle, vec![], "goes on"),
        (and(&asks, &[Told(Answered::Later(None))]), Pid1State::Idle, vec![], "nobody answers: goes on"),
        (and(&asks, &[Told(Answered::NoAnswer)]), Pid1State::Idle, vec![], "no answer: goes on"),
        (and(&asks, &[Told(Answered::Refused)]), Pid1State::Idle, vec![], "refused: nobody but it ends it"),
        (and(&asks, &[Told(Answered::Malformed)]), Pid1State::Idle, vec![], "not understood: the same"),
        (and(&asks, &[Told(Answered::Config)]), Pid1State::Idle, vec![], "one config in its life"),
        (and(&asks, &[JobBegun, leave]), working(), vec![], "a job was faster than the answer"),
        (left.to_vec(), Pid1State::LastLook, vec![], "told to leave: one last look"),
        (and(&left, &[JobBegun]), working(), vec![], "a job in the last look"),
        (last.to_vec(), Pid1State::Freezing { released: true }, vec![Pid1Action::Freeze], "freezes"),
        (and(&last, &[Looked(true)]), working(), vec![Pid1Action::Thaw], "a job after all"),
        (and(&last, &[Looked(false)]), Pid1State::Over(RELEASED), vec![], "leaves"),
        (and(&last, &[NotFrozen]), Pid1State::LastLook, vec![], "looks again later"),
        (vec![Terminate], Pid1State::Freezing { released: false }, vec![Pid1Action::Freeze], "stopped idle"),
        (vec![Terminate, Looked(false)], Pid1State::Over(TERMINATED), vec![], "leaves at once"),
        (vec![Terminate, Looked(true)], working(), vec![Pid1Action::Thaw], "had begun"),
        (vec![Terminate, NotFrozen], working(), vec![], "taken for at work"),
        (
            and(&asks, &[Terminate, Looked(false)]),
            Pid1State::Over(TERMINATED),
            vec![],
            "stopped while it asks",
        ),
        (
            and(&left, &[Terminate, Looked(false)]),
            Pid1State::Over(TERMINATED),
            vec![],
            "stopped as it leaves",
        ),
        (vec![JobBegun, Terminate], working(), vec![], "goes on"),
        (vec![JobBegun, Terminate, Due], interrupted(), vec![Pid1Action::Interrupt], "until it is late"),
        (
            vec![JobBegun, Terminate, Due, Due],
            Pid1State::Over(JOB_DONE),
            vec![],
            "and no longer; it had begun",
        ),
        (vec![JobBegun, Exited(Exit::Code(0))], Pid1State::Over(JOB_DONE), vec![], "done"),
    ] {
        let (machine, did) = after_config(&events);
        assert_eq!((machine.state(), did), (state, actions), "{why}");
    }
}

fn working() -> Pid1State {
    Pid1State::Working { interrupted: false }
}

fn interrupted() -> Pid1State {
    Pid1State::Working { interrupted: true }
}

#[test]
fn the_runner_programs_end_is_the_tasks_and_its_code_says_how_far_it_was() {
    use Exit::{Code, Signal};
    use Pid1Event::{Answered as Told, Due, JobBegun, ListenerUp, Looked, Terminate};
    let left = [ListenerUp, Looked(false), Told(Answered::Leave)];
    let frozen = [&left[..], &[Due]].concat();
    for (before, exit, code, why) in [
        (vec![JobBegun], Code(7), JOB_DONE, "whatever ends a job that has begun"),
        (vec![JobBegun], Code(1), JOB_DONE, "the same"),
        (vec![JobBegun], Signal(9), JOB_DONE, "the same"),
        (vec![JobBegun, Terminate, Due], Signal(2), JOB_DONE, "interrupted, as it was asked"),
        (vec![ListenerUp, Looked(true)], Code(1), JOB_DONE, "a worker was seen, and nothing was said of it"),
        (vec![], Code(7), RUNNER_OUTDATED, "outdated"),
        (vec![ListenerUp], Code(7), RUNNER_OUTDATED, "outdated, as it finds out when it updates"),
        (vec![ListenerUp], Code(0), REMOVED, "GitHub removed it"),
        (vec![ListenerUp, Looked(false)], Code(0), REMOVED, "the same, while it asks"),
        (vec![ListenerUp], Code(1), FAILED, "it failed"),
        (vec![ListenerUp], Signal(9), FAILED, "it was killed"),
        (vec![], Code(0), FAILED, "it never listened"),
        (vec![Due, Looked(false)], Code(0), FAILED, "the same, while it asks"),
        (vec![], Signal(9), FAILED, "killed"),
        (left.to_vec(), Code(0), RELEASED, "its registration is deleted, and it saw that first"),
        (left.to_vec(), Code(1), RELEASED, "the same"),
        (frozen, Code(1), RELEASED, "the same"),
        (vec![Terminate], Code(0), TERMINATED, "stopped as well, and faster than PID 1"),
    ] {
        let (machine, actions) = after_config(&[&before[..], &[Pid1Event::Exited(exit)]].concat());
        assert_eq!(
            (machine.state(), actions),
            (Pid1State::Over(code), vec![]),
            "{before:?}, {exit:?}: {why}"
        );
    }
}

#[test]
fn a_pid_1_that_cannot_go_on_fails_unless_a_job_has_begun() {
    use Pid1Event::{JobBegun, ListenerUp, Terminate};
    for (events, code) in [
        (vec![], FAILED),
        (vec![ListenerUp], FAILED),
        (vec![JobBegun], JOB_DONE),
        (vec![JobBegun, Terminate], JOB_DONE),
    ] {
        assert_eq!(after_config(&events).0.code_of_failure(), code, "{events:?}");
    }
    assert_eq!(after(&[]).0.code_of_failure(), FAILED);
}

#[test]
fn each_question_says_how_far_the_listener_is() {
    use Pid1Event::{Answered as Told, Due, ListenerUp, Looked};
    let waits = Told(Answered::Wait(MINUTE));
    for (events, listener, why) in [
        (vec![Due, Looked(false)], Listener::Starting, "it was started half a minute ago"),
        (vec![Due, Looked(false), waits, Due, Looked(false)], Listener::Starting, "it hangs"),
        (vec![ListenerUp, Looked(false)], Listener::Up, "it has said so"),
        (vec![Due, ListenerUp, Looked(false)], Listener::Up, "it has said so during the look"),
        (vec![ListenerUp, Looked(false), waits, Due, Looked(false)], Listener::Up, "it stays so"),
    ] {
        assert_eq!(after_config(&events).1, [Pid1Action::Ask(listener)], "{why}");
    }
}

#[test]
fn a_listener_that_comes_up_while_a_question_is_under_way_is_told_of_with_its_answer() {
    use Pid1Event::{Answered as Told, Due, ListenerUp, Looked};
    let under_way = [Due, Looked(false), ListenerUp];
    let waits = Told(Answered::Wait(MINUTE));
    let (machine, actions) = after_config(&[&under_way[..], &[waits]].concat());
    assert_eq!((machine.state(), actions), (Pid1State::Looking, vec![Pid1Action::Look]), "at once");
    let (_, actions) = after_config(&[&under_way[..], &[waits, Looked(false)]].concat());
    assert_eq!(actions, [Pid1Action::Ask(Listener::Up)], "and once");
    let (machine, _) = after_config(&[&under_way[..], &[waits, Looked(false), waits]].concat());
    assert_eq!(machine.state(), Pid1State::Idle, "the registrar knows by then");
    for answered in
        [Answered::Later(None), Answered::Later(Some(5 * MINUTE)), Answered::Refused, Answered::Config]
    {
        let (machine, actions) = after_config(&[&under_way[..], &[Told(answered)]].concat());
        assert_eq!(
            (machine.state(), actions),
            (Pid1State::Idle, vec![]),
            "{answered:?}: not before its time"
        );
        let (_, actions) = after_config(&[&under_way[..], &[Told(answered), Due, Looked(false)]].concat());
        assert_eq!(actions, [Pid1Action::Ask(Listener::Up)], "{answered:?}: but then");
    }
    let (machine, actions) = after_config(&[&under_way[..], &[Told(Answered::NoAnswer)]].concat());
    assert_eq!(
        (machine.state(), actions),
        (Pid1State::Idle, vec![]),
        "the registrar may be at work on it still"
    );
    let asked = 4 * SECOND;
    assert!(machine.deadline() >= Some(asked + PATIENCE), "so it waits longer than a registrar can live");
    let (machine, _) = after_config(&[&under_way[..], &[Told(Answered::Leave)]].concat());
    assert_eq!(machine.state(), Pid1State::LastLook, "it is to leave, up or not");
}
