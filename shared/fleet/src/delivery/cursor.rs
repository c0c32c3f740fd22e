//! What is kept of GitHub's deliveries from one pass to the next: how far its list was read, and which
//! have failed. It is one item of the ledger.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attempt, AttemptId, REDELIVERED_FOR, Reception, Walk};
use crate::ids::DeliveryId;

/// How far before the newest attempt that was seen the list is read again: an attempt is in it once it was
/// answered, which may be after later ones.
pub(super) const READ_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// How far the stored cursor may lag behind what was read, where nothing has failed.
const SEEN_LAGS: SignedDuration = SignedDuration::from_mins(5);

/// The distance to the second attempt that is asked for. It doubles with each: GitHub delivers most within
/// a few seconds, some within minutes.
const FIRST_DISTANCE: SignedDuration = SignedDuration::from_mins(3);

/// The longest distance.
const LONGEST_DISTANCE: SignedDuration = SignedDuration::from_hours(1);

/// Failed deliveries that are remembered at once: more than are asked for while the answers to the first
/// come in. The oldest ones are; the others are read again.
pub(super) const ROOM: usize = 400;

/// Deliveries that are remembered, with those that have been received since. With [`ROOM`] more of them the
/// item is still within DynamoDB's 400 KB.
pub(super) const MOST: usize = 2 * ROOM;

/// How far the list was read, and the deliveries that have failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCursor {
    /// The newest attempt up to which everything was looked at, by GitHub's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_to: Option<Timestamp>,
    /// When the last whole walk of the list began, by our own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walked_at: Option<Timestamp>,
    /// The walk that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<Walk>,
    /// The deliveries that have failed, and those that no longer do and may be met once more.
    #[serde(default)]
    pub failed: BTreeMap<DeliveryId, FailedDelivery>,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

/// A delivery that has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDelivery {
    /// Its newest attempt, which GitHub is asked to repeat.
    pub attempt: AttemptId,
    /// When that was.
    pub attempted_at: Timestamp,
    /// The status that it was answered.
    pub status_code: u16,
    /// When its newest attempt was that failed, if one was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// When its first attempt was that is known.
    pub first_at: Timestamp,
    /// How often GitHub was asked for another attempt.
    pub asked: u32,
    /// When GitHub was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// Whether it has been received since, or declined: nobody asks for it any longer.
    #[serde(default)]
    pub is_settled: bool,
}

/// A delivery to ask GitHub for once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redelivery {
    /// The delivery.
    pub guid: DeliveryId,
    /// What was known of it before it was asked for.
    pub failed: FailedDelivery,
}

impl DeliveryCursor {
    /// The deliveries to ask for now, those that are due longest first, which are then taken for asked;
    /// each at most once, until the list has been walked again.
    pub fn ask(&mut self, now: Timestamp, most: usize) -> Vec<Redelivery> {
        let walked_at = self.walked_at;
        let due = self.failed.iter().filter_map(|(guid, failed)| {
            Some((failed.due_at(walked_at).filter(|&due| due <= now && failed.may_be_asked(now))?, guid))
        });
        let mut due: Vec<(Timestamp, DeliveryId)> = due.map(|(at, guid)| (at, guid.clone())).collect();
        due.sort();
        due.truncate(most);
        let asked = due.into_iter().filter_map(|(_, guid)| {
            let failed = self.failed.get_mut(&guid)?;
            let before = failed.clone();
            failed.asked = failed.asked.saturating_add(1);
            failed.asked_at = Some(now);
            Some(Redelivery { guid, failed: before })
        });
        asked.collect()
    }

    /// A delivery was not asked for after all: it is due again.
    pub fn put_back(&mut self, ask: Redelivery) {
        self.failed.insert(ask.guid, ask.failed);
    }

    /// Whether something in it is to be kept that the stored one does not have. Where no delivery has failed, nobody
    /// asks when the list was walked, and how far it was read may lag: whoever has the stored one alone reads that
    /// much again.
    pub fn has_news(&self, stored: &Self) -> bool {
        let lags =
            self.seen_to.zip(stored.seen_to).is_some_and(|(to, from)| to.duration_since(from) < SEEN_LAGS);
        let seen_to = if lags { stored.seen_to } else { self.seen_to };
        !self.failed.is_empty() || Self { seen_to, walked_at: stored.walked_at, ..self.clone() } != *stored
    }

    /// The deliveries that are still to be received.
    pub fn waiting(&self) -> usize {
        self.failed.values().filter(|failed| !failed.is_settled).count()
    }

    /// Takes note of an attempt. Returns the time of a failed delivery that finds no room.
    pub(super) fn take(&mut self, attempt: &Attempt, now: Timestamp) -> Option<Timestamp> {
        if !attempt.moves_a_job() {
            return None;
        }
        let is_settled = attempt.reception() != Reception::Missed;
        let failed_at = (!is_settled).then_some(attempt.delivered_at);
        if let Some(known) = self.failed.get_mut(&attempt.guid) {
            known.first_at = known.first_at.min(attempt.delivered_at);
            known.failed_at = known.failed_at.max(failed_at);
            if (attempt.delivered_at, attempt.id) > (known.attempted_at, known.attempt) {
                known.attempt = attempt.id;
                known.attempted_at = attempt.delivered_at;
                known.status_code = attempt.status_code;
                known.is_settled = is_settled;
            }
            return None;
        }
        let failed = FailedDelivery {
            attempt: attempt.id,
            attempted_at: attempt.delivered_at,
            status_code: attempt.status_code,
            failed_at,
            first_at: attempt.delivered_at,
            asked: 0,
            asked_at: None,
            is_settled,
        };
        // One that was received when somebody asked for it has failed before: those attempts come next.
        let is_wanted = if is_settled {
            attempt.redelivery && self.failed.len() < MOST
        } else {
            failed.may_be_asked(now)
        };
        if !is_wanted {
            return None;
        }
        self.failed.insert(attempt.guid.clone(), failed);
        if self.waiting() > ROOM { self.give_way() } else { None }
    }

    /// Lets the newest failed delivery go that was not asked for yet; one that was keeps its count. It is
    /// read again, as the list is read from its time on.
    fn give_way(&mut self) -> Option<Timestamp> {
        let fresh = self.failed.iter().filter(|(_, failed)| !failed.is_settled && failed.asked == 0);
        let (_, guid) = fresh.map(|(guid, failed)| (failed.first_at, guid.clone())).max()?;
        self.failed.remove(&guid).map(|failed| failed.first_at)
    }

    /// Forgets deliveries that nobody asks for any longer and whose failures are not read again. Returns
    /// those that were never received.
    pub(super) fn forget(&mut self, now: Timestamp) -> Vec<DeliveryId> {
        let read_from = self.seen_to.and_then(|seen| seen.checked_sub(READ_AGAIN).ok());
        let is_over = |failed: &FailedDelivery| {
            let is_behind = failed.failed_at.is_none_or(|at| read_from.is_some_and(|from| at < from));
            is_behind && !failed.may_be_asked(now)
        };
        let over: Vec<DeliveryId> =
            self.failed.iter().filter(|(_, failed)| is_over(failed)).map(|(guid, _)| guid.clone()).collect();
        over.into_iter()
            .filter(|guid| self.failed.remove(guid).is_some_and(|failed| !failed.is_settled))
            .collect()
    }
}

impl FailedDelivery {
    /// Whether GitHub would still deliver it, and somebody wants it.
    fn may_be_asked(&self, now: Timestamp) -> bool {
        !self.is_settled && now.duration_since(self.first_at) < REDELIVERED_FOR
    }

    /// When it is to be asked for: at once; and again when a walk that began the distance after the last
    /// time has seen that it still fails. `None` before that walk.
    fn due_at(&self, walked_at: Option<Timestamp>) -> Option<Timestamp> {
        let Some(asked_at) = self.asked_at else { return Some(self.first_at) };
        let due = asked_at.checked_add(self.distance()).ok()?;
        (due <= walked_at?).then_some(due)
    }

    fn distance(&self) -> SignedDuration {
        let doubled = 1_i32.checked_shl(self.asked.saturating_sub(1)).filter(|&times| times > 0);
        let distance = doubled.and_then(|times| FIRST_DISTANCE.checked_mul(times));
        distance.unwrap_or(LONGEST_DISTANCE).min(LONGEST_DISTANCE)
    }
}
