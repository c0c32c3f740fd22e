//! What GitHub's delivery log shows: a status and one sentence. It holds nothing secret.

use std::fmt::Display;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;
use fleet::ledger::JobEvent;
use fleet::{JobId, PoolName, quote};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

/// An answer, whatever the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AnswerToGithub {
    #[serde(skip)]
    status: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<PoolName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobId>,
}

impl AnswerToGithub {
    fn new(status: i64, message: impl Display) -> Self {
        Self { status, message: quote::sentence(&message.to_string()), pool: None, job: None }
    }

    /// 202: the event is safe on the queue.
    pub(crate) fn accepted(event: &JobEvent) -> Self {
        let message = "queued for the launcher";
        Self { pool: event.pool.clone(), job: Some(event.job), ..Self::new(202, message) }
    }

    /// 200: there is nothing to do, and this is why.
    pub(crate) fn ignored(reason: impl Display) -> Self {
        Self::new(200, reason)
    }

    /// 400: GitHub signed it, but it is broken.
    pub(crate) fn bad_request(problem: impl Display) -> Self {
        Self::new(400, problem)
    }

    /// 401: GitHub did not sign it with a secret that we know.
    pub(crate) fn unauthorized(problem: impl Display) -> Self {
        Self::new(401, problem)
    }

    /// 413: larger than the limit.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, format!("the body is larger than the {limit} bytes that Mayfly accepts"))
    }

    /// 503: the queue did not take it. GitHub marks the delivery as failed, so it can be redelivered.
    pub(crate) fn unavailable() -> Self {
        Self::new(503, "the queue did not take the event; redeliver it")
    }

    /// 503: the webhook secrets could not be read. GitHub marks the delivery as failed, so it can be
    /// redelivered.
    pub(crate) fn not_ready() -> Self {
        Self::new(503, "the webhook's settings could not be read yet; redeliver it")
    }

    /// Its sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer in the Function URL's form.
    pub(crate) fn into_response(self) -> LambdaFunctionUrlResponse {
        let mut response = LambdaFunctionUrlResponse::default();
        response.status_code = self.status;
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.body = serde_json::to_string(&self).ok();
        response
    }
}

#[cfg(test)]
mod tests {
    use fleet::delivery::Reception;

    use super::*;

    #[test]
    fn only_a_delivery_that_could_not_be_kept_is_asked_for_again() {
        use Reception::{Declined, Missed, Received};
        for (answer, expected) in [
            (AnswerToGithub::ignored("the event ping is not for Mayfly"), Received),
            (AnswerToGithub::bad_request("the payload does not read"), Declined),
            (AnswerToGithub::unauthorized("the signature does not fit"), Declined),
            (AnswerToGithub::too_large(7), Declined),
            (AnswerToGithub::unavailable(), Missed),
            (AnswerToGithub::not_ready(), Missed),
        ] {
            let status = u16::try_from(answer.status).unwrap();
            assert_eq!(Reception::of(status), expected, "{answer:?}");
        }
    }
}
