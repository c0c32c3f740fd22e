//! Webhook deliveries that failed: what GitHub's list says of them, and which to ask for once more.
//!
//! GitHub does not deliver again by itself (its documentation, "Handling failed webhook deliveries"), so
//! a delivery that met an outage is lost until somebody asks. A [`DeliveryCursor`] walks the list from its
//! newest attempt back to what was read before, and remembers the deliveries that have failed.

mod cursor;
mod walk;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::cursor::{DeliveryCursor, FailedDelivery, Redelivery};
pub use self::walk::{Walk, WalkProgress};
use crate::ids::DeliveryId;

/// The event that tells of jobs, in the `X-GitHub-Event` header and in GitHub's list.
pub const WORKFLOW_JOB: &str = "workflow_job";

/// How long GitHub delivers again (its documentation, "Redelivering webhooks": "deliveries from the past
/// 3 days").
pub const REDELIVERED_FOR: SignedDuration = SignedDuration::from_hours(3 * 24);

/// GitHub's id of one attempt at a delivery. It is beyond 2^53, where a JSON number read as a float is
/// another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub i64);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One attempt at a delivery, as GitHub's list describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// The id of this attempt.
    pub id: AttemptId,
    /// The delivery's GUID, which all of its attempts share.
    pub guid: DeliveryId,
    /// When it was attempted, by GitHub's clock.
    pub delivered_at: Timestamp,
    /// Whether somebody asked for it.
    pub redelivery: bool,
    /// The status that was answered; 0 where nothing was.
    pub status_code: u16,
    /// The event's name.
    pub event: String,
    /// The event's action, where it has one.
    #[serde(default)]
    pub action: Option<String>,
}

/// A page of GitHub's list, the newest attempt first, as the script has it in GitHub's documentation,
/// "Automatically redelivering failed deliveries for a GitHub App webhook".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// Entries of the page that could not be read, and are left out.
    pub unreadable: usize,
    /// GitHub's cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// How an attempt was received, by the status that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Mayfly has it.
    Received,
    /// Nobody of Mayfly looked at it, or nobody could keep it: it is worth another attempt.
    Missed,
    /// Mayfly looked at it, and would say the same again.
    Declined,
}

impl Reception {
    /// What a status says.
    ///
    /// Worth another attempt are: no answer within GitHub's ten seconds, or no connection (0); 408 and
    /// 429, and every 5xx: Mayfly's own 503 where the queue or its secrets are out of reach, Lambda's 502
    /// of a function that failed, its 429 of one that is throttled, a gateway's 500 and 504; 403 and 404,
    /// which Mayfly never answers: the URL's permission or its route was missing, as in a deploy that went
    /// wrong.
    ///
    /// The rest of 4xx is Mayfly's word on what it was sent, which stays the same: 400 cannot be
    /// understood, 401 is not GitHub's, 413 is too large.
    pub fn of(status_code: u16) -> Self {
        match status_code {
            200..=299 => Self::Received,
            0 | 403 | 404 | 408 | 429 | 500..=599 => Self::Missed,
            _ => Self::Declined,
        }
    }
}

impl Attempt {
    /// How it was received.
    pub fn reception(&self) -> Reception {
        Reception::of(self.status_code)
    }

    /// Whether its delivery can move a job. `waiting` moves none.
    pub fn moves_a_job(&self) -> bool {
        self.event == WORKFLOW_JOB && self.action.as_deref() != Some("waiting")
    }
}

#[cfg(test)]
mod tests;
