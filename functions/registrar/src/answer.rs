//! What PID 1 is told: a status, and a sentence or what it asked for. Nothing secret is in a log.

use ::metrics::counter;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;
use control::BudgetError;
use fleet::RunnerId;
use fleet::claim::{Granted, Problem, Release, ReleaseReply};
use fleet::ports::GithubError;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use jiff::Timestamp;
use serde::Serialize;
use tracing::{error, info, warn};

use crate::Later;
use crate::metrics::{ANSWER, CLAIMS, GONE, GRANTED, LATER, NOT_NEEDED, REFUSED, RELEASES, TICKETS_REFUSED};

/// Seconds before a question is asked again, where nothing is known of how long it takes.
const AGAIN: u64 = 5;

/// Seconds before a question is asked again that only a person can make answerable.
const AGAIN_LATE: u64 = 60;

/// Over how many seconds those are spread who are to come again, where each waits for itself.
const SPREAD: u64 = 5;

/// The same, where all wait for one moment.
const WIDE_SPREAD: u64 = 30;

/// An answer, whichever way the question went. It does not print its body, which may be a JIT config.
pub(crate) struct Answer {
    status: i64,
    retry_after: Option<u64>,
    body: String,
}

impl Answer {
    fn new(status: i64, body: &impl Serialize) -> Self {
        Self { status, retry_after: None, body: serde_json::to_string(body).unwrap_or_default() }
    }

    fn problem(status: i64, message: &str) -> Self {
        Self::new(status, &Problem { message: message.to_owned() })
    }

    /// The answer as the Function URL wants it.
    pub(crate) fn into_response(self) -> LambdaFunctionUrlResponse {
        let mut response = LambdaFunctionUrlResponse::default();
        response.status_code = self.status;
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.body = Some(self.body);
        response
    }
}

/// 200: its JIT config.
pub(crate) fn granted(runner: &RunnerId, granted: &Granted) -> Answer {
    info!(%runner, pool = %granted.settings.pool, "claim granted");
    counter!(CLAIMS.name, ANSWER => GRANTED).increment(1);
    Answer::new(200, granted)
}

/// 409: its pool has runners enough.
pub(crate) fn not_needed(runner: &RunnerId) -> Answer {
    info!(%runner, "claim not needed");
    counter!(CLAIMS.name, ANSWER => NOT_NEEDED).increment(1);
    Answer::problem(409, "the pool has runners enough: leave")
}

/// 410: there is no runner to claim for.
pub(crate) fn gone(runner: &RunnerId) -> Answer {
    warn!(%runner, "claim for a runner that is gone, or has its JIT config");
    counter!(CLAIMS.name, ANSWER => GONE).increment(1);
    Answer::problem(410, "the runner is not there to claim for: leave")
}

/// 403: the ticket is good, and another boot has claimed with it.
pub(crate) fn another_boot(runner: &RunnerId) -> Answer {
    error!(%runner, "ticket shown by another boot than the one that claimed");
    counter!(TICKETS_REFUSED.name, ANSWER => "AnotherBoot").increment(1);
    counter!(CLAIMS.name, ANSWER => REFUSED).increment(1);
    Answer::problem(403, "another boot has claimed with this ticket")
}

/// 403: the ticket is none of ours.
pub(crate) fn forged_ticket() -> Answer {
    warn!("ticket not issued by us");
    counter!(TICKETS_REFUSED.name, ANSWER => "Forged").increment(1);
    Answer::problem(403, "the ticket is not one of ours")
}

/// 400: no question of PID 1's.
pub(crate) fn malformed(problem: &'static str) -> Answer {
    warn!(problem, "question not understood");
    Answer::problem(400, problem)
}

/// 200: stay or leave.
pub(crate) fn release(runner: &RunnerId, answer: Release) -> Answer {
    let told = match answer {
        Release::Stay => "Stay",
        Release::Leave => "Leave",
    };
    info!(%runner, answer = told, "release answered");
    counter!(RELEASES.name, ANSWER => told).increment(1);
    Answer::new(200, &ReleaseReply { answer })
}

/// 503: to be asked again, not before so many seconds. Those who wait for one moment are spread over
/// half a minute by their ids.
pub(crate) fn later(later: &Later, runner: &RunnerId, now: Timestamp) -> Answer {
    let seconds = match later {
        Later::Post(_)
        | Later::Ledger(_)
        | Later::Budget(BudgetError::Ledger(_))
        | Later::Github(GithubError::Unavailable(_)) => AGAIN,
        Later::Budget(BudgetError::Spent(until)) => {
            u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0) + 1
        }
        Later::Github(GithubError::Wait(length)) => length.as_secs(),
        Later::Github(_) | Later::Pool(_) => AGAIN_LATE,
    };
    let for_all = matches!(later, Later::Budget(BudgetError::Spent(_)) | Later::Github(GithubError::Wait(_)));
    let retry_after = seconds + mixed(runner) % if for_all { WIDE_SPREAD } else { SPREAD };
    match later {
        Later::Github(GithubError::Refused(_) | GithubError::NotFound(_)) | Later::Pool(_) => {
            error!(%runner, problem = %later, retry_after, "question answered later");
        }
        _ => warn!(%runner, problem = %later, retry_after, "question answered later"),
    }
    counter!(CLAIMS.name, ANSWER => LATER).increment(1);
    let message = "not now: ask again when retry-after is over";
    Answer { retry_after: Some(retry_after), ..Answer::problem(503, message) }
}

fn mixed(runner: &RunnerId) -> u64 {
    runner.as_str().bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}
