//! What one event does: the whole table of the ledger, as a pure function.
//!
//! [`of_job`], [`of_reroute`] and [`of_runner`] take the items that an event names and return new ones,
//! and the answer for whoever asked. What they do not return is unchanged. The books change with what
//! the items count.

use jiff::{SignedDuration, Timestamp};

use super::event::{JobAction, JobEvent, JobRunner, RunnerEvent};
use super::{
    Answer, Book, ClaimAnswer, HealthNews, Job, JobState, Outcome, ReleaseAnswer, Runner, RunnerState,
};
use crate::ids::{BootId, GithubRunnerId, PoolName};
use crate::launch::{FailureClass, StopClass};

/// How long a runner may stay Busy without a worker process before it is let go: GitHub's events
/// may be ahead of the runner, but not by this much.
pub const BUSY_WITHOUT_WORKER: SignedDuration = SignedDuration::from_mins(2);

/// What a job event does to its job, and to the runner that it names.
///
/// The job only moves forward. The runner moves only if the event's runner id is the one that was
/// stored at its claim: anyone who administers a repository can register a runner with our name.
pub fn of_job(job: Option<&Job>, runner: Option<&Runner>, event: &JobEvent, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::unchanged(Answer::Noted);
    let runner = runner.filter(|runner| is_named(runner, event.runner.as_ref()));

    let pool = job.map(|job| &job.pool).or(event.pool.as_ref()).or(runner.map(|runner| &runner.pool));
    let next = match event.action {
        JobAction::Queued => JobState::Queued,
        JobAction::InProgress => JobState::InProgress,
        JobAction::Completed => JobState::Completed,
    };
    if let Some(pool) = pool
        && job.is_none_or(|job| job.state < next)
    {
        outcome.job = Some(Job {
            id: event.job,
            state: next,
            pool: pool.clone(),
            repository: event.repository.clone(),
            labels: event.labels.clone(),
            runner: runner.map(|runner| runner.id.clone()).or_else(|| job.and_then(|job| job.runner.clone())),
            seen_at: job.map_or(now, |job| job.seen_at),
            changed_at: now,
            version: job.map_or(0, |job| job.version),
        });
    }
    if let Some(runner) = runner
        && next != JobState::Queued
        && !matches!(runner.state, RunnerState::Busy | RunnerState::Stopped)
    {
        outcome.runner = Some(moved(runner, RunnerState::Busy, now));
        outcome.health = (!event.may_not_have_run).then_some(HealthNews::RanJob);
    }
    outcome
}

/// What it does to a job that another pool serves it now: one that still waits where it waited goes
/// over to that pool's book. It keeps its place among those that wait, by the time that it came.
pub fn of_reroute(job: Option<&Job>, from: &PoolName, to: &PoolName) -> Outcome {
    let waits = |job: &&Job| job.state == JobState::Queued && job.pool == *from && from != to;
    let Some(job) = job.filter(waits) else { return Outcome::unchanged(Answer::Noted) };
    Outcome { job: Some(Job { pool: to.clone(), ..job.clone() }), ..Outcome::unchanged(Answer::Noted) }
}

/// What a runner's event does to it. `totals` is the book of the pool whose labels it carries.
pub fn of_runner(
    runner: Option<&Runner>,
    event: &RunnerEvent,
    totals: Option<&Book>,
    now: Timestamp,
) -> Outcome {
    let Some(runner) = runner else { return Outcome::unchanged(answer_for_unknown(event)) };
    let deficit = totals.map_or(0, Book::deficit);
    match event {
        RunnerEvent::Claim(boot) => claim(runner, boot, deficit, totals.is_some_and(Book::is_closed), now),
        RunnerEvent::Registered(boot, github_id) => registered(runner, boot, *github_id, now),
        RunnerEvent::Release(boot) => release(runner, boot, deficit, now),
        RunnerEvent::FoundBusy if runner.state == RunnerState::Leaving => {
            Outcome::of_runner(moved(runner, RunnerState::Busy, now), Answer::Noted)
        }
        RunnerEvent::Fenced if runner.state == RunnerState::Starting && runner.boot.is_none() => {
            leaving(runner, Answer::Noted, now)
        }
        RunnerEvent::FoundNoCapacity(reason)
            if runner.state == RunnerState::Starting && runner.boot.is_none() =>
        {
            let news = HealthNews::NoCapacity(reason.clone());
            Outcome { health: Some(news), ..leaving(runner, Answer::Noted, now) }
        }
        RunnerEvent::FailedToBoot(reason)
            if runner.state == RunnerState::Starting && runner.boot.is_none() =>
        {
            let news = HealthNews::BootFailed(reason.clone());
            Outcome { health: Some(news), ..leaving(runner, Answer::Noted, now) }
        }
        RunnerEvent::CountedOut if runner.state.is_supply() => leaving(runner, Answer::Noted, now),
        RunnerEvent::LaunchFailed(class, reason)
            if matches!(runner.state, RunnerState::Starting | RunnerState::Leaving)
                && runner.boot.is_none() =>
        {
            let news = match class {
                FailureClass::Later => None,
                FailureClass::Elsewhere => Some(HealthNews::NoCapacity(reason.clone())),
                FailureClass::Never => Some(HealthNews::LaunchRefused(reason.clone())),
            };
            Outcome { health: news, ..stopped(runner, now) }
        }
        RunnerEvent::TaskStopped(class, reason) if runner.state.is_live() => {
            Outcome { health: news_of_stop(runner, *class, reason), ..stopped(runner, now) }
        }
        RunnerEvent::FoundBusy
        | RunnerEvent::Fenced
        | RunnerEvent::FoundNoCapacity(_)
        | RunnerEvent::FailedToBoot(_)
        | RunnerEvent::CountedOut
        | RunnerEvent::LaunchFailed(..)
        | RunnerEvent::TaskStopped(..) => Outcome::unchanged(Answer::Noted),
    }
}

/// What a stop says of the capacity. Of a runner that was on its way out, or had a job, it says nothing;
/// before the claim every end is a failed boot; after it the exit code tells.
fn news_of_stop(runner: &Runner, class: StopClass, reason: &str) -> Option<HealthNews> {
    let reason = || reason.to_owned();
    let has_claimed = runner.boot.is_some();
    match class {
        _ if !runner.state.is_supply() => None,
        StopClass::NoCapacity if !has_claimed => Some(HealthNews::NoCapacity(reason())),
        StopClass::Ended(_) if !has_claimed => Some(HealthNews::BootFailed(reason())),
        StopClass::Ended(ending) if ending.thirds() > 0 => {
            Some(HealthNews::RunFailed(ending.thirds(), reason()))
        }
        StopClass::Ended(_) | StopClass::NoCapacity | StopClass::Ordinary => None,
    }
}

/// Starting: bound to the first boot, if the runner is needed. Idle: the same boot again, whose
/// answer was lost, until its first release has closed the claim. Neither gets a JIT config where the
/// pool is out of the map, which held its labels and its group.
fn claim(runner: &Runner, boot: &BootId, deficit: i64, closed: bool, now: Timestamp) -> Outcome {
    if runner.boot.as_ref().is_some_and(|first| first != boot) {
        return Outcome::unchanged(Answer::Claim(ClaimAnswer::Refused));
    }
    match runner.state {
        RunnerState::Starting if deficit < 0 || closed => {
            // It is not needed, but it came up: its pool's capacity works.
            let left = leaving(runner, Answer::Claim(ClaimAnswer::NotNeeded), now);
            Outcome { health: runner.boot.is_none().then_some(HealthNews::Started), ..left }
        }
        RunnerState::Starting if runner.boot.is_none() => {
            let bound = Runner { boot: Some(boot.clone()), ..runner.clone() };
            let outcome = Outcome::of_runner(bound, Answer::Claim(ClaimAnswer::Proceed));
            Outcome { health: Some(HealthNews::Started), ..outcome }
        }
        RunnerState::Starting => Outcome::unchanged(Answer::Claim(ClaimAnswer::Proceed)),
        RunnerState::Idle if !runner.claim_closed && closed => {
            leaving(runner, Answer::Claim(ClaimAnswer::NotNeeded), now)
        }
        RunnerState::Idle if !runner.claim_closed => Outcome::unchanged(Answer::Claim(ClaimAnswer::Proceed)),
        RunnerState::Idle | RunnerState::Busy | RunnerState::Leaving | RunnerState::Stopped => {
            Outcome::unchanged(Answer::Claim(ClaimAnswer::Gone))
        }
    }
}

/// GitHub made the JIT config that a claim asked for: Idle, unless the runner left meanwhile, in
/// which case the registrar deletes the registration again.
fn registered(runner: &Runner, boot: &BootId, github_id: GithubRunnerId, now: Timestamp) -> Outcome {
    if runner.boot.as_ref() != Some(boot) || !runner.state.is_supply() || runner.claim_closed {
        return Outcome::unchanged(Answer::Claim(ClaimAnswer::Gone));
    }
    let idle = Runner { github_id: Some(github_id), ..moved(runner, RunnerState::Idle, now) };
    Outcome::of_runner(idle, Answer::Claim(ClaimAnswer::Proceed))
}

/// Only the boot that claimed is answered. Idle leaves only if its pool has runners enough; the first
/// question closes its claim. Leaving and Stopped are told to leave. Busy stays, unless no worker
/// process has come for two minutes.
fn release(runner: &Runner, boot: &BootId, deficit: i64, now: Timestamp) -> Outcome {
    if runner.boot.as_ref().is_some_and(|first| first != boot) {
        return Outcome::unchanged(Answer::Release(ReleaseAnswer::Refused));
    }
    let (stay, leave) = (Answer::Release(ReleaseAnswer::Stay), Answer::Release(ReleaseAnswer::Leave));
    match runner.state {
        RunnerState::Idle if deficit < 0 => leaving(runner, leave, now),
        RunnerState::Idle if !runner.claim_closed => {
            Outcome::of_runner(Runner { claim_closed: true, ..runner.clone() }, stay)
        }
        RunnerState::Busy if now.duration_since(runner.changed_at) >= BUSY_WITHOUT_WORKER => {
            leaving(runner, leave, now)
        }
        RunnerState::Starting | RunnerState::Idle | RunnerState::Busy => Outcome::unchanged(stay),
        RunnerState::Leaving | RunnerState::Stopped => Outcome::unchanged(leave),
    }
}

fn leaving(runner: &Runner, answer: Answer, now: Timestamp) -> Outcome {
    let left = Runner { claim_closed: true, ..moved(runner, RunnerState::Leaving, now) };
    Outcome::of_runner(left, answer)
}

fn stopped(runner: &Runner, now: Timestamp) -> Outcome {
    Outcome::of_runner(moved(runner, RunnerState::Stopped, now), Answer::Noted)
}

fn moved(runner: &Runner, state: RunnerState, now: Timestamp) -> Runner {
    let changed_at = if state == runner.state { runner.changed_at } else { now };
    Runner { state, changed_at, ..runner.clone() }
}

fn is_named(runner: &Runner, named: Option<&JobRunner>) -> bool {
    named.is_some_and(|named| named.runner == runner.id && runner.github_id == Some(named.github_id))
}

fn answer_for_unknown(event: &RunnerEvent) -> Answer {
    match event {
        RunnerEvent::Claim(_) | RunnerEvent::Registered(..) => Answer::Claim(ClaimAnswer::Gone),
        RunnerEvent::Release(_) => Answer::Release(ReleaseAnswer::Leave),
        _ => Answer::Noted,
    }
}
