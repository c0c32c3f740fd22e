//! What job events do.

use jiff::Timestamp;

use super::super::event::{JobAction, JobEvent, JobRunner};
use super::super::{
    Job, JobState, JobTimes, LedgerAnswer, News, Outcome, Runner, RunnerState, UnservedReason,
};
use super::busy;
use crate::ids::PoolName;

/// What a job event does to its job, and to the runner that it names.
///
/// Webhooks only add or end demand: nothing but the start and the end of a job lowers `queued`. The runner
/// changes only if the event's registration id is the one that was stored before the runner got its JIT
/// config, because anyone who administers a repository can register a runner with our name.
///
/// An unknown job that was created over a day ago most likely comes from an old delivery that somebody posts
/// again: it is Waiting until GitHub is asked about it.
pub fn of_job(job: Option<&Job>, runner: Option<&Runner>, event: &JobEvent, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::unchanged(LedgerAnswer::Noted);
    let runner = runner.filter(|runner| is_named(runner, event.runner.as_ref()));

    let routed = job.and_then(|job| job.pool.as_ref()).or(event.pool.as_ref());
    let pool = routed.or(runner.map(|runner| &runner.pool));
    let next = match event.action {
        JobAction::Queued if job.is_none() && event.is_old_demand(now) => JobState::Waiting,
        JobAction::Queued => JobState::Queued,
        JobAction::InProgress => JobState::InProgress,
        JobAction::Completed => JobState::Completed,
    };
    // A waiting job counts in a book. A start or an end is recorded even without a pool, so that a later
    // `queued` counts nothing.
    let has_a_place = pool.is_some() || next > JobState::Unserved;
    match job {
        // This changes no state, but it is the latest news: an answer that GitHub gave before it must not
        // count against the job.
        Some(job) if job.state == JobState::Queued && next == JobState::Queued => {
            outcome.job = Some(Job { heard_at: Some(now), ..job.clone() });
        }
        _ if has_a_place && job.is_none_or(|job| job.state < next) => {
            let (repository, labels) = (event.repository.clone(), event.labels.clone());
            outcome.job = Some(Job {
                pool: pool.cloned(),
                is_public: event.is_public,
                runner: runner.map(|it| it.id.clone()).or_else(|| job.and_then(|job| job.runner.clone())),
                seen_at: job.map_or(now, |job| job.seen_at),
                passed_over: job.map_or(0, |job| job.passed_over),
                times: times(job, next, event, now),
                version: job.map_or(0, |job| job.version),
                ..Job::new(event.job, next, repository, labels, now)
            });
        }
        _ => {}
    }
    let job = Some(event.job);
    if let Some(runner) = runner
        && event.action != JobAction::Queued
        && !matches!(runner.state, RunnerState::Busy | RunnerState::Stopped)
    {
        outcome.runner = Some(Runner { job, ..busy(runner, now) });
        outcome.news = (!event.may_not_have_run).then_some(News::RanJob);
    } else if let Some(runner) = runner.filter(|it| it.state == RunnerState::Busy && it.job.is_none())
        && event.action == JobAction::InProgress
    {
        // It was Busy before anybody said with which job.
        outcome.runner = Some(Runner { job, ..runner.clone() });
    }
    outcome
}

/// The times of a job that reaches a state. The first report counts.
fn times(job: Option<&Job>, next: JobState, event: &JobEvent, now: Timestamp) -> JobTimes {
    let before = job.map(|job| job.times).unwrap_or_default();
    let begun = (next == JobState::InProgress).then_some(now);
    JobTimes {
        created_at: before.created_at.or(event.created_at),
        accepted_at: before.accepted_at.or(event.accepted_at),
        begun_at: before.begun_at.or(begun),
    }
}

/// What it means for a job that GitHub says it waits for an approval: a Queued job with no news since GitHub
/// was asked becomes Waiting. `version` is that of its item before.
pub fn of_found_waiting(job: Option<&Job>, version: u64, now: Timestamp) -> Outcome {
    match as_it_was(job, JobState::Queued, version) {
        Some(job) => Outcome::of_job(come_to(job, JobState::Waiting, now)),
        None => Outcome::unchanged(LedgerAnswer::Noted),
    }
}

/// Records that GitHub was asked about a job, if there is nothing else to record: the time of the next read
/// depends on it. A job that has moved on since has a time of its own.
pub fn of_read(job: Option<&Job>, state: JobState, now: Timestamp) -> Outcome {
    let Some(job) = job.filter(|job| job.state == state) else {
        return Outcome::unchanged(LedgerAnswer::Noted);
    };
    Outcome::of_job(Job { read_at: Some(now), ..job.clone() })
}

/// What it means for a job that a runner which could serve it listens and gets no job.
pub fn of_passed_over(job: Option<&Job>, now: Timestamp) -> Outcome {
    let Some(job) = job.filter(|job| job.state == JobState::Queued) else {
        return Outcome::unchanged(LedgerAnswer::Noted);
    };
    let passed_over = job.passed_over.saturating_add(1);
    Outcome::of_job(Job { passed_over, read_at: Some(now), ..job.clone() })
}

/// What it means for a job that it was passed over again and again: it no longer counts. `version` is that of
/// its item before GitHub was asked.
pub fn of_found_unserved(job: Option<&Job>, version: u64, reason: UnservedReason, now: Timestamp) -> Outcome {
    match as_it_was(job, JobState::Queued, version) {
        Some(job) => Outcome::of_job(Job { unserved: Some(reason), ..come_to(job, JobState::Unserved, now) }),
        None => Outcome::unchanged(LedgerAnswer::Noted),
    }
}

/// What it means for an Unserved job that GitHub still says it waits: the settings may have changed, or
/// GitHub may have given no jobs to anybody. It counts once more, and keeps its number of runners that passed
/// it over.
pub fn of_another_try(job: Option<&Job>, version: u64, now: Timestamp) -> Outcome {
    match as_it_was(job, JobState::Unserved, version) {
        Some(job) => Outcome::of_job(come_to(job, JobState::Queued, now)),
        None => Outcome::unchanged(LedgerAnswer::Noted),
    }
}

/// Moves a job that still waits in `from` to the pool that serves it now. It keeps its place in the queue, by
/// its time of arrival.
pub fn of_reroute(job: Option<&Job>, from: &PoolName, to: &PoolName) -> Outcome {
    let waits = |job: &&Job| job.state == JobState::Queued && job.pool.as_ref() == Some(from) && from != to;
    let Some(job) = job.filter(waits) else { return Outcome::unchanged(LedgerAnswer::Noted) };
    Outcome::of_job(Job { pool: Some(to.clone()), ..job.clone() })
}

/// The job, if it is in this state and nobody has written it since this version.
fn as_it_was(job: Option<&Job>, state: JobState, version: u64) -> Option<&Job> {
    job.filter(|job| job.state == state && job.version == version)
}

/// The job in another state, with no further news yet.
fn come_to(job: &Job, state: JobState, now: Timestamp) -> Job {
    Job { state, changed_at: now, heard_at: None, read_at: None, unserved: None, ..job.clone() }
}

fn is_named(runner: &Runner, named: Option<&JobRunner>) -> bool {
    named.is_some_and(|named| named.runner == runner.id && runner.github_id == Some(named.github_id))
}
