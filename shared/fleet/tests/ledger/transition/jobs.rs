//! What GitHub reports about jobs.

use super::*;
use fleet::JobId;
use fleet::ledger::{Event, Key};
use kit::ledger::taken_by;

use crate::written::Written;

#[test]
fn a_job_only_moves_forward_and_counts_while_it_waits() {
    use JobAction as Says;
    use JobState::{Completed, InProgress, Queued, Unserved, Waiting};
    for (before, action, after, counted, why) in [
        (None, Says::Queued, Some(Queued), "routed.queued +1", "seen for the first time"),
        (
            None,
            Says::InProgress,
            Some(InProgress),
            "",
            "its queued event is late or lost, so it never counted",
        ),
        (None, Says::Completed, Some(Completed), "", "both events before are late or lost"),
        (Some(Waiting), Says::Queued, Some(Queued), "waits.queued +1", "it was approved"),
        (Some(Waiting), Says::InProgress, Some(InProgress), "", "approved and taken; it did not count"),
        (Some(Waiting), Says::Completed, Some(Completed), "", "rejected"),
        (Some(Queued), Says::Queued, Some(Queued), "", "it moves nothing, but is written down"),
        (Some(Queued), Says::InProgress, Some(InProgress), "waits.queued -1", "a runner took it"),
        (Some(Queued), Says::Completed, Some(Completed), "waits.queued -1", "cancelled while it waited"),
        (Some(Unserved), Says::Queued, None, "", "redelivered; only a repair moves it back"),
        (Some(Unserved), Says::InProgress, Some(InProgress), "", "served after all; it did not count"),
        (Some(Unserved), Says::Completed, Some(Completed), "", "given up at GitHub too"),
        (Some(InProgress), Says::Queued, None, "", "reordered; or an in_progress without a runner's name"),
        (Some(InProgress), Says::InProgress, None, "", "redelivered"),
        (Some(InProgress), Says::Completed, Some(Completed), "", "it ended"),
        (Some(Completed), Says::Queued, None, "", "reordered"),
        (Some(Completed), Says::InProgress, None, "", "reordered"),
        (Some(Completed), Says::Completed, None, "", "redelivered"),
    ] {
        let before = before.map(|state| job(state, "waits"));
        let event = job_event(action, 1, "routed");
        let outcome = of_job(before.as_ref(), None, &event, at(0));
        let found = (outcome.job.as_ref().map(|job| job.state), posts(before.as_ref(), None, &outcome));
        assert_eq!(found, (after, counted.to_owned()), "{before:?} and {action:?}: {why}");
        assert_eq!((outcome.runner, outcome.news, outcome.answer), (None, None, NOTED), "{why}");
    }
}

#[test]
fn a_job_stays_in_the_pool_it_was_counted_in() {
    let before = job(JobState::Queued, "waits");
    let event = job_event(JobAction::InProgress, 1, "routed");
    let after = of_job(Some(&before), None, &event, at(0)).job;
    let times = JobTimes { begun_at: Some(at(0)), ..before.times };
    let expected = Job { state: JobState::InProgress, changed_at: at(0), times, ..before };
    assert_eq!(after, Some(expected), "routed elsewhere meanwhile");
}

#[test]
fn a_job_that_no_pool_serves_is_written_down_with_its_begin_and_its_end_and_in_our_runners_pool() {
    let unrouted = JobEvent { pool: None, ..job_event(JobAction::InProgress, 1, "routed") };
    for (event, runner, in_pool, why) in [
        (unrouted.clone(), Some(Life::Registered), None, "nobody is named"),
        (taken_by(unrouted.clone(), &ours(), 7), Some(Life::Registered), Some("spot"), "our runner is named"),
        (taken_by(unrouted.clone(), &ours(), 8), Some(Life::Registered), None, "another runner has our name"),
        (taken_by(unrouted, &ours(), 7), None, None, "the runner is unknown"),
    ] {
        let runner = runner.map(Life::runner);
        let outcome = of_job(None, runner.as_ref(), &event, at(0));
        let job = outcome.job.expect("a begin is written down");
        assert_eq!((job.state, job.pool), (JobState::InProgress, in_pool.map(pool)), "{why}");
    }
}

/// If the end came first, a late `queued` of the same job is compared with it.
#[test]
fn a_late_event_of_a_job_that_began_or_ended_unknown_counts_nothing() {
    for (action, state) in
        [(JobAction::InProgress, JobState::InProgress), (JobAction::Completed, JobState::Completed)]
    {
        let mut ledger = Written::new();
        let unrouted = JobEvent { pool: None, ..job_event(action, 1, "spot") };
        let posted = ledger.post(&Event::Job(unrouted), 0);
        assert_eq!(posted.wrote, [Key::Job(JobId(1))].into(), "no book is touched");
        assert_eq!((ledger.job(1).state, &ledger.job(1).pool), (state, &None));
        // Its pool is in the map again, or its labels were read.
        let late = ledger.post(&Event::Job(job_event(JobAction::Queued, 1, "spot")), 60);
        assert_eq!((late.wrote.len(), ledger.job(1).state), (0, state), "{action:?}");
    }
    let mut ledger = Written::new();
    let nowhere = JobEvent { pool: None, ..job_event(JobAction::Queued, 1, "spot") };
    assert_eq!(ledger.post(&Event::Job(nowhere), 0).wrote.len(), 0, "a job that waits must count in a book");
}

#[test]
fn whether_a_repository_is_public_is_kept_as_github_said_last() {
    let mut ledger = Written::new();
    let public = JobEvent { is_public: true, ..job_event(JobAction::Queued, 1, "spot") };
    ledger.post(&Event::Job(public), 0);
    assert!(ledger.job(1).is_public);
    ledger.post(&Event::Job(job_event(JobAction::InProgress, 1, "spot")), 1);
    assert!(!ledger.job(1).is_public);
}

#[test]
fn the_named_runner_is_busy_from_the_first_event_that_says_so_unless_it_has_stopped() {
    use JobAction::{Completed, InProgress, Queued};
    let out_of_idle = Some("spot.supply -1, spot.idle -1");
    for (life, counted, why) in [
        (Life::Starting, None, "it has no registration that the event could name"),
        (Life::Called, None, "it has no registration that the event could name"),
        (Life::Registered, out_of_idle, "its job is faster than its first question with a listener"),
        (Life::Listening, out_of_idle, "it took the job"),
        (Life::Slow, None, "it has no registration that the event could name"),
        (Life::Hung, Some(""), "it was slow, but took a job"),
        (Life::Busy, None, "reported before, or in another way, with its job"),
        (Life::Fenced, None, "it has no registration that the event could name"),
        (Life::Leaving, Some(""), "the job was faster; its supply is already given up"),
        (Life::Stopped, None, "a job so short that its task has stopped already"),
    ] {
        let before = life.runner();
        let done = job(JobState::Completed, "waits");
        for action in [Queued, InProgress, Completed] {
            let event = taken_by(job_event(action, 1, "routed"), &ours(), 7);
            let outcome = of_job(Some(&done), Some(&before), &event, at(0));
            let counted = counted.filter(|_| action != Queued);
            let found = effect(&before, &outcome);
            let expected = match counted {
                Some(posts) => with(News::RanJob, writes("Busy, job", posts, NOTED)),
                None if life == Life::Busy && action == InProgress => writes("job", "", NOTED),
                None => nothing(NOTED),
            };
            assert_eq!(found, expected, "{life:?} and {action:?}: {why}");
        }
    }
}

#[test]
fn a_job_that_may_not_have_run_shows_nothing_of_its_capacity() {
    let before = Life::Listening.runner();
    for (action, may_not_have_run, news, why) in [
        (JobAction::InProgress, false, Some(News::RanJob), "it has begun"),
        (JobAction::Completed, false, Some(News::RanJob), "it has run, and in_progress was lost"),
        (JobAction::Completed, true, None, "cancelled or skipped, maybe before it began"),
    ] {
        let event = JobEvent { may_not_have_run, ..job_event(action, 1, "routed") };
        let outcome = of_job(None, Some(&before), &taken_by(event, &ours(), 7), at(0));
        assert_eq!(outcome.news, news, "{why}");
        assert_eq!(outcome.runner.map(|runner| runner.state), Some(RunnerState::Busy), "{why}");
    }
}

#[test]
fn a_runner_moves_only_if_the_events_registration_is_the_stored_one() {
    let taken = |runner: &RunnerId, github_id| {
        taken_by(job_event(JobAction::InProgress, 1, "routed"), runner, github_id)
    };
    for (life, event, is_ours, why) in [
        (Life::Registered, taken(&ours(), 7), true, "our name, and the registration that was answered"),
        (Life::Registered, taken(&ours(), 8), false, "our name on somebody else's registration"),
        (Life::Registered, taken(&ours(), 6), false, "the registration that this one has replaced"),
        (Life::Called, taken(&ours(), 7), false, "our name before there is a registration"),
        (Life::Starting, taken(&ours(), 7), false, "our name before there is a question"),
        (Life::Registered, taken(&runner_id(2), 7), false, "another name of ours"),
        (Life::Registered, job_event(JobAction::InProgress, 1, "routed"), false, "GitHub's own runner"),
    ] {
        let outcome = of_job(Some(&job(JobState::Queued, "waits")), Some(&life.runner()), &event, at(0));
        assert_eq!(outcome.runner.is_some(), is_ours, "{why}");
        let after = outcome.job.expect("the job moves whoever took it");
        assert_eq!((after.state, after.runner), (JobState::InProgress, is_ours.then(ours)), "{why}");
    }
}

#[test]
fn a_job_and_its_runner_move_together_each_in_its_own_pools_book() {
    let event = taken_by(job_event(JobAction::InProgress, 1, "routed"), &ours(), 7);
    let (waits, idle) = (job(JobState::Queued, "waits"), Life::Listening.runner());
    let outcome = of_job(Some(&waits), Some(&idle), &event, at(0));
    assert_eq!(
        posts(Some(&waits), Some(&idle), &outcome),
        "waits.queued -1, spot.supply -1, spot.idle -1",
        "it took another pool's job"
    );
}

#[test]
fn a_job_remembers_its_runner_when_a_later_event_names_none() {
    let before = Job { runner: Some(ours()), ..job(JobState::InProgress, "waits") };
    let event = job_event(JobAction::Completed, 1, "routed");
    let after = of_job(Some(&before), None, &event, at(0)).job.expect("it moves");
    assert_eq!(after.runner, Some(ours()));
    assert_eq!((after.id, after.seen_at), (JobId(1), at(-60)));
}
