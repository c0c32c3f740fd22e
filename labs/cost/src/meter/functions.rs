//! Mayfly's functions with the meter around each.

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use sandbox::{FunctionName, Functions};

use super::CostMeter;
use crate::usage::{Usage, UsedBy};

/// The functions, metered.
#[derive(Debug)]
pub(crate) struct Metered<F> {
    pub(crate) functions: F,
    pub(crate) meter: CostMeter,
}

impl<F: Functions> Functions for Metered<F> {
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        self.meter.event(FunctionName::Webhook, self.functions.webhook(request)).await
    }

    /// Lambda has received the batch by one request, if it is not too large, and deletes it by another.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse {
        let bytes = batch.records.iter().filter_map(|it| it.body.as_ref()).map(String::len).sum();
        let queue_requests = self.meter.queue_requests(bytes) + 1.0;
        self.meter
            .add(UsedBy::Function(FunctionName::Launcher), Usage { queue_requests, ..Usage::default() });
        self.meter.event(FunctionName::Launcher, self.functions.launcher(batch)).await
    }

    async fn registrar(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        self.meter.event(FunctionName::Registrar, self.functions.registrar(request)).await
    }

    async fn scheduler(&self) {
        self.tick(FunctionName::Scheduler);
        self.meter.event(FunctionName::Scheduler, self.functions.scheduler()).await;
    }

    async fn reconciler(&self) {
        self.tick(FunctionName::Reconciler);
        self.meter.event(FunctionName::Reconciler, self.functions.reconciler()).await;
    }
}

impl<F> Metered<F> {
    fn tick(&self, function: FunctionName) {
        self.meter.add(UsedBy::Function(function), Usage { ticks: 1.0, ..Usage::default() });
    }
}
