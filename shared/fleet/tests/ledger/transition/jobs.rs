//! What GitHub says of jobs.

use super::*;
use fleet::JobId;
use kit::ledger::{job_event, taken_by};

#[test]
fn a_job_only_moves_forward_and_counts_while_it_waits() {
    use JobAction as Says;
    use JobState::{Completed, InProgress, Queued, Unserved};
    for (before, action, after, counted, why) in [
        (None, Says::Queued, Some(Queued), "routed.queued +1", "seen for the first time"),
        (None, Says::InProgress, Some(InProgress), "", "its queued event is late or lost: it never counted"),
        (None, Says::Completed, Some(Completed), "", "both events before are late or lost"),
        (Some(Queued), Says::Queued, None, "", "redelivered"),
        (Some(Queued), Says::InProgress, Some(InProgress), "waits.queued -1", "a runner took it"),
        (Some(Queued), Says::Completed, Some(Completed), "waits.queued -1", "cancelled while it waited"),
        (Some(Unserved), Says::Queued, None, "", "redelivered; a repair alone moves it back"),
        (Some(Unserved), Says::InProgress, Some(InProgress), "", "served after all; it did not count"),
        (Some(Unserved), Says::Completed, Some(Completed), "", "given up at GitHub too"),
        (Some(InProgress), Says::Queued, None, "", "reordered"),
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
        assert_eq!((outcome.runner, outcome.health, outcome.answer), (None, None, Answer::Noted), "{why}");
    }
}

#[test]
fn a_job_stays_in_the_pool_it_was_counted_in() {
    let before = job(JobState::Queued, "waits");
    let event = job_event(JobAction::InProgress, 1, "routed");
    let after = of_job(Some(&before), None, &event, at(0)).job;
    let expected = Job { state: JobState::InProgress, changed_at: at(0), ..before };
    assert_eq!(after, Some(expected), "routed elsewhere meanwhile");
}

#[test]
fn a_job_that_no_pool_serves_is_written_down_if_a_runner_of_ours_has_it() {
    let unrouted = JobEvent { pool: None, ..job_event(JobAction::InProgress, 1, "routed") };
    for (event, runner, in_pool, why) in [
        (unrouted.clone(), Some(Life::Idle), None, "nobody is named"),
        (taken_by(unrouted.clone(), &ours(), 7), Some(Life::Idle), Some("spot"), "our runner is named"),
        (taken_by(unrouted.clone(), &ours(), 8), Some(Life::Idle), None, "another runner has our name"),
        (taken_by(unrouted, &ours(), 7), None, None, "the runner is unknown"),
    ] {
        let runner = runner.map(Life::runner);
        let outcome = of_job(None, runner.as_ref(), &event, at(0));
        assert_eq!(outcome.job.map(|job| job.pool), in_pool.map(pool), "{why}");
    }
}

#[test]
fn the_named_runner_is_busy_from_the_first_event_that_says_so() {
    use JobAction::{Completed, InProgress, Queued};
    use RunnerState::Busy;
    for (life, action, after, counted, why) in [
        (Life::Claimed, Queued, None, "", "a queued job has no runner"),
        (Life::Claimed, InProgress, None, "", "it has no registration that the event could name"),
        (Life::Claimed, Completed, None, "", "the same"),
        (Life::Idle, Queued, None, "", "a queued job has no runner"),
        (Life::Idle, InProgress, Some(Busy), "spot.supply -1", "it took the job"),
        (Life::Idle, Completed, Some(Busy), "spot.supply -1", "in_progress is late or lost"),
        (Life::Waiting, Queued, None, "", "a queued job has no runner"),
        (Life::Waiting, InProgress, Some(Busy), "spot.supply -1", "it took the job"),
        (Life::Waiting, Completed, Some(Busy), "spot.supply -1", "in_progress is late or lost"),
        (Life::Busy, Queued, None, "", "reordered"),
        (Life::Busy, InProgress, None, "", "redelivered"),
        (Life::Busy, Completed, None, "", "its task is still to stop"),
        (Life::Leaving, Queued, None, "", "reordered"),
        (Life::Leaving, InProgress, Some(Busy), "", "the job was faster; its supply is given up already"),
        (Life::Leaving, Completed, Some(Busy), "", "the same, with in_progress lost"),
        (Life::Stopped, Queued, None, "", "reordered"),
        (Life::Stopped, InProgress, None, "", "a job so short that its task has stopped already"),
        (Life::Stopped, Completed, None, "", "as usual: the task is faster than the webhook"),
    ] {
        let before = life.runner();
        let event = taken_by(job_event(action, 1, "routed"), &ours(), 7);
        let done = job(JobState::Completed, "waits");
        let outcome = of_job(Some(&done), Some(&before), &event, at(0));
        let found =
            (outcome.runner.as_ref().map(|runner| runner.state), posts(Some(&done), Some(&before), &outcome));
        assert_eq!(found, (after, counted.to_owned()), "{life:?} and {action:?}: {why}");
        if let Some(runner) = outcome.runner {
            assert_eq!(runner, Runner { state: Busy, changed_at: at(0), ..before }, "{why}");
        }
    }
}

#[test]
fn a_runner_moves_only_if_the_events_registration_is_the_stored_one() {
    let taken = |runner: &RunnerId, github_id| {
        taken_by(job_event(JobAction::InProgress, 1, "routed"), runner, github_id)
    };
    for (life, event, is_ours, why) in [
        (Life::Idle, taken(&ours(), 7), true, "our name and the registration of its claim"),
        (Life::Idle, taken(&ours(), 8), false, "our name on somebody else's registration"),
        (Life::Claimed, taken(&ours(), 7), false, "our name before there is a registration"),
        (Life::Starting, taken(&ours(), 7), false, "our name before there is a claim"),
        (Life::Idle, taken(&runner_id(2), 7), false, "another name of ours"),
        (Life::Idle, job_event(JobAction::InProgress, 1, "routed"), false, "GitHub's own runner"),
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
    let (waits, idle) = (job(JobState::Queued, "waits"), Life::Waiting.runner());
    let outcome = of_job(Some(&waits), Some(&idle), &event, at(0));
    assert_eq!(
        posts(Some(&waits), Some(&idle), &outcome),
        "waits.queued -1, spot.supply -1",
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
