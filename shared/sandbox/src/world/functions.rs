//! The functions that the platform runs, and how it runs them.

use std::rc::Rc;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use fleet::delivery::AttemptId;
use fleet::question::Listener;
use fleet::{DeliveryId, RunnerId, TaskArn};

use super::ticks::TickState;
use super::{LAUNCHERS, World};
use crate::faults::Fault;
use crate::queue::Message;
use crate::sandbox::FunctionName;

/// Mayfly's functions, as the platform calls them.
pub trait Functions {
    /// The webhook function: one request of its Function URL.
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse;

    /// The launcher function: one batch of the queue.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse;

    /// The registrar function: one request of its Function URL.
    async fn registrar(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse;

    /// The scheduler function: one tick. What failed in it is the next one's matter.
    async fn scheduler(&self);

    /// The reconciler function: one pass. What failed in it is the next one's matter.
    async fn reconciler(&self);
}

/// How an invocation ended, and whose it was.
pub(super) enum End {
    /// The delivery, its attempt where GitHub made it, and the answer.
    Webhook(DeliveryId, Option<AttemptId>, LambdaFunctionUrlResponse),
    /// The messages that were handled, to be deleted.
    Launcher(Vec<String>),
    /// The task, its question's number and listener, and the answer.
    Answered(TaskArn, u64, Listener, LambdaFunctionUrlResponse),
    /// The runner whose ticket a thief showed, and the status that was answered.
    Stolen(RunnerId, i64),
    /// A tick, with how the platform was when it began.
    Tick(TickState),
    Nothing,
}

impl<F: Functions + 'static> World<F> {
    /// Starts launchers for the visible messages, as many as may run at once.
    pub(super) fn pump_queue(&mut self) {
        while self.launchers < LAUNCHERS {
            let now = self.now();
            let pick = |count| self.sandbox.pick(count);
            let messages = self.sandbox.queue().borrow_mut().receive(now, pick);
            if messages.is_empty() {
                return;
            }
            let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
            let mut batch = SqsEvent::default();
            batch.records = messages.into_iter().map(record).collect();
            let functions = Rc::clone(&self.functions);
            self.launchers += 1;
            let answered = async move {
                let response = functions.launcher(batch).await;
                let failed =
                    |id: &String| response.batch_item_failures.iter().any(|it| it.item_identifier == *id);
                End::Launcher(ids.into_iter().filter(|id| !failed(id)).collect())
            };
            self.invoke(FunctionName::Launcher, answered, End::Launcher(Vec::new()));
        }
    }

    /// Deletes messages, except those that are delivered again all the same (SQS: "at least once").
    pub(super) fn done_with(&mut self, mut messages: Vec<String>) {
        messages.retain(|_| !self.sandbox.strikes(Fault::MessageComesAgain));
        self.sandbox.queue().borrow_mut().delete(&messages);
    }
}

/// What a Function URL answers for a function that crashed.
pub(super) fn bad_gateway() -> LambdaFunctionUrlResponse {
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = 502;
    response
}

fn record(message: Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    let sent_at = message.sent_at.as_millisecond().to_string();
    record.attributes.insert("SentTimestamp".to_owned(), sent_at);
    record.message_id = Some(message.id);
    record.body = Some(message.body);
    record
}
