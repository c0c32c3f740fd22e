//! The two questions to the registrar.

use std::fmt;
use std::io;
use std::time::Duration;

use fleet::BootId;
use fleet::claim::{CLAIM, Granted, Problem, Question, RELEASE, Release, ReleaseReply};
use secrecy::{ExposeSecret, SecretString};
use ureq::http::Response;
use ureq::{Agent, Body, Error};

use crate::machine::ClaimOutcome;

/// Longest answer that is read, in bytes. A JIT config has about 5,000.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How long an answer is waited for: longer than the registrar's own limit of 30 seconds.
const PATIENCE: Duration = Duration::from_secs(35);

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
        if response.status() == 200 {
            return match read::<Granted>(&mut response) {
                Some(granted) => (ClaimOutcome::Granted, Some(granted)),
                None => (ClaimOutcome::NoAnswer, None),
            };
        }
        let retry_after = response.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
        let outcome = outcome(response.status().as_u16(), retry_after);
        let status = response.status().as_u16();
        let problem = read::<Problem>(&mut response).map(|problem| problem.message).unwrap_or_default();
        tracing::info!(status, problem, retry_after, "claim not granted");
        (outcome, None)
    }

    /// Asks for the release once. `None` without an answer.
    pub(crate) fn release(&self) -> Option<Release> {
        match self.ask(RELEASE) {
            Ok(mut response) if response.status() == 200 => {
                read::<ReleaseReply>(&mut response).map(|reply| reply.answer)
            }
            Ok(mut response) => {
                let status = response.status().as_u16();
                let problem = read::<Problem>(&mut response).map(|it| it.message).unwrap_or_default();
                tracing::warn!(status, problem, "release not answered");
                None
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

/// What a status other than 200 says of a claim. What is not spoken of is not for good.
fn outcome(status: u16, retry_after: Option<u64>) -> ClaimOutcome {
    match status {
        409 | 410 => ClaimOutcome::NotNeeded,
        403 => ClaimOutcome::Refused,
        400 => ClaimOutcome::Malformed,
        // Lambda answers so for a function that ended, or was ended, in the middle of its work.
        500 | 502 | 504 => ClaimOutcome::NoAnswer,
        _ => ClaimOutcome::Later(retry_after.map(Duration::from_secs)),
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

/// An answer's body; what it says is not repeated where it can not be read.
fn read<T: serde::de::DeserializeOwned>(response: &mut Response<Body>) -> Option<T> {
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
    let read = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
    if read.is_none() {
        tracing::warn!("the registrar's answer can not be read");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_says() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (status, retry_after, expected) in [
            (409, None, ClaimOutcome::NotNeeded),
            (410, None, ClaimOutcome::NotNeeded),
            (403, None, ClaimOutcome::Refused),
            (400, None, ClaimOutcome::Malformed),
            (503, Some(7), ClaimOutcome::Later(seconds(7))),
            (429, None, ClaimOutcome::Later(None)),
            (502, None, ClaimOutcome::NoAnswer),
            (302, None, ClaimOutcome::Later(None)),
        ] {
            assert_eq!(outcome(status, retry_after), expected, "{status}");
        }
    }
}
