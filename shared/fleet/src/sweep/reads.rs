//! The calls that the reconciler makes to read from GitHub: how many in an hour.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls that GitHub allows an App's installation in an hour, at least (its documentation, "Rate limits for
/// GitHub Apps").
const LIMIT: u32 = 5000;

/// Most calls in an hour as long as webhooks come: a third of what GitHub allows.
pub const READS_AN_HOUR: u32 = LIMIT / 3;

/// How long it takes until calls that were not made may all be made at once.
const SAVED_FOR: SignedDuration = SignedDuration::from_mins(10);

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How much of GitHub's limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// As long as webhooks come.
    Third,
    /// While they are lost.
    TwoThirds,
}

impl Share {
    /// Most calls in any hour.
    pub fn an_hour(self) -> u32 {
        match self {
            Self::Third => READS_AN_HOUR,
            Self::TwoThirds => 2 * READS_AN_HOUR,
        }
    }

    /// The time that a call takes of the hour's. With it no hour has more than its share: what was saved
    /// before it, and what comes in it.
    fn a_call(self) -> i64 {
        let available = (HOUR + SAVED_FOR).as_millis();
        let calls = i128::from(self.an_hour());
        i64::try_from((available + calls - 1) / calls).unwrap_or(i64::MAX)
    }
}

/// The calls that were made, as the time for which they are paid: each takes some of it, and none may take
/// it further ahead of now than ten minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBudget {
    /// Up to when the calls so far are paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_to: Option<Timestamp>,
}

impl ReadBudget {
    /// How many calls may be made now.
    pub fn left(&self, now: Timestamp, share: Share) -> u32 {
        let ahead = self.paid_to.map_or(0, |to| to.duration_since(now).as_millis().max(0));
        let left = (SAVED_FOR.as_millis() - ahead).max(0) / i128::from(share.a_call());
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Takes note of calls that were made.
    pub fn pay(&mut self, calls: u32, now: Timestamp, share: Share) {
        if calls == 0 {
            return;
        }
        let from = self.paid_to.unwrap_or(now).max(now);
        let length = SignedDuration::from_millis(share.a_call().saturating_mul(i64::from(calls)));
        self.paid_to = Some(from.checked_add(length).unwrap_or(Timestamp::MAX));
    }
}
