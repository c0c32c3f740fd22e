//! The `webhook` function: one GitHub delivery in, one answer out.
//!
//! It verifies the signature over the raw bytes, reads the payload, checks whose repository it is, routes the
//! labels to a pool, and puts the event on the queue. It answers 2xx only once the event is safe there.
//! GitHub waits ten seconds and never redelivers by itself, so the function does nothing else.

mod answer;
mod body;
mod decision;
pub mod metrics;
mod settings;

use ::metrics::counter;
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::DeliveryId;
use fleet::ledger::{JobEvent, JobMessage};
use fleet::metric::Metric;
use fleet::ports::SendMessage;
use fleet::version::Version;
use tracing::{error, info, warn};

use crate::answer::AnswerToGithub;
pub use crate::body::BODY_LIMIT;
use crate::decision::{Decision, decide};
use crate::metrics::{
    DELIVERIES_BROKEN, DELIVERIES_EMPTY, DELIVERIES_FOREIGN, DELIVERIES_NOT_READY, DELIVERIES_REFUSED,
    JOBS_QUEUED, JOBS_UNSERVED, POOL, QUEUE_UNAVAILABLE, REASON,
};
pub use crate::settings::{WebhookDeployment, WebhookSettings};

/// The function, with what it keeps between requests.
#[derive(Debug)]
pub struct Webhook<Q> {
    /// The queue to the launcher.
    pub queue: Q,
}

impl<Q: SendMessage> Webhook<Q> {
    /// Answers one request of the Function URL (payload format 2.0) with the current settings. It never
    /// fails: whatever is wrong becomes a status and a sentence in GitHub's delivery log.
    pub async fn handle(
        &self,
        settings: &WebhookSettings,
        request: &LambdaFunctionUrlRequest,
    ) -> LambdaFunctionUrlResponse {
        let answer = self.answer(settings, request).await.unwrap_or_else(|refusal| refusal);
        answer.into_response()
    }

    async fn answer(
        &self,
        settings: &WebhookSettings,
        request: &LambdaFunctionUrlRequest,
    ) -> Result<AnswerToGithub, AnswerToGithub> {
        let body = body::raw(request).map_err(refused)?;
        let verified = github::verify(&request.headers, &body, &settings.secrets)
            .map_err(|refusal| refused(AnswerToGithub::unauthorized(refusal)))?;
        let delivery = verified.id().map_err(|problem| broken(None, AnswerToGithub::bad_request(problem)))?;
        let decision = decide(&verified, &settings.deployed)
            .map_err(|problem| broken(Some(&delivery), AnswerToGithub::bad_request(problem)))?;
        match decision {
            Decision::Enqueue { event, begins_to_wait } => {
                let pool = event.pool.clone().filter(|_| begins_to_wait);
                let answer = self.enqueue(delivery, event).await?;
                if let Some(pool) = pool {
                    counter!(JOBS_QUEUED.name, POOL => pool.to_string()).increment(1);
                }
                Ok(answer)
            }
            Decision::Unserved { job, counted_as, why } => {
                warn!(%delivery, %job, reason = why, "job not served");
                counter!(JOBS_UNSERVED.name, REASON => counted_as).increment(1);
                Ok(AnswerToGithub::ignored(why))
            }
            Decision::Foreign(reason) => Ok(ignored(&delivery, reason, Some(DELIVERIES_FOREIGN))),
            Decision::Empty(reason) => Ok(ignored(&delivery, reason, Some(DELIVERIES_EMPTY))),
            Decision::Ignore(reason) => Ok(ignored(&delivery, reason, None)),
        }
    }

    async fn enqueue(
        &self,
        delivery: DeliveryId,
        job_event: JobEvent,
    ) -> Result<AnswerToGithub, AnswerToGithub> {
        let message = JobMessage { version: Version, delivery, job_event };
        let (delivery, event) = (&message.delivery, &message.job_event);
        let pool = event.pool.as_ref().map(tracing::field::display);
        if let Err(error) = self.queue.send_message(&message).await {
            error!(%delivery, job = %event.job, action = ?event.action, %error, "delivery not queued");
            counter!(QUEUE_UNAVAILABLE.name).increment(1);
            return Err(AnswerToGithub::unavailable());
        }
        info!(%delivery, job = %event.job, action = ?event.action, pool, "delivery queued");
        Ok(AnswerToGithub::accepted(event))
    }
}

/// A delivery that asks for nothing; counted by this metric, if any.
fn ignored(delivery: &DeliveryId, reason: String, counted_as: Option<Metric>) -> AnswerToGithub {
    info!(%delivery, reason, "delivery ignored");
    if let Some(metric) = counted_as {
        counter!(metric.name).increment(1);
    }
    AnswerToGithub::ignored(reason)
}

/// The answer to a delivery that cannot be verified now. GitHub marks it as failed, so it can be redelivered.
pub fn not_ready(problem: &dyn std::error::Error) -> LambdaFunctionUrlResponse {
    error!(%problem, "delivery not looked at");
    counter!(DELIVERIES_NOT_READY.name).increment(1);
    AnswerToGithub::not_ready().into_response()
}

/// A request that is not proven to be GitHub's.
fn refused(answer: AnswerToGithub) -> AnswerToGithub {
    warn!(refusal = answer.message(), "delivery refused");
    counter!(DELIVERIES_REFUSED.name).increment(1);
    answer
}

/// A delivery of GitHub's that cannot be read.
fn broken(delivery: Option<&DeliveryId>, answer: AnswerToGithub) -> AnswerToGithub {
    let delivery = delivery.map(tracing::field::display);
    warn!(delivery, problem = answer.message(), "delivery not understood");
    counter!(DELIVERIES_BROKEN.name).increment(1);
    answer
}
