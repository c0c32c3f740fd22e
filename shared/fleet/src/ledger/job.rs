//! A workflow job in the ledger, and how far it is.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::JobTimes;
use crate::ids::{JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;

/// How far a job is. A job only moves to a later state, except that a Queued one becomes Waiting if GitHub
/// says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// GitHub says that it waits for an approval. It counts nowhere.
    Waiting,
    /// It waits for a runner and counts in its pool's `queued`.
    Queued,
    /// Runners of ours that could serve it have waited, and GitHub gave it to none of them. It no longer
    /// counts.
    Unserved,
    /// A runner has taken it.
    InProgress,
    /// It has ended, however it went.
    Completed,
}

/// A workflow job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// GitHub's id.
    pub id: JobId,
    /// How far it is.
    pub state: JobState,
    /// The pool that it was routed to, in whose book it counts while it is queued. `None` if it had begun or
    /// ended before the ledger knew it, and no pool served it: it is kept so that a late event counts
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
    /// The repository it belongs to.
    pub repository: Repository,
    /// Whether anyone may read the repository, according to GitHub's latest word.
    #[serde(default)]
    pub is_public: bool,
    /// The labels that it asks for.
    pub labels: Labels,
    /// The runner of ours that took it, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerId>,
    /// When it was first recorded.
    pub seen_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// When a webhook last repeated that it waits for a runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// When GitHub was last asked about it in its current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// How many runners were counted out because they listened in vain for it.
    #[serde(default)]
    pub passed_over: u32,
    /// Why nothing of ours can serve it, most likely; only if it is Unserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unserved: Option<UnservedReason>,
    /// When it reached each of its points.
    #[serde(default, skip_serializing_if = "JobTimes::is_empty")]
    pub times: JobTimes,
    /// How often it was written; 0 if never.
    pub version: u64,
}

impl Job {
    /// A job that comes to this state now and has never been written, with no more than every job has.
    pub fn new(id: JobId, state: JobState, repository: Repository, labels: Labels, now: Timestamp) -> Self {
        Self {
            id,
            state,
            pool: None,
            repository,
            is_public: false,
            labels,
            runner: None,
            seen_at: now,
            changed_at: now,
            heard_at: None,
            read_at: None,
            passed_over: 0,
            unserved: None,
            times: JobTimes::default(),
            version: 0,
        }
    }
}

/// The most likely reason why GitHub gives a job to no runner that could serve it (GitHub: "Managing access
/// to self-hosted runners using groups").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnservedReason {
    /// Its repository is public, and the runner group refuses public repositories, as groups do by default.
    PublicRepository,
    /// Its repository is not among those that the runner group serves.
    RunnerGroup,
}

/// What is wrong, and what to do.
impl fmt::Display for UnservedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicRepository => {
                "its repository is public, and the runner group most likely refuses those: allow public \
                 repositories in the settings of the group"
            }
            Self::RunnerGroup => {
                "the runner group is most likely not for its repository: add it in the settings of the group"
            }
        })
    }
}
