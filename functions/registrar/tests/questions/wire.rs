//! What goes over the wire: tickets and questions one way, answers the other.

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::question::{Listener, Question, QuestionVersion};
use fleet::ticket::Ticket;
use fleet::{BootId, RunnerId};
use serde_json::Value;

pub(crate) const OLD_KEY: &str = "the old key";
pub(crate) const NEW_KEY: &str = "the new key";
pub(crate) const BOOT: &str = "the-boot-of-the-runner";
pub(crate) const THIEF: &str = "the-boot-of-a-thief";

/// The ticket of a runner.
pub(crate) fn ticket(runner: &RunnerId) -> String {
    Ticket::issue(runner, &NEW_KEY.into()).expose().to_owned()
}

/// A question as PID 1 sends it.
pub(crate) fn question(ticket: String, boot: &str, listener: Listener) -> String {
    let question = Question {
        version: QuestionVersion::default(),
        ticket,
        boot: BootId::new(boot),
        listener,
        age: None,
        runner_current_on: None,
    };
    serde_json::to_string(&question).unwrap()
}

/// A request as Lambda hands it over.
pub(crate) fn request(method: &str, path: &str, body: &str) -> LambdaFunctionUrlRequest {
    let mut request = LambdaFunctionUrlRequest::default();
    request.raw_path = Some(path.to_owned());
    request.request_context.http.method = Some(method.to_owned());
    request.body = Some(body.to_owned());
    request
}

/// An answer, as PID 1 reads it.
#[derive(Debug)]
pub(crate) struct ReadAnswer {
    pub(crate) status: i64,
    pub(crate) retry_after: Option<i64>,
    pub(crate) body: Value,
}

impl ReadAnswer {
    /// The answer in a word or two; its status where it is a problem.
    pub(crate) fn in_words(&self) -> String {
        match (self.body["answer"].as_str(), self.body["seconds"].as_u64()) {
            (Some(answer), Some(seconds)) => format!("{answer} {seconds}"),
            (Some(answer), None) => answer.to_owned(),
            (None, _) => self.status.to_string(),
        }
    }
}

impl From<LambdaFunctionUrlResponse> for ReadAnswer {
    fn from(response: LambdaFunctionUrlResponse) -> Self {
        let retry_after = response.headers.get("retry-after");
        Self {
            status: response.status_code,
            retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
            body: serde_json::from_str(response.body.as_deref().unwrap()).unwrap(),
        }
    }
}
