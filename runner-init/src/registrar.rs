//! The two questions to the registrar.

use std::fmt;
use std::io;

use fleet::BootId;
use fleet::claim::{CLAIM, Granted, Problem, Question, RELEASE, Release};
use fleet::pid1::{ClaimOutcome, PATIENCE, answers};
use secrecy::{ExposeSecret, SecretString};
use ureq::http::Response;
use ureq::{Agent, Body, Error};

/// Longest answer that is read, in bytes. A JIT config has about 5,000.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The way to the registrar.
pub(crate) struct Registrar {
    agent: Agent,
    url: String,
    ticket: SecretString,
    boot: BootId,
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Registrar {
    /// The registrar at a URL that ends in `/`.
    pub(crate) fn new(url: &str, ticket: SecretString, boot: BootId) -> Self {
        // A ticket goes nowhere else, whatever an answer says.
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .build();
        Self { agent: Agent::new_with_config(config), url: url.to_owned(), ticket, boot }
    }

    /// Claims once.
    pub(crate) fn claim(&self) -> (ClaimOutcome, Option<Granted>) {
        let mut response = match self.ask(CLAIM) {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(%error, "claim not answered");
                let outcome =
                    if never_sent(&error) { ClaimOutcome::Later(None) } else { ClaimOutcome::NoAnswer };
                return (outcome, None);
            }
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
        let body = body(&mut response);
        let (outcome, granted) = answers::of_claim(status, retry_after, &body);
        match status {
            200 if granted.is_none() => warn_of_unreadable(),
            200 => {}
            _ => tracing::info!(status, problem = problem(&body), retry_after, "claim not granted"),
        }
        (outcome, granted)
    }

    /// Asks for the release once. `None` without an answer.
    pub(crate) fn release(&self) -> Option<Release> {
        match self.ask(RELEASE) {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let body = body(&mut response);
                let answer = answers::of_release(status, &body);
                match status {
                    200 if answer.is_none() => warn_of_unreadable(),
                    200 => {}
                    _ => tracing::warn!(status, problem = problem(&body), "release not answered"),
                }
                answer
            }
            Err(error) => {
                tracing::warn!(%error, "release not answered");
                None
            }
        }
    }

    fn ask(&self, path: &str) -> Result<Response<Body>, Error> {
        let ticket = self.ticket.expose_secret().to_owned();
        let question = Question { ticket, boot: self.boot.clone() };
        let body = serde_json::to_string(&question).map_err(io::Error::from)?;
        let request = self.agent.post(format!("{}{path}", self.url));
        request.header("content-type", "application/json").send(body)
    }
}

/// Whether the registrar can not have seen the question.
fn never_sent(error: &Error) -> bool {
    match error {
        Error::HostNotFound | Error::ConnectionFailed => true,
        Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// An answer's body; nothing where it can not be read.
fn body(response: &mut Response<Body>) -> Vec<u8> {
    response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().unwrap_or_default()
}

/// What an answer other than 200 says is wrong.
fn problem(body: &[u8]) -> String {
    let problem = serde_json::from_slice(body).inspect_err(|_| warn_of_unreadable());
    problem.map(|problem: Problem| problem.message).unwrap_or_default()
}

/// What such an answer says is not repeated.
fn warn_of_unreadable() {
    tracing::warn!("the registrar's answer cannot be read");
}
