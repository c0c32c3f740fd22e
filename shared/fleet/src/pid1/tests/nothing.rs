//! Events that change nothing.

use super::*;

#[test]
fn nothing_happens_after_the_end() {
    use Pid1Event::{
        Answered as Told, Due, Exited, JobBegun, ListenerUp, Looked, NotFrozen, NotStarted, Prepared,
        Restored, Terminate,
    };
    for end in [vec![Prepared(false)], vec![Terminate], vec![Prepared(true), Told(Answered::Leave)]] {
        let (ended, _) = after(&end);
        assert!(matches!(ended.state(), Pid1State::Over(_)), "{end:?}");
        for event in [
            Prepared(true),
            Prepared(false),
            Restored,
            Told(Answered::Config),
            Told(Answered::Leave),
            NotStarted,
            ListenerUp,
            JobBegun,
            Looked(true),
            Looked(false),
            NotFrozen,
            Exited(Exit::Code(0)),
            Terminate,
            Due,
        ] {
            let mut machine = ended.clone();
            assert_eq!(machine.step(MINUTE, 0.5, event), [], "{end:?}, {event:?}");
            assert_eq!((machine.state(), machine.deadline()), (ended.state(), None), "{end:?}, {event:?}");
        }
    }
}

#[test]
fn a_listener_is_up_once() {
    use Pid1Event::{Answered as Told, ListenerUp, Looked};
    let waits = [ListenerUp, Looked(false), Told(Answered::Wait(MINUTE))];
    let (waiting, _) = after_config(&waits);
    let (again, actions) = after_config(&[&waits[..], &[ListenerUp]].concat());
    assert_eq!((again.state(), actions), (Pid1State::Idle, vec![]));
    assert_eq!(again.deadline(), waiting.deadline(), "it asks when it was to ask");
}

#[test]
fn who_waits_for_docker_alone_gives_up_no_restore() {
    let (machine, actions) = after(&[Pid1Event::Due]);
    assert_eq!((machine.state(), machine.deadline(), actions), (Pid1State::Preparing, None, vec![]));
}
