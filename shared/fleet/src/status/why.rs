//! From a picture to a reason: GitHub's last word first, then the ledger's, then the pool's.

use jiff::Timestamp;

use super::evidence::evidence;
use super::picture::{GithubJob, GithubStatus, Lookup, Picture};
use super::reason::Reason;
use super::{on_its_way, pool};
use crate::ids::RunnerId;
use crate::ledger::{Job, JobState};
use crate::routing::{Unserved, route};

/// A reason, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// When it was so.
    pub now: Timestamp,
    /// The reason.
    pub reason: Reason,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
}

impl Why {
    /// The reason as one sentence.
    pub fn sentence(&self) -> String {
        self.reason.sentence(self.now)
    }

    /// What happens next, and when.
    pub fn next(&self) -> String {
        self.reason.next(self.now)
    }
}

/// Why a job waits, or no longer does.
pub fn why(picture: &Picture) -> Why {
    Why { now: picture.now, reason: reason(picture), evidence: evidence(picture) }
}

fn reason(picture: &Picture) -> Reason {
    let found = of_organisation(picture)
        .or_else(|| over(picture))
        .or_else(|| running(picture))
        .or_else(|| held_at_github(picture));
    found.unwrap_or_else(|| match &picture.job {
        Lookup::Read(job) => of_ledger(picture, job),
        Lookup::Absent => unknown(picture),
        Lookup::Unread(why) => Reason::LedgerUnread { why: why.clone() },
    })
}

fn of_organisation(picture: &Picture) -> Option<Reason> {
    let (repository, organisation) = (picture.repository_known()?, picture.organisation.as_ref()?);
    let is_anothers = !repository.belongs_to(organisation);
    is_anothers.then(|| Reason::AnotherOrganisation {
        repository: repository.clone(),
        organisation: organisation.clone(),
    })
}

/// It has ended, by anybody's word.
fn over(picture: &Picture) -> Option<Reason> {
    let github = picture.github.read().filter(|job| job.status == GithubStatus::Completed);
    let ledger = picture.job.read().filter(|job| job.state == JobState::Completed);
    let at = github.and_then(|job| job.completed_at).or(ledger.map(|job| job.changed_at));
    // A run that GitHub calls completed is over, even if no webhook said so.
    let at = at.or(github.map(|_| picture.now))?;
    let conclusion = github.and_then(|job| job.conclusion.clone());
    let began = began_at(picture);
    if conclusion.as_deref() == Some("cancelled") {
        return Some(Reason::Cancelled { at, had_begun: began.is_some() });
    }
    let waited = queued_at(picture).zip(began).map(|(queued, began)| began.duration_since(queued));
    Some(Reason::Finished { conclusion, at, waited })
}

/// When it was queued, as GitHub says, or else as the ledger heard.
pub(super) fn queued_at(picture: &Picture) -> Option<Timestamp> {
    let of_ledger = |job: &Job| job.times.created_at.unwrap_or(job.seen_at);
    picture.github.read().and_then(|job| job.created_at).or(picture.job.read().map(of_ledger))
}

/// When it began, as GitHub says, or else as the ledger heard. GitHub sets the time of a job that never ran to
/// that of its end.
pub(super) fn began_at(picture: &Picture) -> Option<Timestamp> {
    let ran = |job: &&GithubJob| {
        job.runner.is_some() || job.first_step_at.is_some() || job.status == GithubStatus::InProgress
    };
    let of_github = picture.github.read().filter(ran).and_then(|job| job.started_at);
    of_github.or(picture.job.read().and_then(|job| job.times.begun_at))
}

/// A runner is at it, by anybody's word. GitHub's counts where it says anything else.
fn running(picture: &Picture) -> Option<Reason> {
    let says = |state| picture.job.read().is_some_and(|job| job.state == state);
    let github = picture.github.read();
    let is_running = match github {
        Some(job) => job.status == GithubStatus::InProgress,
        None => says(JobState::InProgress),
    };
    if !is_running {
        return None;
    }
    let ours = picture.its_runner();
    let named = github.and_then(|job| job.runner.as_ref()).map(|runner| runner.name.clone());
    let runner = named.or_else(|| ours.map(|runner| runner.id.github_name(&runner.pool)));
    let since = began_at(picture).or(picture.job.read().map(|job| job.changed_at)).unwrap_or(picture.now);
    let is_ours =
        ours.is_some() || runner.as_deref().is_some_and(|it| RunnerId::from_github_name(it).is_some());
    Some(Reason::Running { since, runner, is_ours, is_news: !says(JobState::InProgress) })
}

/// It asks for no runner yet, as GitHub says.
fn held_at_github(picture: &Picture) -> Option<Reason> {
    let job = picture.github.read()?;
    match job.status {
        GithubStatus::Waiting => Some(Reason::WaitsForApproval { environments: job.environments.clone() }),
        GithubStatus::Pending => Some(Reason::WaitsForConcurrency),
        _ => None,
    }
}

fn of_ledger(picture: &Picture, job: &Job) -> Reason {
    match (job.state, job.unserved) {
        (JobState::Unserved, Some(reason)) => Reason::Unserved { reason, since: job.changed_at },
        (JobState::Waiting, _) if picture.github.read().is_none() => {
            Reason::SaidToWait { since: job.changed_at, read_at: job.read_at }
        }
        // Also one that has begun or ended here, where GitHub by now says no more than that it is queued.
        _ => waits(picture, job),
    }
}

/// It waits for a runner: the one that comes for it, or what keeps one from coming.
fn waits(picture: &Picture, job: &Job) -> Reason {
    let Some(pool) = &job.pool else { return routed(picture) };
    let found = pool::closed(picture, pool);
    let found = found.or_else(|| on_its_way::of_job(picture, job, pool));
    found.unwrap_or_else(|| pool::why_no_runner(picture, job, pool))
}

/// Nobody here knows it.
fn unknown(picture: &Picture) -> Reason {
    match &picture.github {
        Lookup::Read(_) => routed(picture),
        Lookup::Absent => Reason::NotAtGithub,
        Lookup::Unread(why) => Reason::NotKnown { why: why.clone() },
    }
}

/// What routing says of its labels.
fn routed(picture: &Picture) -> Reason {
    let Some(job) = picture.github.read() else {
        return Reason::NotKnown { why: picture.github.unread().unwrap_or_default().to_owned() };
    };
    match route(&picture.pools, &job.labels, job.is_public.unwrap_or(false)) {
        Ok(pool) => Reason::WebhookMissing {
            pool: pool.name.clone(),
            waits: job.created_at.map(|at| picture.now.duration_since(at)),
        },
        Err(Unserved::GithubHosted(label)) => Reason::GithubHosted { label },
        Err(unserved @ Unserved::PublicRepository(_)) => {
            Reason::PublicRepository { why: unserved.to_string() }
        }
        Err(unserved) => Reason::NoPool { why: unserved.to_string() },
    }
}
