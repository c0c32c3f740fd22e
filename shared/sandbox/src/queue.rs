//! The queue, with the visibility time-out, the redelivery and the dead-letter queue of SQS.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

/// How long a received message stays out of sight (the template's value: six times the launcher's
/// time limit).
pub const VISIBILITY: Duration = Duration::from_mins(3);

/// How often a message is received before it goes to the dead-letter queue.
pub const MAX_RECEIVES: u32 = 5;

/// Most messages in one batch of the launcher.
pub const BATCH: usize = 10;

/// Messages among which the next one is chosen: how far out of order they may come.
const WINDOW: usize = 40;

/// A message on the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Its body.
    pub body: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    visible_at: Timestamp,
    receives: u32,
}

/// The queue and its dead-letter queue.
#[derive(Debug, Default)]
pub struct Queue {
    messages: BTreeMap<u64, Message>,
    /// The messages by the time from which they are visible.
    in_sight: BTreeSet<(Timestamp, u64)>,
    dead: Vec<Message>,
    sent: u64,
}

impl Queue {
    /// Puts a message on the queue, now, that comes into sight at this time.
    pub fn send(&mut self, body: String, sent_at: Timestamp, visible_at: Timestamp) {
        self.sent += 1;
        let message =
            Message { id: format!("message-{}", self.sent), body, sent_at, visible_at, receives: 0 };
        self.in_sight.insert((visible_at, self.sent));
        self.messages.insert(self.sent, message);
    }

    /// Receives visible messages, in an order that `pick` chooses, a batch at most. One that was received too
    /// often goes to the dead-letter queue instead.
    pub fn receive(&mut self, now: Timestamp, mut pick: impl FnMut(usize) -> usize) -> Vec<Message> {
        let until = (now, u64::MAX);
        let mut places: Vec<u64> =
            self.in_sight.range(..=until).take(WINDOW).map(|&(_, place)| place).collect();
        let mut batch = Vec::new();
        while batch.len() < BATCH && !places.is_empty() {
            let place = places.swap_remove(pick(places.len()).min(places.len() - 1));
            let Some(mut message) = self.take(place) else { continue };
            if message.receives >= MAX_RECEIVES {
                self.dead.push(message);
                continue;
            }
            message.receives += 1;
            message.visible_at = now.checked_add(VISIBILITY).unwrap_or(Timestamp::MAX);
            batch.push(message.clone());
            self.in_sight.insert((message.visible_at, place));
            self.messages.insert(place, message);
        }
        batch
    }

    /// Deletes messages that were handled.
    pub fn delete(&mut self, ids: &[String]) {
        let places = ids.iter().filter_map(|id| id.strip_prefix("message-")?.parse().ok());
        for place in places.collect::<Vec<u64>>() {
            self.take(place);
        }
    }

    /// When the next message comes into sight.
    pub fn next_visible(&self) -> Option<Timestamp> {
        self.in_sight.first().map(|&(at, _)| at)
    }

    /// Messages on the queue, visible or not.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The dead-letter queue.
    pub fn dead_letters(&self) -> &[Message] {
        &self.dead
    }

    /// Takes everything out of the dead-letter queue, as somebody does who has looked at it.
    pub fn take_dead_letters(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.dead)
    }

    fn take(&mut self, place: u64) -> Option<Message> {
        let message = self.messages.remove(&place)?;
        self.in_sight.remove(&(message.visible_at, place));
        Some(message)
    }
}
