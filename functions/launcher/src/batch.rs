//! A batch of the queue, read and grouped by pool.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::SqsEvent;
use fleet::PoolName;
use fleet::ledger::Event;

use crate::message::{self, MessageError};

/// The events of one pool, with the messages that brought them.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) events: Vec<Event>,
    pub(crate) messages: Vec<String>,
}

/// A batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// By the pool that the job was routed to. Events that name no pool (of a task, or of a job
    /// that no pool serves any longer) are one group: their runners tell which books they touch.
    pub(crate) groups: BTreeMap<Option<PoolName>, Group>,
    /// Messages that are not ours to understand, each with what is wrong. They come again, and in
    /// the end go to the dead-letter queue.
    pub(crate) unreadable: Vec<(String, MessageError)>,
}

impl Batch {
    /// Reads every message of a batch. One that says nothing to the ledger is dropped.
    pub(crate) fn read(event: SqsEvent) -> Self {
        let mut batch = Self::default();
        for record in event.records {
            let id = record.message_id.unwrap_or_default();
            match message::read(record.body.as_deref().unwrap_or_default()) {
                Ok(Some(event)) => {
                    let group = batch.groups.entry(event.pool().cloned()).or_default();
                    group.events.push(event);
                    group.messages.push(id);
                }
                Ok(None) => {}
                Err(problem) => batch.unreadable.push((id, problem)),
            }
        }
        batch
    }
}
