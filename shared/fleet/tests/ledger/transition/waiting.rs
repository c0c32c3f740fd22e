//! Approval gates: a webhook only adds demand, and only a read of GitHub takes it away.

use super::*;
use fleet::JobId;
use fleet::ledger::{Event, Item};

use crate::written::Written;

const HOUR: i64 = 3600;

#[test]
fn a_job_that_was_found_waiting_waits_only_if_no_event_came_since_github_was_asked() {
    use JobState::{Completed, InProgress, Queued, Unserved, Waiting};
    for (before, version, waits, why) in [
        (Some(Queued), 2, true, "as it was before GitHub was asked"),
        (Some(Queued), 1, false, "a webhook has come since, and counts more"),
        (Some(Queued), 0, false, "it was not known when GitHub was asked"),
        (Some(Queued), 3, false, "there is no such version yet"),
        (Some(Waiting), 2, false, "it does already"),
        (Some(Unserved), 2, false, "it does not count"),
        (Some(InProgress), 2, false, "a runner took it"),
        (Some(Completed), 2, false, "it has ended"),
        (None, 0, false, "forgotten"),
    ] {
        let before = before.map(|state| Job { heard_at: Some(at(-30)), ..job(state, "spot") });
        let outcome = of_found_waiting(before.as_ref(), version, at(0));
        let counted = if waits { "spot.queued -1" } else { "" };
        assert_eq!(posts(before.as_ref(), None, &outcome), counted, "{before:?}, {version}: {why}");
        let expected = before.filter(|_| waits).map(|before| Job {
            state: Waiting,
            changed_at: at(0),
            heard_at: None,
            read_at: None,
            ..before
        });
        assert_eq!(outcome.job, expected, "{why}");
        assert_eq!((outcome.runner, outcome.news, outcome.answer), (None, None, NOTED), "{why}");
    }
}

#[test]
fn a_second_queued_is_written_down_though_it_moves_nothing() {
    let before = job(JobState::Queued, "spot");
    let routed_elsewhere = job_event(JobAction::Queued, 1, "routed");
    let after = of_job(Some(&before), None, &routed_elsewhere, at(0)).job;
    assert_eq!(after, Some(Job { heard_at: Some(at(0)), ..before }), "when, and nothing else");
}

#[test]
fn a_job_that_is_approved_begins_to_wait_now_however_old_it_is() {
    let before = Job { seen_at: at(-40 * 24 * HOUR), ..job(JobState::Waiting, "spot") };
    let old = JobEvent { created_at: Some(at(-40 * 24 * HOUR)), ..job_event(JobAction::Queued, 1, "spot") };
    let after = of_job(Some(&before), None, &old, at(0)).job;
    let times = JobTimes { created_at: old.created_at, ..before.times };
    assert_eq!(after, Some(Job { state: JobState::Queued, changed_at: at(0), times, ..before }));
}

/// Each of these comes between the read of GitHub and its write.
#[test]
fn an_approval_between_the_read_of_github_and_its_write_is_not_lost() {
    let says = |action| Event::Job(job_event(action, 1, "spot"));
    for (meanwhile, state, queued, why) in [
        (vec![], JobState::Waiting, 0, "nothing came, so GitHub's answer counts"),
        (vec![JobAction::Queued], JobState::Queued, 1, "approved, and its queued came"),
        (vec![JobAction::Queued, JobAction::Queued], JobState::Queued, 1, "and once more"),
        (vec![JobAction::InProgress], JobState::InProgress, 0, "approved and taken"),
        (vec![JobAction::Completed], JobState::Completed, 0, "rejected"),
    ] {
        let mut ledger = Written::new();
        ledger.post(&says(JobAction::Queued), 0);
        let version = ledger.job(1).version;
        for action in meanwhile {
            ledger.post(&says(action), 120);
        }
        ledger.post(&Event::FoundWaiting { job: JobId(1), version }, 121);
        assert_eq!((ledger.job(1).state, ledger.book("spot").queued), (state, queued), "{why}");
    }
}

#[test]
fn a_job_that_waits_for_its_approval_comes_back_with_its_queued_and_can_wait_again() {
    let mut ledger = Written::new();
    let queued = Event::Job(job_event(JobAction::Queued, 1, "spot"));
    ledger.post(&queued, 0);
    for round in 1..=3 {
        let version = ledger.job(1).version;
        ledger.post(&Event::FoundWaiting { job: JobId(1), version }, 100 * round);
        assert_eq!(
            (ledger.job(1).state, ledger.book("spot").queued),
            (JobState::Waiting, 0),
            "round {round}"
        );
        ledger.post(&queued, 100 * round + 50);
        assert_eq!((ledger.job(1).state, ledger.book("spot").queued), (JobState::Queued, 1), "round {round}");
        assert_eq!(ledger.job(1).changed_at, at(100 * round + 50), "since its approval");
    }
}

#[test]
fn an_unknown_job_that_was_created_over_a_day_ago_is_reported_once_and_waits_until_github_is_asked() {
    for (action, age, is_old, why) in [
        (JobAction::Queued, Some(24 * HOUR), false, "a day"),
        (JobAction::Queued, Some(24 * HOUR + 1), true, "an old delivery, posted again"),
        (JobAction::Queued, Some(-60), false, "GitHub's clock is ahead of ours"),
        (JobAction::Queued, None, false, "the payload does not say"),
        (JobAction::InProgress, Some(25 * HOUR), false, "a runner has taken it"),
        (JobAction::Completed, Some(25 * HOUR), false, "it makes no demand"),
    ] {
        let mut ledger = Written::new();
        let created_at = age.map(|age| at(-age));
        let event = Event::Job(JobEvent { created_at, ..job_event(action, 1, "spot") });
        let told = ledger.post(&event, 0).tidings.old_jobs;
        let expected = if is_old { [JobId(1)].into() } else { [].into() };
        assert_eq!(told, expected, "{action:?}: {why}");
        if action == JobAction::Queued {
            let state = if is_old { JobState::Waiting } else { JobState::Queued };
            assert_eq!(ledger.job(1).state, state, "{why}");
            assert!(is_old || ledger.book("spot").queued == 1, "{why}");
        }
        let again = ledger.post(&event, 60).tidings.old_jobs;
        assert_eq!(again, [].into(), "{action:?}: it is known now");
        if action == JobAction::Queued {
            assert_eq!(ledger.job(1).state, JobState::Queued, "{why}: the second time it is believed");
        }
    }
}

/// Only GitHub's word ends a job. At most, another event sets it back to Waiting.
#[test]
fn age_alone_ends_no_job() {
    let month = 31 * 24 * HOUR;
    for (state, event, stays, why) in [
        (JobState::Queued, Some(JobAction::Queued), JobState::Queued, "it still waits, as GitHub says"),
        (JobState::Waiting, Some(JobAction::Queued), JobState::Queued, "approved on the gate's last day"),
        (JobState::Queued, None, JobState::Waiting, "a read says that it waits for an approval"),
        (JobState::Queued, Some(JobAction::Completed), JobState::Completed, "GitHub's word"),
    ] {
        let old = Job { seen_at: at(-month), changed_at: at(-month), ..job(state, "spot") };
        let version = old.version;
        let mut ledger = Written::with(Item::Job(old));
        let event = match event {
            Some(action) => {
                Event::Job(JobEvent { created_at: Some(at(-month)), ..job_event(action, 1, "spot") })
            }
            None => Event::FoundWaiting { job: JobId(1), version },
        };
        ledger.post(&event, 0);
        assert_eq!(ledger.job(1).state, stays, "{why}");
    }
}

#[test]
fn a_read_that_moves_nothing_is_written_down_and_counts_for_its_state_alone() {
    for (before, state, is_written, why) in [
        (Some(JobState::Queued), JobState::Queued, true, "it still waits"),
        (Some(JobState::Waiting), JobState::Waiting, true, "it is not approved"),
        (Some(JobState::InProgress), JobState::InProgress, true, "it runs"),
        (Some(JobState::InProgress), JobState::Queued, false, "a runner took it meanwhile"),
        (Some(JobState::Queued), JobState::Waiting, false, "it was approved meanwhile"),
        (None, JobState::Queued, false, "it is not known"),
    ] {
        let before = before.map(|state| job(state, "spot"));
        let outcome = of_read(before.as_ref(), state, at(0));
        let expected = before.filter(|_| is_written).map(|before| Job { read_at: Some(at(0)), ..before });
        assert_eq!(outcome.job, expected, "{why}");
    }
    let read = Job { read_at: Some(at(-60)), ..job(JobState::Waiting, "spot") };
    let approved = of_job(Some(&read), None, &job_event(JobAction::Queued, 1, "spot"), at(0)).job.unwrap();
    assert_eq!((approved.state, approved.read_at), (JobState::Queued, None), "its time begins anew");
}
