//! The event source mapping from a queue to a function.
//!
//! Pollers receive batches and hand each to the function; what the function does not name as failed
//! is deleted. What it does name, or a batch without an answer, comes into sight again, and goes to
//! the dead-letter queue when the queue's redrive policy says so.
//! (Source: AWS, "Using Lambda with Amazon SQS".)

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use tokio::task::JoinSet;

use super::Function;

/// What the mapping is told.
#[derive(Debug, Clone)]
pub struct EventSource {
    /// The queue's client.
    pub client: Client,
    /// The queue.
    pub queue_url: String,
    /// Most messages in a batch, ten at most.
    pub batch_size: i32,
    /// Most batches at once.
    pub concurrency: usize,
}

/// The pollers. They end when this is dropped.
#[derive(Debug)]
pub struct Pollers {
    _tasks: JoinSet<()>,
}

impl EventSource {
    /// Begins to poll.
    pub fn start(self, function: &Function) -> Pollers {
        let source = Arc::new(self);
        let mut tasks = JoinSet::new();
        for _ in 0..source.concurrency {
            let (source, function) = (Arc::clone(&source), function.clone());
            tasks.spawn(async move {
                loop {
                    source.poll(&function).await;
                }
            });
        }
        Pollers { _tasks: tasks }
    }

    async fn poll(&self, function: &Function) {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(self.batch_size)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .wait_time_seconds(1)
            .send()
            .await;
        let Ok(received) = received else {
            // The queue is down; it may come back.
            return tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return;
        }
        let done = self.handle(function, &messages).await;
        self.delete(done).await;
    }

    /// Hands a batch over, and gives the messages that are done with.
    async fn handle<'a>(&self, function: &Function, messages: &'a [Message]) -> Vec<&'a Message> {
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(record).collect();
        let Ok(payload) = serde_json::to_vec(&event) else { return Vec::new() };
        let Ok(answer) = function.invoke(payload.into()).await else { return Vec::new() };
        // An answer that is no batch response fails the whole batch.
        let Ok(response) = serde_json::from_slice::<SqsBatchResponse>(&answer) else { return Vec::new() };
        let failed: Vec<&str> =
            response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        let is_done = |message: &&Message| message.message_id().is_some_and(|id| !failed.contains(&id));
        messages.iter().filter(is_done).collect()
    }

    async fn delete(&self, messages: Vec<&Message>) {
        let entry = |(place, message): (usize, &Message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(place.to_string());
            entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build().ok()
        };
        let entries: Vec<_> = messages.into_iter().enumerate().filter_map(entry).collect();
        if !entries.is_empty() {
            // One that is not deleted comes again, as SQS says that it may.
            let delete = self.client.delete_message_batch().queue_url(&self.queue_url);
            let _ = delete.set_entries(Some(entries)).send().await;
        }
    }
}

fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id.clone_from(&message.message_id);
    record.receipt_handle.clone_from(&message.receipt_handle);
    record.body.clone_from(&message.body);
    record.event_source = Some("aws:sqs".to_owned());
    record.aws_region = Some("us-east-1".to_owned());
    let attributes = message.attributes.iter().flatten();
    record.attributes = attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    record
}
