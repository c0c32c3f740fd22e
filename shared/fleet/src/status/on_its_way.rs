//! The runner that comes for a job, and how far it is.
//!
//! GitHub decides which runner takes which job. The runner that is furthest is shown for the job that has waited
//! longest, the next one for the next.

use jiff::{SignedDuration, Timestamp};

use super::picture::{Lookup, Picture};
use super::reason::Reason;
use crate::ids::PoolName;
use crate::ledger::{Job, Meter, Runner, RunnerState};
use crate::limits::Limits;

/// How far the runner is that comes for a job; `None` where none does.
pub(super) fn of_job(picture: &Picture, job: &Job, pool: &PoolName) -> Option<Reason> {
    let runner = coming(picture, job, pool)?;
    let how_far = how_far(picture, job, runner);
    let rest = picture.books.get(pool).and_then(|book| book.health.resting(picture.now));
    match rest.filter(|rest| !rest.is_breaker() && runner.capacity != *pool) {
        Some(rest) => Some(Reason::CapacityRests {
            pool: pool.clone(),
            until: rest.until,
            why: rest.reason.clone(),
            fallback: Some(Box::new(how_far)),
        }),
        None => Some(how_far),
    }
}

/// The runner that comes for a job.
pub(super) fn coming<'a>(picture: &'a Picture, job: &Job, pool: &PoolName) -> Option<&'a Runner> {
    let is_coming = |runner: &&Runner| runner.pool == *pool && runner.state.is_supply();
    let mut coming: Vec<&Runner> = picture.runners.values().filter(is_coming).collect();
    coming.sort_by_key(|runner| (missing(runner), runner.reserved_at));
    coming.get(place(picture, job)).copied()
}

/// A job's place among those that wait, from 0 on.
pub(super) fn place(picture: &Picture, job: &Job) -> usize {
    picture.waiting.iter().position(|waiting| *waiting == job.id).unwrap_or(picture.waiting.len())
}

/// What a runner lacks before it can take a job.
fn missing(runner: &Runner) -> u8 {
    match runner.state {
        RunnerState::Idle if runner.listened => 0,
        RunnerState::Idle if runner.github_id.is_some() => 1,
        RunnerState::Idle => 2,
        _ => 3,
    }
}

fn how_far(picture: &Picture, job: &Job, runner: &Runner) -> Reason {
    let id = runner.id.clone();
    let since = |at: Timestamp| picture.now.duration_since(at).max(SignedDuration::ZERO);
    let after = |time: Option<i64>| since(runner.moment(time).unwrap_or(runner.changed_at));
    match missing(runner) {
        0 => Reason::NotAssigned {
            runner: id,
            since: after(runner.times.listened),
            passed_over: job.passed_over,
        },
        1 => Reason::Connecting { runner: id, since: after(runner.times.registered) },
        2 => Reason::WaitsForConfig {
            runner: id,
            since: after(runner.times.asked),
            until: github_limit(picture, runner),
        },
        _ => of_task(picture, runner),
    }
}

/// Until when GitHub's limits keep a JIT config back, if they do.
fn github_limit(picture: &Picture, runner: &Runner) -> Option<Timestamp> {
    let now = picture.now;
    let asked_to_wait = picture.budget.as_ref().and_then(|budget| budget.waits_until(now));
    let limits: &Limits = picture.pools.limits();
    let spend = limits.spend_github_calls(1, now);
    let is_spent = runner.github_id.is_none() && spend.apply(picture.spent(spend.meter)).is_err();
    asked_to_wait.or_else(|| is_spent.then(|| next_minute(spend.meter)).flatten())
}

/// When the minute of a meter is over.
pub(super) fn next_minute(meter: Meter) -> Option<Timestamp> {
    Timestamp::from_second(meter.minute()?.saturating_add(1).saturating_mul(60)).ok()
}

/// How far the task of a runner is that has asked for nothing.
fn of_task(picture: &Picture, runner: &Runner) -> Reason {
    let (id, capacity) = (runner.id.clone(), runner.capacity.clone());
    let since = |at: Option<Timestamp>| {
        picture.now.duration_since(at.unwrap_or(runner.reserved_at)).max(SignedDuration::ZERO)
    };
    let Lookup::Read(tasks) = &picture.tasks else {
        return Reason::StartUnseen { runner: id, capacity, since: since(None) };
    };
    let Some(task) = tasks.get(&runner.id) else {
        return match &runner.put_off {
            Some(why) => Reason::LaunchPutOff { runner: id, capacity, since: since(None), why: why.clone() },
            None => Reason::TaskAskedFor { runner: id, capacity, since: since(None) },
        };
    };
    let times = task.times;
    match task.last_status.as_str() {
        "PROVISIONING" => Reason::Provisioning { runner: id, capacity, since: since(times.created_at) },
        "RUNNING" => Reason::Booting { runner: id, capacity, since: since(times.started_at) },
        _ if times.pull_started_at.is_some() && times.pull_stopped_at.is_none() => {
            Reason::Pulling { runner: id, capacity, since: since(times.pull_started_at) }
        }
        _ => Reason::Starting {
            runner: id,
            capacity,
            since: since(times.pull_stopped_at.or(times.created_at)),
        },
    }
}
