//! Jobs that no webhook reported: which repositories to search for them, and when.
//!
//! A webhook may never be sent (GitHub: "Best practices for using webhooks", deliveries are not guaranteed),
//! and GitHub lists no organisation's queued jobs. So the runs of the repositories that may have some are
//! listed in turn. A [`SweepCursor`] keeps whose turn it is, so a pass that is cut off skips nothing, and a
//! restart continues where it was.

mod candidates;
mod found;
mod news;
mod reads;
mod round;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::candidates::{ALWAYS_READ, Candidate, MOST, ONE_OF, RUNS_A_TURN};
pub use self::found::{Untold, is_told_for_good, untold};
pub use self::reads::{READS_AN_HOUR, ReadBudget, Share};
pub use self::round::{ListRequest, Round};
use crate::ids::{JobId, Repository};
use crate::ledger::{Job, JobAction};

/// How long no webhook has reported a job before webhooks may be lost: twice what GitHub's slowest of twenty
/// takes.
const SILENT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How long webhooks are taken for lost after the last job that a sweep has found.
const LOST_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How long a job that was found is remembered: until its item is older than [`SILENT_FOR`].
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How long after a job was sent on it is sent once more, where the ledger still does not have it.
const SENT_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Found jobs that are remembered at once.
const ROOM: usize = 2000;

/// How long a job is left to its webhook, as long as webhooks come.
const WEBHOOKS_TIME: SignedDuration = SignedDuration::from_secs(10);

/// What is kept of the sweeps from one pass to the next. It is one item of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepCursor {
    /// The repositories that may have jobs.
    #[serde(default)]
    pub candidates: BTreeMap<Repository, Candidate>,
    /// Sweeps in a row that were begun and did not come to their end: each begins with another repository,
    /// so that one which ends every pass holds up no other.
    #[serde(default)]
    pub unended: u32,
    /// The jobs that were found a short while ago, those of the longest ago first.
    #[serde(default)]
    pub found: Vec<FoundJob>,
    /// When a job was found last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Timestamp>,
    /// When the last job that a webhook reported was written down, as far as a pass has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// The calls that were made.
    #[serde(default)]
    pub reads: ReadBudget,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

/// A job that a sweep has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundJob {
    /// The job.
    pub job: JobId,
    /// What was reported of it.
    pub action: JobAction,
    /// When it was sent on last.
    pub at: Timestamp,
}

impl SweepCursor {
    /// A sweep begins. It is written down before the first turn.
    pub fn begins(&mut self) {
        self.unended = self.unended.saturating_add(1);
    }

    /// It has come to its end, however few turns there were.
    pub fn has_ended(&mut self) {
        self.unended = 0;
    }

    /// Takes note of what the ledger has of a job: its repository has jobs; and if no sweep has found it, or
    /// it was reported again while it waited, a webhook has reported it.
    pub fn met(&mut self, job: &Job) {
        self.saw_job(&job.repository, job.seen_at.max(job.changed_at));
        let is_found = self.found.iter().any(|found| found.job == job.id);
        let first_told = (!is_found).then_some(job.seen_at);
        self.heard_at = self.heard_at.max(first_told).max(job.heard_at);
    }

    /// Whether webhooks fail to come: none has reported a job for five minutes, and jobs were found since the
    /// last one.
    pub fn webhooks_are_lost(&self, now: Timestamp) -> bool {
        let Some(found_at) = self.found_at.filter(|&at| now.duration_since(at) < LOST_FOR) else {
            return false;
        };
        self.heard_at.is_none_or(|heard| heard < found_at && now.duration_since(heard) >= SILENT_FOR)
    }

    /// What share of GitHub's limit may be used: more only while webhooks are lost.
    pub fn share(&self, now: Timestamp) -> Share {
        if self.webhooks_are_lost(now) { Share::TwoThirds } else { Share::Third }
    }

    /// Whether a job is still left to its webhook, which is on its way.
    pub fn is_left_to_its_webhook(&self, began: Option<Timestamp>, now: Timestamp) -> bool {
        let is_young = began.is_some_and(|began| now.duration_since(began) < WEBHOOKS_TIME);
        is_young && !self.webhooks_are_lost(now)
    }

    /// Whether this was told of a job so recently that the ledger may not have it yet.
    pub fn was_sent(&self, job: JobId, action: JobAction, now: Timestamp) -> bool {
        let found = self.found.iter().find(|found| (found.job, found.action) == (job, action));
        found.is_some_and(|found| now.duration_since(found.at) < SENT_AGAIN_AFTER)
    }

    /// Takes note of what was told of a job. `false` if it was before.
    pub fn sent(&mut self, job: JobId, action: JobAction, now: Timestamp) -> bool {
        let before = self.found.len();
        self.found.retain(|found| (found.job, found.action) != (job, action));
        let is_new = self.found.len() == before;
        self.found.push(FoundJob { job, action, at: now });
        self.found_at = self.found_at.max(Some(now));
        is_new
    }

    /// Forgets what is of no use any longer.
    pub fn forget(&mut self, now: Timestamp) {
        self.forget_candidates(now);
        self.found.retain(|found| now.duration_since(found.at) < REMEMBERED_FOR);
        let excess = self.found.len().saturating_sub(ROOM);
        self.found.drain(..excess);
    }

    /// Another pass at the same time has written its cursor first: this one's with what that one has done,
    /// and the calls of both.
    #[must_use]
    pub fn beside(mut self, first: &Self, calls: u32, now: Timestamp) -> Self {
        self.reads = first.reads;
        self.reads.pay(calls, now, self.share(now));
        for (repository, theirs) in &first.candidates {
            self.took_turn_elsewhere(repository, theirs);
        }
        for theirs in &first.found {
            if !self.found.iter().any(|it| (it.job, it.action) == (theirs.job, theirs.action)) {
                self.found.push(theirs.clone());
            }
        }
        self.found.sort_by_key(|found| found.at);
        self.found_at = self.found_at.max(first.found_at);
        self.heard_at = self.heard_at.max(first.heard_at);
        self.version = first.version;
        self
    }
}

#[cfg(test)]
mod tests;
