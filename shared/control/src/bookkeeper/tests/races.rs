//! Two writers at the same time.

use fleet::ledger::JobState;
use proptest::prelude::*;

use super::*;

#[test]
fn two_launchers_that_race_for_a_redelivered_job_reserve_one_runner() {
    let table = FaultyTable::default();
    table.meets([CommitFault::meanwhile(|table| {
        let other = settle_with(&launcher(2, table), &queued("plain", [1])).unwrap();
        assert_eq!(other.reserved.len(), 1, "the other one writes first");
    })]);
    let posted = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!((posted.reserved, posted.conflicts), (vec![], 1));
    assert_eq!(table.runners_in(RunnerState::Starting).len(), 1);
    table.assert_balanced();
}

#[test]
fn a_posting_that_follows_another_reads_again_only_after_a_foreign_write() {
    let go_on = |meanwhile: &dyn Fn(&FaultyTable, &RunnerId), reads_that_fail: u32| {
        let table = FaultyTable::default();
        let registrar = launcher(1, &table);
        let runner = settle_with(&registrar, &queued("plain", [1])).unwrap().reserved.remove(0).id;
        let first = Event::Runner(runner.clone(), asked("first", Listener::None));
        let earlier = post_with(&registrar, &[first]).unwrap();
        meanwhile(&table, &runner);
        table.reads_fail(reads_that_fail);
        let event = Event::Runner(runner.clone(), registered("first", 7));
        let pools = pools();
        let posted = registrar.post_after(&pools, earlier, event).now_or_never().expect("nothing waits");
        table.assert_balanced();
        posted.map(|posted| (posted.answers, posted.runners[&runner].github_id.map(|id| id.0), posted.wrote))
    };
    let configured = Ok((vec![LedgerAnswer::Ask(AskAnswer::Config)], Some(7), true));
    assert_eq!(go_on(&|_, _| {}, ATTEMPTS), configured, "the runner is unchanged: only its book is read");
    let fenced = |table: &FaultyTable, runner: &RunnerId| {
        let event = Event::Runner(runner.clone(), RunnerEvent::CountedOut);
        post_with(&launcher(2, table), &[event]).unwrap();
    };
    let left = Ok((vec![LedgerAnswer::Ask(AskAnswer::Leave)], None, false));
    assert_eq!(go_on(&fenced, 0), left, "it was counted out meanwhile");
}

/// A read of GitHub says that a job waits for an approval, and the approval comes before that is written.
#[test]
fn an_approval_that_comes_between_a_read_of_github_and_its_write_is_not_lost() {
    let approved = |table: &FaultyTable| {
        settle_with(&launcher(2, table), &queued("plain", [1])).unwrap();
    };
    for (before_the_read_of_the_ledger, why) in [
        (true, "its queued is written before the ledger is read"),
        (false, "its queued is written between the ledger's read and its write"),
    ] {
        let table = FaultyTable::default();
        settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
        let version = table.job(JobId(1)).expect("it waits").version;
        if before_the_read_of_the_ledger {
            approved(&table);
        } else {
            table.meets([CommitFault::meanwhile(approved)]);
        }
        post_with(&launcher(3, &table), &[Event::FoundWaiting { job: JobId(1), version }]).unwrap();
        let state = table.job(JobId(1)).map(|job| job.state);
        assert_eq!((state, table.totals("plain").queued), (Some(JobState::Queued), 1), "{why}");
        table.assert_balanced();
    }
}

#[test]
fn two_runners_that_race_for_one_job_are_answered_one_config() {
    let table = FaultyTable::default();
    let runners = settle_with(&launcher(1, &table), &queued("plain", 1..=2)).unwrap().reserved;
    let ended = [Event::Job(job_event(JobAction::Completed, 1, "plain"))];
    post_with(&launcher(1, &table), &ended).unwrap();
    let ask = |runner: &Runner| [Event::Runner(runner.id.clone(), asked("first", Listener::None))];
    let (first, second) = (ask(&runners[0]), ask(&runners[1]));
    table.meets([CommitFault::meanwhile(move |table| {
        let answers = post_with(&launcher(2, table), &first).unwrap().answers;
        assert_eq!(answers, [LedgerAnswer::Ask(AskAnswer::Config)], "it writes first");
    })]);
    let posted = post_with(&launcher(1, &table), &second).unwrap();
    assert_eq!((posted.answers, posted.conflicts), (vec![LedgerAnswer::Ask(AskAnswer::Leave)], 1));
    assert_eq!(table.totals("plain").idle, 1);
    table.assert_balanced();
}

#[test]
fn two_launchers_that_race_with_one_job_each_reserve_one_runner_each() {
    let table = FaultyTable::default();
    table.meets([CommitFault::meanwhile(|table| {
        let other = settle_with(&launcher(2, table), &queued("plain", [2])).unwrap();
        assert_eq!(other.reserved.len(), 1);
    })]);
    let posted = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!((posted.reserved.len(), posted.conflicts), (1, 1));
    assert_eq!(table.runners_in(RunnerState::Starting).len(), 2);
    table.assert_balanced();
}

#[test]
fn two_launchers_that_race_for_a_fallback_never_exceed_its_maximum() {
    let table = FaultyTable::default();
    let pools = pool_map(&[("plain", None, 1), ("spot", Some("plain"), 1)]);
    let settle = |number, table: &FaultyTable, events: &[Event]| {
        launcher(number, table)
            .post_and_settle(&pools, events, Settling::Now(10))
            .now_or_never()
            .expect("nothing waits")
            .unwrap()
    };
    let first = settle(1, &table, &queued("spot", [1])).reserved[0].id.clone();
    post_with(&launcher(1, &table), &[launch_failed(&first, FailureClass::Elsewhere)]).unwrap();

    let others = pools.clone();
    table.meets([CommitFault::meanwhile(move |table| {
        let other = launcher(2, table);
        let job = queued("plain", [2]);
        let posted = other
            .post_and_settle(&others, &job, Settling::Now(10))
            .now_or_never()
            .expect("nothing waits")
            .unwrap();
        assert_eq!(posted.reserved.len(), 1, "the last room of the fallback");
    })]);
    let posted = settle(1, &table, &queued("spot", [3]));
    assert_eq!((posted.reserved, posted.conflicts), (vec![], 1), "no room is left");
    assert_eq!(table.totals("plain").live, 1);
    table.assert_balanced();
}

proptest! {
    /// Conflicts and lost answers in any order.
    #[test]
    fn every_job_gets_one_runner_whatever_the_ledger_does(
        jobs in 1_u64..=20,
        faults in proptest::collection::vec(0_u8..5, 0..ATTEMPTS as usize),
    ) {
        let another_job = |table: &FaultyTable| drop(post_with(&launcher(2, table), &queued("plain", [99])).unwrap());
        let table = FaultyTable::default();
        table.meets(faults.iter().map(|fault| match fault {
            0 => CommitFault::Conflict,
            1 => CommitFault::Down,
            2 => CommitFault::lost(),
            3 => CommitFault::lost_and_then(another_job),
            _ => CommitFault::meanwhile(another_job),
        }));
        let posted = settle_with(&launcher(1, &table), &queued("plain", 1..=jobs)).unwrap();
        prop_assert_eq!(ids(&posted.reserved), table.runners_in(RunnerState::Starting));
        let all_queued = (1..=jobs)
            .all(|id| table.job(JobId(id)).is_some_and(|job| job.state == JobState::Queued));
        prop_assert!(all_queued);
        let missed = u64::from(table.job(JobId(99)).is_some());
        let runners = u64::try_from(posted.reserved.len()).unwrap();
        prop_assert!((jobs..=jobs + missed).contains(&runners), "{} runners for {} jobs", runners, jobs);
        table.assert_balanced();
    }
}
