//! GitHub's log of webhook deliveries: every attempt with its answer, and the attempts that somebody asks
//! for once more.

use std::collections::BTreeMap;

use fleet::DeliveryId;
use fleet::delivery::{Attempt, AttemptId, AttemptPage, REDELIVERED_FOR, Reception};
use jiff::Timestamp;
use serde_json::Value;

use super::Github;
use crate::delivery::Delivery;

/// The first attempt's id. GitHub's are beyond 2^53.
const FIRST: i64 = 9_007_199_254_740_993;

/// What GitHub's cursors begin with; the id of the page's first attempt follows.
const CURSOR: &str = "v1_";

/// Most attempts of a page.
pub const LARGEST_PAGE: usize = 100;

/// The log.
#[derive(Debug, Default)]
pub(super) struct DeliveryLog {
    /// In the order of their ids, which is that of their beginning.
    attempts: Vec<Logged>,
    asked_for: Vec<AttemptId>,
    /// The deliveries that were not received yet, each with the time of its first attempt.
    missed: BTreeMap<DeliveryId, Timestamp>,
}

#[derive(Debug)]
struct Logged {
    attempt: Attempt,
    delivery: Delivery,
    /// Whether it was answered, or never will be. Before that nobody sees it.
    is_over: bool,
}

/// How GitHub refuses to deliver again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedeliverError {
    /// There is no such attempt.
    NotFound,
    /// It is more than three days old.
    TooOld,
}

impl Github {
    /// An attempt at a delivery begins.
    pub(crate) fn begin_attempt(
        &mut self,
        delivery: &Delivery,
        redelivery: bool,
        now: Timestamp,
    ) -> AttemptId {
        let attempts = &mut self.log.attempts;
        let id = AttemptId(FIRST.saturating_add_unsigned(attempts.len() as u64));
        let payload: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        let attempt = Attempt {
            id,
            guid: delivery.id.clone(),
            delivered_at: now,
            redelivery,
            status_code: 0,
            event: delivery.event.clone(),
            action: payload.get("action").and_then(Value::as_str).map(str::to_owned),
        };
        attempts.push(Logged { attempt, delivery: delivery.clone(), is_over: false });
        id
    }

    /// An attempt is answered with this status; 0 where nobody answers.
    pub(crate) fn end_attempt(&mut self, id: AttemptId, status_code: u16) {
        if let Some(logged) = self.log.place(id).and_then(|place| self.log.attempts.get_mut(place)) {
            logged.attempt.status_code = status_code;
            logged.is_over = true;
            let attempt = &logged.attempt;
            if attempt.reception() != Reception::Missed {
                self.log.missed.remove(&attempt.guid);
            } else if attempt.moves_a_job() && !attempt.redelivery {
                self.log.missed.insert(attempt.guid.clone(), attempt.delivered_at);
            }
        }
    }

    /// A page of the attempts, the newest first: the first one, or that of a cursor. `None` for a cursor
    /// that is not GitHub's.
    pub fn attempts(&self, cursor: Option<&str>, page: usize) -> Option<AttemptPage> {
        let end = match cursor {
            None => self.log.attempts.len(),
            Some(cursor) => {
                let id = cursor.strip_prefix(CURSOR)?.parse().ok().map(AttemptId)?;
                self.log.place(id)? + 1
            }
        };
        let older = self.log.attempts.get(..end)?.iter().rev().filter(|logged| logged.is_over);
        let mut listed = older.map(|logged| &logged.attempt);
        let attempts = listed.by_ref().take(page.clamp(1, LARGEST_PAGE)).cloned().collect();
        let next = listed.next().map(|attempt| format!("{CURSOR}{}", attempt.id));
        Some(AttemptPage { attempts, unreadable: 0, next })
    }

    /// Every attempt that is over, the oldest first.
    pub fn attempts_made(&self) -> impl Iterator<Item = &Attempt> {
        self.log.attempts.iter().filter(|logged| logged.is_over).map(|logged| &logged.attempt)
    }

    /// Whether a delivery that can move a job was not received yet, and GitHub would still deliver it.
    pub(crate) fn has_missed_deliveries(&self, now: Timestamp) -> bool {
        self.log.missed.values().any(|&first| now.duration_since(first) < REDELIVERED_FOR)
    }

    /// Somebody asks to repeat an attempt. GitHub does it a little later.
    pub fn ask_again(&mut self, id: AttemptId, now: Timestamp) -> Result<(), RedeliverError> {
        let logged = self.log.place(id).and_then(|place| self.log.attempts.get(place));
        let logged = logged.filter(|logged| logged.is_over).ok_or(RedeliverError::NotFound)?;
        if now.duration_since(logged.attempt.delivered_at) >= REDELIVERED_FOR {
            return Err(RedeliverError::TooOld);
        }
        self.log.asked_for.push(id);
        Ok(())
    }

    /// The deliveries that somebody asked for since this was asked last.
    pub(crate) fn take_asked_for(&mut self) -> Vec<Delivery> {
        let asked_for = std::mem::take(&mut self.log.asked_for);
        let logged = asked_for.into_iter().filter_map(|id| self.log.attempts.get(self.log.place(id)?));
        logged.map(|logged| logged.delivery.clone()).collect()
    }
}

impl DeliveryLog {
    /// Where an attempt stands.
    fn place(&self, id: AttemptId) -> Option<usize> {
        let place = usize::try_from(id.0.checked_sub(FIRST)?).ok()?;
        (place < self.attempts.len()).then_some(place)
    }
}
