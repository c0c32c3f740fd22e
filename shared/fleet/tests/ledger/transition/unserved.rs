//! Jobs that GitHub gives to no runner, although runners listen for them.

use fleet::JobId;
use fleet::ledger::{Event, Item, Job, JobAction, JobState, UnservedReason};

use super::*;
use crate::written::Written;

const REASON: UnservedReason = UnservedReason::RunnerGroup;

fn unserved(version: u64) -> Event {
    Event::FoundUnserved { job: JobId(1), version, reason: REASON }
}

#[test]
fn a_job_that_is_passed_over_is_counted_while_it_waits_and_moves_nowhere() {
    for (state, counted) in [
        (JobState::Queued, 1),
        (JobState::Waiting, 0),
        (JobState::Unserved, 0),
        (JobState::InProgress, 0),
        (JobState::Completed, 0),
    ] {
        let mut ledger = Written::with(Item::Job(job(state, "spot")));
        ledger.post(&Event::PassedOver { job: JobId(1) }, 5);
        let job = ledger.job(1);
        assert_eq!((job.passed_over, job.state), (counted, state));
        assert_eq!(job.read_at, (counted > 0).then_some(at(5)), "{state:?}: GitHub was asked before");
    }
    let unknown = of_passed_over(None, at(0));
    assert_eq!(unknown, unchanged(LedgerAnswer::Noted));
}

/// Each of these comes between the read of GitHub and its write.
#[test]
fn a_job_is_unserved_as_it_was_when_github_was_asked_and_counts_no_longer() {
    let says = |action| Event::Job(job_event(action, 1, "spot"));
    for (meanwhile, state, queued, why) in [
        (None, JobState::Unserved, 0, "nothing came"),
        (Some(JobAction::Queued), JobState::Queued, 1, "another event came"),
        (Some(JobAction::InProgress), JobState::InProgress, 0, "a runner was given it after all"),
        (Some(JobAction::Completed), JobState::Completed, 0, "somebody cancelled it"),
    ] {
        let mut ledger = Written::new();
        ledger.post(&says(JobAction::Queued), 0);
        let version = ledger.job(1).version;
        if let Some(action) = meanwhile {
            ledger.post(&says(action), 120);
        }
        ledger.post(&unserved(version), 121);
        assert_eq!((ledger.job(1).state, ledger.book("spot").queued), (state, queued), "{why}");
        let reason = (state == JobState::Unserved).then_some(REASON);
        assert_eq!(ledger.job(1).unserved, reason, "{why}");
    }
}

#[test]
fn an_unserved_job_counts_again_when_it_is_tried_again_and_keeps_its_count_of_passes() {
    let unserved = Job {
        passed_over: 2,
        read_at: Some(at(0)),
        unserved: Some(REASON),
        ..job(JobState::Unserved, "spot")
    };
    let mut ledger = Written::with(Item::Job(unserved));
    let version = ledger.job(1).version;
    ledger.post(&Event::TriedAgain { job: JobId(1), version: version - 1 }, 50);
    assert_eq!(ledger.job(1).state, JobState::Unserved, "it was written since");
    ledger.post(&Event::Job(job_event(JobAction::Queued, 1, "spot")), 60);
    assert_eq!(ledger.job(1).state, JobState::Unserved, "a repeated delivery is no reason");
    ledger.post(&Event::TriedAgain { job: JobId(1), version }, 100);
    let job = ledger.job(1);
    assert_eq!((job.state, job.passed_over, job.changed_at), (JobState::Queued, 2, at(100)));
    assert_eq!((job.read_at, job.unserved), (None, None), "in its new state GitHub has not been asked yet");
    assert_eq!(ledger.book("spot").queued, 1);
}

#[test]
fn an_unserved_job_can_still_be_taken_by_a_runner_or_end() {
    for (action, state) in
        [(JobAction::InProgress, JobState::InProgress), (JobAction::Completed, JobState::Completed)]
    {
        let mut ledger = Written::with(Item::Job(job(JobState::Unserved, "spot")));
        ledger.post(&Event::Job(job_event(action, 1, "spot")), 0);
        assert_eq!(ledger.job(1).state, state);
    }
}

/// An approval is asked for in between, say.
#[test]
fn a_job_that_waits_anew_keeps_its_count_of_passes() {
    let before = Job { passed_over: 2, ..job(JobState::Waiting, "spot") };
    let mut ledger = Written::with(Item::Job(before));
    ledger.post(&Event::Job(job_event(JobAction::Queued, 1, "spot")), 10);
    assert_eq!((ledger.job(1).state, ledger.job(1).passed_over), (JobState::Queued, 2));
}
