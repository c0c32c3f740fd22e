//! The walk of GitHub's list of attempts, from the newest back to what was read before.
//!
//! A walk takes as many passes as it needs, and the next one begins when it is over. So a pass that is
//! cut off skips nothing, and one that crashes is made again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cursor::READ_AGAIN;
use super::{AttemptPage, DeliveryCursor, REDELIVERED_FOR};
use crate::ids::DeliveryId;

/// A walk that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// When it began, by our own clock.
    pub began: Timestamp,
    /// The newest attempt that it met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// The oldest failure for which there was no room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
    /// GitHub's cursor of the page that comes next; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whether a walk goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkProgress {
    /// There is another page.
    GoesOn,
    /// The walk is over; these deliveries were never received, and are too old to be asked for.
    Over(Vec<DeliveryId>),
}

impl DeliveryCursor {
    /// GitHub's cursor of the page to read next; `None` for the first one.
    pub fn next_page(&self) -> Option<&str> {
        self.walk.as_ref()?.next.as_deref()
    }

    /// Reads the page that comes next. `began` is when the pass did, before it asked for any page.
    pub fn read(&mut self, page: &AttemptPage, began: Timestamp) -> WalkProgress {
        let mut walk = self.walk.take().unwrap_or(Walk { began, newest: None, missed: None, next: None });
        for attempt in &page.attempts {
            let at = attempt.delivered_at;
            walk.newest = walk.newest.max(Some(at));
            let missed = self.take(attempt, began);
            walk.missed = walk.missed.into_iter().chain(missed).min();
        }
        let until = self.read_back_to(began);
        let is_behind = page.attempts.last().is_some_and(|last| last.delivered_at < until);
        if page.next.is_some() && !is_behind {
            walk.next.clone_from(&page.next);
            self.walk = Some(walk);
            return WalkProgress::GoesOn;
        }
        self.seen_to = walk.missed.or(walk.newest).or(self.seen_to);
        self.walked_at = Some(walk.began);
        WalkProgress::Over(self.forget(began))
    }

    /// GitHub no longer knows the cursor of the next page: the walk starts again, at the newest attempt.
    pub fn start_over(&mut self) {
        self.walk = None;
    }

    /// The time back to which the list is read.
    fn read_back_to(&self, now: Timestamp) -> Timestamp {
        let oldest = now.checked_sub(REDELIVERED_FOR).unwrap_or(Timestamp::MIN);
        let seen = self.seen_to.and_then(|seen| seen.checked_sub(READ_AGAIN).ok());
        seen.map_or(oldest, |seen| seen.max(oldest))
    }
}
