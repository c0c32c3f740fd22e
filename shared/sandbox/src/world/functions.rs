//! The functions that the platform runs, and how it runs them.

use std::rc::Rc;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use fleet::{BootId, DeliveryId, GithubRunnerId, TaskArn};

use super::{LAUNCHERS, World};

/// What a task is told that claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimReply {
    /// Its JIT config, which is a registration here.
    JitConfig(GithubRunnerId),
    /// It is not needed, or no longer there.
    NotNeeded,
    /// It is refused.
    Refused,
    /// It is to claim again later.
    Later,
}

/// What a runner is told that asks for its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReply {
    /// Stay.
    Stay,
    /// Leave.
    Leave,
}

/// Mayfly's functions, as the platform calls them.
pub trait Functions {
    /// The webhook function: one request of its Function URL.
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse;

    /// The launcher function: one batch of the queue.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse;

    /// The registrar's claim.
    async fn claim(&self, ticket: &str, boot: &BootId) -> ClaimReply;

    /// The registrar's release.
    async fn release(&self, ticket: &str) -> ReleaseReply;
}

/// How an invocation ended, and whose it was.
pub(super) enum End {
    Webhook(DeliveryId, LambdaFunctionUrlResponse),
    Launcher(Vec<String>, SqsBatchResponse),
    Claim(TaskArn, ClaimReply),
    Release(TaskArn, ReleaseReply),
}

impl<F: Functions + 'static> World<F> {
    /// Starts launchers for the messages that are in sight, as many as may run at once.
    pub(super) fn pump_queue(&mut self) {
        while self.launchers < LAUNCHERS {
            let now = self.sandbox.manual_clock().now();
            let pick = |count| self.sandbox.pick(count);
            let messages = self.sandbox.queue().borrow_mut().receive(now, pick);
            if messages.is_empty() {
                return;
            }
            let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
            let mut batch = SqsEvent::default();
            batch.records = messages.into_iter().map(|it| record(it.id, it.body)).collect();
            let functions = Rc::clone(&self.functions);
            self.launchers += 1;
            self.executor.spawn(Box::pin(async move { End::Launcher(ids, functions.launcher(batch).await) }));
        }
    }
}

fn record(id: String, body: String) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(id);
    record.body = Some(body);
    record
}
