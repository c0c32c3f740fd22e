//! Conflicts, an unreachable ledger, and lost answers.

use super::*;

#[test]
fn after_a_conflict_the_next_attempt_uses_what_was_written_meanwhile() {
    let table = FaultyTable::default();
    table.meets([CommitFault::Conflict, CommitFault::Conflict, CommitFault::None]);
    let launcher = launcher(1, &table);
    let posted = settle_with(&launcher, &queued("plain", [1])).unwrap();
    assert_eq!((posted.conflicts, posted.reserved.len()), (2, 1));
    assert_eq!(ids(&posted.reserved), table.runners_in(RunnerState::Starting));
    assert_eq!(launcher.system.waits().len(), 2, "one wait before each further attempt");

    let undisturbed = FaultyTable::default();
    let expected = settle_with(&super::launcher(1, &undisturbed), &queued("plain", [1])).unwrap().reserved;
    assert_eq!(posted.reserved, expected, "under the ids of the first attempt");
}

#[test]
fn waits_double_up_to_two_seconds_and_jitter_takes_any_part_of_them() {
    let longest = [20, 40, 80, 160, 320, 640, 1280, 2000, 2000, 2000, 2000].map(Duration::from_millis);
    for (jitter, part) in [(0, 0.0), (0x8000, 0.5), (0xffff, 65_535.0 / 65_536.0)] {
        let table = FaultyTable::default();
        table.meets((0..ATTEMPTS).map(|_| CommitFault::Conflict));
        let launcher = Bookkeeper { ledger: &table, system: NotingClock::with_jitter(1, jitter) };
        assert_eq!(settle_with(&launcher, &queued("plain", [1])), Err(PostError::Contended));
        let waits = launcher.system.waits();
        assert_eq!(waits.len(), longest.len(), "one between two attempts");
        for (wait, longest) in waits.iter().zip(longest) {
            assert_eq!(wait.as_micros(), longest.mul_f64(part).as_micros(), "{jitter:#x} of {longest:?}");
        }
    }
}

#[test]
fn a_posting_that_fails_says_why_and_leaves_nothing_behind() {
    for (fault, error, why) in [
        (
            CommitFault::conflict as fn() -> CommitFault,
            PostError::Contended,
            "another writer came first each time",
        ),
        (
            CommitFault::down,
            PostError::Unavailable("ThrottlingException".to_owned()),
            "the ledger did not answer",
        ),
    ] {
        let table = FaultyTable::default();
        table.meets((0..ATTEMPTS).map(|_| fault()));
        assert_eq!(settle_with(&launcher(1, &table), &queued("plain", [1])), Err(error), "{why}");
        assert_eq!(table.items(), [], "{why}");
        assert!(settle_with(&launcher(1, &table), &queued("plain", [1])).is_ok(), "{why}, until now");
    }
}

#[test]
fn a_read_that_fails_is_tried_again() {
    let table = FaultyTable::default();
    table.reads_fail(2);
    let posted = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!(posted.reserved.len(), 1);
    assert_eq!(posted.conflicts, 0, "no other writer came first");

    table.reads_fail(ATTEMPTS);
    let error = settle_with(&launcher(1, &table), &queued("plain", [2])).unwrap_err();
    assert_eq!(error.to_string(), "the ledger is out of reach: ThrottlingException");
}

#[test]
fn a_lost_answer_is_recognised_and_its_reservations_are_returned_once() {
    let table = FaultyTable::default();
    table.meets([CommitFault::lost()]);
    let posted = settle_with(&launcher(1, &table), &queued("plain", 1..=3)).unwrap();
    assert_eq!(ids(&posted.reserved), table.runners_in(RunnerState::Starting));
    assert_eq!(posted.reserved.len(), 3, "not six");
    assert_eq!((posted.answers, posted.conflicts), (vec![LedgerAnswer::Noted; 3], 0));
    assert_eq!(
        table.commits(),
        [7, 3],
        "the second attempt finds everything done, and only hears of the jobs again"
    );
    table.assert_balanced();
}

#[test]
fn after_a_lost_answer_reservations_count_as_what_they_have_become_since() {
    let failed = |table: &FaultyTable, class| {
        let runners = table.runners_in(RunnerState::Starting);
        let first = runners.first().expect("the lost transaction reserved it");
        post_with(&launcher(2, table), &[launch_failed(first, class)]).unwrap();
    };
    let table = FaultyTable::default();
    table.meets([CommitFault::lost_and_then(move |table| failed(table, FailureClass::Later))]);
    let posted = settle_with(&launcher(1, &table), &queued("plain", 1..=2)).unwrap();
    assert_eq!(
        ids(&posted.reserved),
        table.runners_in(RunnerState::Starting),
        "the one that is left, and a new one"
    );
    assert_eq!(posted.reserved.len(), 2);
    assert_eq!(table.runners_in(RunnerState::Stopped).len(), 1, "the failed one is not launched again");
    table.assert_balanced();

    let up = |table: &FaultyTable| {
        let runner = table.runners_in(RunnerState::Starting).pop_first().expect("it was reserved");
        let events = [asked("first", Listener::None), registered("first", 7)];
        let events = events.map(|event| Event::Runner(runner.clone(), event));
        post_with(&launcher(2, table), &events).unwrap();
    };
    let table = FaultyTable::default();
    table.meets([CommitFault::lost_and_then(up)]);
    let posted = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!(posted.reserved, [], "another launcher launched it, and it is up");
    assert_eq!(table.runners_in(RunnerState::Idle).len(), 1);
    table.assert_balanced();
}
