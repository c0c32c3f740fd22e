//! When a job is read from GitHub.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ids::PoolName;
use crate::ledger::{Job, JobState, Runner, RunnerState};

/// How long a job is Queued before it is read: longer than most wait for their runner.
const QUEUED_FOR: SignedDuration = SignedDuration::from_mins(2);

/// How long a job is Waiting before it is read again.
const WAITING_FOR: SignedDuration = SignedDuration::from_mins(1);

/// The longest time between two reads.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// The same for a job for which a runner was counted out: by then the next runner has listened for long
/// enough.
const LONGEST_PASSED_OVER: SignedDuration = SignedDuration::from_mins(7);

/// How long a runner must be Stopped before the job that it left in progress is read. By then GitHub has
/// given up a job whose runner is gone.
const LEFT_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How long a job is in progress on a runner that is not ours before it is read.
const ELSEWHERE_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The longest time between two reads of such a job: nothing of ours depends on it.
const LONGEST_ELSEWHERE: SignedDuration = SignedDuration::from_hours(6);

/// How long a job is Unserved, at least, before it is read and tried again. The wait is as long as the job
/// was known before, so a job that nobody serves all day costs only a handful of runners.
const UNSERVED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How long a job is in progress on a runner of ours that still has it before it is read. Most jobs have
/// ended by then, and the news of the end may have been lost.
const AT_WORK_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The longest time between two reads of such a job.
const LONGEST_AT_WORK: SignedDuration = SignedDuration::from_hours(6);

/// If a pool is at its maximum, or rests, one in this many of its due jobs is read.
const ONE_OF: usize = 10;

/// When to read a job: the first time in its state, and again at twice its age there. `None` if it is not
/// read.
pub fn due_at(job: &Job) -> Option<Timestamp> {
    let (first, longest) = match job.state {
        JobState::Queued if job.passed_over > 0 => (QUEUED_FOR, LONGEST_PASSED_OVER),
        JobState::Queued => (QUEUED_FOR, LONGEST),
        // It was recorded as Waiting because it was unknown: GitHub was never asked.
        JobState::Waiting if job.seen_at == job.changed_at => (SignedDuration::ZERO, LONGEST),
        JobState::Waiting => (WAITING_FOR, LONGEST),
        JobState::InProgress if job.runner.is_some() => (SignedDuration::ZERO, LONGEST),
        JobState::InProgress => (ELSEWHERE_FOR, LONGEST_ELSEWHERE),
        JobState::Unserved => {
            (job.changed_at.duration_since(job.seen_at).max(UNSERVED_FOR), LONGEST_ELSEWHERE)
        }
        JobState::Completed => return None,
    };
    let due = match job.read_at {
        None => job.changed_at.checked_add(first),
        Some(read) => {
            let age = read.duration_since(job.changed_at).max(first).max(WAITING_FOR);
            read.checked_add(age.min(longest))
        }
    };
    // GitHub's API may lag behind what its webhook has just said.
    let heard = job.heard_at.and_then(|heard| heard.checked_add(WAITING_FOR).ok());
    Some(due.ok()?.max(heard.unwrap_or(Timestamp::MIN)))
}

/// Whether a job is in progress and probably not on a runner of ours: it never had one, or its runner stopped
/// a while ago, or has had the job for long.
pub fn is_left_in_progress(job: &Job, runner: Option<&Runner>, now: Timestamp) -> bool {
    let is_left = |runner: &Runner| match runner.state {
        RunnerState::Stopped => now.duration_since(runner.changed_at) >= LEFT_FOR,
        _ => is_long_at_work(job, now),
    };
    job.state == JobState::InProgress && runner.is_none_or(is_left)
}

/// Whether to read a job that a runner of ours has: after an hour, and again at twice its age.
fn is_long_at_work(job: &Job, now: Timestamp) -> bool {
    let (last, distance) = match job.read_at {
        None => (job.changed_at, AT_WORK_FOR),
        Some(read) => (read, read.duration_since(job.changed_at).clamp(AT_WORK_FOR, LONGEST_AT_WORK)),
    };
    now.duration_since(last) >= distance
}

/// The jobs to read now, the longest due first. Of the jobs Queued in a pool that is `full`, one in ten is
/// read: they have a reason to wait.
pub fn due<'a>(
    jobs: impl IntoIterator<Item = &'a Job>,
    full: &BTreeSet<PoolName>,
    now: Timestamp,
) -> Vec<&'a Job> {
    let due = jobs.into_iter().filter_map(|job| Some((due_at(job).filter(|&at| at <= now)?, job)));
    let mut due: Vec<_> = due.collect();
    due.sort_by_key(|&(at, job)| (at, job.id));
    let mut seen: BTreeMap<&PoolName, usize> = BTreeMap::new();
    let mut is_one = |job: &'a Job| {
        let pool = job.pool.as_ref().filter(|pool| job.state == JobState::Queued && full.contains(pool));
        let Some(pool) = pool else { return true };
        let before = seen.entry(pool).or_default();
        *before += 1;
        (*before - 1).is_multiple_of(ONE_OF)
    };
    due.retain(|&(_, job)| is_one(job));
    due.into_iter().map(|(_, job)| job).collect()
}
