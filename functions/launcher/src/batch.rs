//! A batch of the queue, parsed and grouped by pool.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use control::QueuedAt;
use fleet::ledger::{Event, JobAction};
use fleet::{DeliveryId, InstanceId, PoolName};
use jiff::Timestamp;

use crate::message::{self, MessageError, ReadMessage};

/// The events of one pool and the message behind each of them, in the same order.
#[derive(Debug, Default)]
pub(crate) struct PoolEvents {
    pub(crate) events: Vec<Event>,
    pub(crate) sources: Vec<EventOrigin>,
}

/// The message behind an event.
#[derive(Debug)]
pub(crate) struct EventOrigin {
    pub(crate) message: String,
    /// GitHub's delivery; AWS events have none.
    pub(crate) delivery: Option<DeliveryId>,
}

/// A batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The events by the pool that the job was routed to. Events that name no pool (of a task, or of a job
    /// that no pool serves any more) form one group: their runners show which books they touch.
    pub(crate) groups: BTreeMap<Option<PoolName>, PoolEvents>,
    /// EC2 instances about to be interrupted, each with the message that says so.
    pub(crate) interruptions: Vec<(String, InstanceId)>,
    /// Messages that the launcher does not understand, each with the problem. They come again, and end in the
    /// dead-letter queue.
    pub(crate) unreadable: Vec<(String, MessageError)>,
    /// For each pool, when SQS took the oldest message of a queued job.
    pub(crate) queued_at: QueuedAt,
}

impl PoolEvents {
    /// Whether an event asks to settle the pool.
    pub(crate) fn is_to_be_settled(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Settle { .. }))
    }
}

impl Batch {
    /// Parses every message of a batch. A message of no concern is dropped.
    pub(crate) fn read(event: SqsEvent) -> Self {
        let mut batch = Self::default();
        for record in event.records {
            let sent_at = sent_at(&record);
            let id = record.message_id.unwrap_or_default();
            match message::read(record.body.as_deref().unwrap_or_default()) {
                Ok(ReadMessage::Event(event, delivery)) => {
                    batch.add(EventOrigin { message: id, delivery }, event, sent_at);
                }
                Ok(ReadMessage::Settle(message)) => {
                    if let Some(since) = message.since {
                        batch.note_queued(&message.settle, since);
                    }
                    let event = Event::Settle { pool: message.settle };
                    batch.add(EventOrigin { message: id, delivery: None }, event, None);
                }
                Ok(ReadMessage::Interruption(instance)) => batch.interruptions.push((id, instance)),
                Ok(ReadMessage::Nothing) => {}
                Err(problem) => batch.unreadable.push((id, problem)),
            }
        }
        batch
    }

    fn note_queued(&mut self, pool: &PoolName, at: Timestamp) {
        let oldest = self.queued_at.entry(pool.clone()).or_insert(at);
        *oldest = at.min(*oldest);
    }

    fn add(&mut self, source: EventOrigin, mut event: Event, sent_at: Option<Timestamp>) {
        if let Event::Job(job) = &mut event {
            job.accepted_at = sent_at;
        }
        if let Event::Job(job) = &event
            && let (JobAction::Queued, Some(pool), Some(at)) = (job.action, &job.pool, sent_at)
        {
            self.note_queued(&pool.clone(), at);
        }
        let group = self.groups.entry(event.pool().cloned()).or_default();
        group.events.push(event);
        group.sources.push(source);
    }
}

/// When SQS took a message: its attribute `SentTimestamp`, in milliseconds.
fn sent_at(record: &SqsMessage) -> Option<Timestamp> {
    let milliseconds = record.attributes.get("SentTimestamp")?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}
