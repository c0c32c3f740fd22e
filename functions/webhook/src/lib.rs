//! The `webhook` function: one GitHub delivery in, one answer out.
//!
//! Verify the signature over the raw bytes, read the payload, route the labels to a pool, put the
//! event on the queue; a 2xx is given only once it is safe there. GitHub waits ten seconds and
//! never redelivers by itself, so nothing else is done here.

mod answer;
mod body;
mod decision;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::ledger::{JobEvent, JobMessage};
use fleet::ports::SendMessage;
use fleet::{DeliveryId, PoolMap};
use secrecy::SecretString;
use tracing::{error, info, warn};

use crate::answer::Answer;
pub use crate::body::BODY_LIMIT;
use crate::decision::{Decision, decide};

/// The function with all that it needs.
#[derive(Debug)]
pub struct Webhook<Q> {
    /// The webhook secrets that are valid now; two during a rotation.
    pub secrets: Vec<SecretString>,
    /// The map of pools.
    pub pools: PoolMap,
    /// The queue to the launcher.
    pub queue: Q,
}

impl<Q: SendMessage> Webhook<Q> {
    /// Answers one request of the Function URL (payload format 2.0). It never fails: whatever is
    /// wrong is a status and a sentence in GitHub's delivery log.
    pub async fn handle(&self, request: &LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        let answer = self.answer(request).await.unwrap_or_else(|refusal| refusal);
        answer.into_response()
    }

    async fn answer(&self, request: &LambdaFunctionUrlRequest) -> Result<Answer, Answer> {
        let body = body::raw(request)?;
        let verified = github::verify(&request.headers, &body, &self.secrets).map_err(|refusal| {
            warn!(%refusal, "delivery refused");
            Answer::unauthorized(refusal)
        })?;
        let delivery = verified.id().map_err(Answer::bad_request)?;
        let decision = decide(&verified, &self.pools).map_err(|refusal| {
            warn!(%delivery, %refusal, "delivery not understood");
            Answer::bad_request(refusal)
        })?;
        match decision {
            Decision::Enqueue(job_event) => self.enqueue(delivery, job_event).await,
            Decision::Ignore(reason) => {
                info!(%delivery, reason, "delivery ignored");
                Ok(Answer::ignored(reason))
            }
        }
    }

    async fn enqueue(&self, delivery: DeliveryId, job_event: JobEvent) -> Result<Answer, Answer> {
        let message = JobMessage { delivery, job_event };
        let (delivery, event) = (&message.delivery, &message.job_event);
        let pool = event.pool.as_ref().map(tracing::field::display);
        if let Err(error) = self.queue.send_message(&message).await {
            error!(%delivery, job = %event.job, action = ?event.action, %error, "delivery not queued");
            return Err(Answer::unavailable());
        }
        info!(%delivery, job = %event.job, action = ?event.action, pool, "delivery queued");
        Ok(Answer::accepted(event))
    }
}
