//! The queue, with the visibility time-out, the redelivery and the dead-letter queue of SQS.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

/// How long a received message stays out of sight (the template's value: six times the launcher's
/// time limit).
pub const VISIBILITY: Duration = Duration::from_secs(180);

/// How often a message is received before it goes to the dead-letter queue.
pub const MAX_RECEIVES: u32 = 5;

/// Most messages in one batch of the launcher.
pub const BATCH: usize = 10;

/// A message on the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Its body.
    pub body: String,
    visible_at: Timestamp,
    receives: u32,
}

/// The queue and its dead-letter queue.
#[derive(Debug, Default)]
pub struct Queue {
    messages: BTreeMap<u64, Message>,
    dead: Vec<Message>,
    sent: u64,
}

impl Queue {
    /// Puts a message on the queue.
    pub fn send(&mut self, body: String, now: Timestamp) {
        self.sent += 1;
        let message = Message { id: format!("message-{}", self.sent), body, visible_at: now, receives: 0 };
        self.messages.insert(self.sent, message);
    }

    /// Receives the messages that are in sight, in an order that `pick` chooses, a batch at most.
    /// One that was received too often goes to the dead-letter queue instead.
    pub fn receive(&mut self, now: Timestamp, mut pick: impl FnMut(usize) -> usize) -> Vec<Message> {
        let spent = |message: &Message| message.receives >= MAX_RECEIVES && message.visible_at <= now;
        let dead: Vec<u64> = self.messages.iter().filter(|(_, it)| spent(it)).map(|(&at, _)| at).collect();
        self.dead.extend(dead.iter().filter_map(|at| self.messages.remove(at)));

        let visible = self.messages.iter().filter(|(_, message)| message.visible_at <= now);
        let mut places: Vec<u64> = visible.map(|(&at, _)| at).collect();
        let mut batch = Vec::new();
        while batch.len() < BATCH && !places.is_empty() {
            let place = places.remove(pick(places.len()).min(places.len() - 1));
            if let Some(message) = self.messages.get_mut(&place) {
                message.receives += 1;
                message.visible_at = now.checked_add(VISIBILITY).unwrap_or(Timestamp::MAX);
                batch.push(message.clone());
            }
        }
        batch
    }

    /// Deletes messages that are done with.
    pub fn delete(&mut self, ids: &[String]) {
        self.messages.retain(|_, message| !ids.contains(&message.id));
    }

    /// When the next message comes into sight.
    pub fn next_visible(&self) -> Option<Timestamp> {
        self.messages.values().map(|message| message.visible_at).min()
    }

    /// Messages on the queue, in sight or not.
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
}
