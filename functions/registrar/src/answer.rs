//! The answers to PID 1: a status, and a sentence or what it asked for. No secret goes into a log.

use ::metrics::counter;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;
use control::BudgetError;
use fleet::RunnerId;
use fleet::ledger::{BOOT_LIMIT, LONGEST_WAIT};
use fleet::ports::GithubError;
use fleet::question::{Config, LONGEST_WAIT_SECONDS, Listener, ProblemBody, Reply};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use jiff::Timestamp;
use serde::Serialize;
use tracing::{error, info, warn};

use crate::Later;
use crate::ask::Unanswered;
use crate::metrics::{
    ANSWER, CONFIG, CONFIGS_LATE, LATER, LEAVE, QUESTIONS, REFUSED, SECOND_BOOTS, TICKETS_REFUSED,
};

/// Seconds before a question is asked again, where nothing is known of how long it takes.
const AGAIN: u64 = 5;

/// Seconds before a question is asked again that only a person can make answerable.
const AGAIN_LATE: u64 = 60;

/// Over how many seconds those are spread who are to come again, where each waits for itself.
const SPREAD: u64 = 5;

/// The same, where all wait for one moment.
const WIDE_SPREAD: u64 = 30;

/// The body of a 503.
const NOT_NOW: &str = "not now: ask again when retry-after is over";

/// An answer, whichever way the question went. It does not print its body, which may be a JIT config.
pub(crate) struct AnswerToPid1 {
    status: i64,
    retry_after: Option<u64>,
    body: String,
}

impl AnswerToPid1 {
    fn new(status: i64, body: &impl Serialize) -> Self {
        Self { status, retry_after: None, body: serde_json::to_string(body).unwrap_or_default() }
    }

    fn problem(status: i64, message: &str) -> Self {
        Self::new(status, &ProblemBody { message: message.to_owned() })
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
pub(crate) fn config(runner: &RunnerId, config: Config) -> AnswerToPid1 {
    info!(%runner, pool = %config.settings.pool, "JIT config answered");
    counter!(QUESTIONS.name, ANSWER => CONFIG).increment(1);
    AnswerToPid1::new(200, &Reply::Config(config))
}

/// 200: go on, and ask again. It is neither logged nor counted: every idle runner gets it each minute.
pub(crate) fn wait(seconds: u64) -> AnswerToPid1 {
    AnswerToPid1::new(200, &Reply::Wait { seconds })
}

/// 200: leave.
pub(crate) fn leave(runner: &RunnerId, listener: Listener) -> AnswerToPid1 {
    info!(%runner, ?listener, "told to leave");
    counter!(QUESTIONS.name, ANSWER => LEAVE).increment(1);
    AnswerToPid1::new(200, &Reply::Leave)
}

/// 200, leave: the ledger does not know the runner.
pub(crate) fn unknown(runner: &RunnerId) -> AnswerToPid1 {
    warn!(%runner, "question of a runner that is not known: told to leave");
    counter!(QUESTIONS.name, ANSWER => LEAVE).increment(1);
    AnswerToPid1::new(200, &Reply::Leave)
}

/// 403: the ticket is good, and another boot has asked with it first, not long ago. Both are let go.
pub(crate) fn contested(runner: &RunnerId) -> AnswerToPid1 {
    error!(%runner, "ticket shown by two boots, one of which is a thief's: the runner is let go");
    counter!(SECOND_BOOTS.name).increment(1);
    refused()
}

/// 403: the ticket is good, and another boot has asked with it long ago.
pub(crate) fn replayed(runner: &RunnerId) -> AnswerToPid1 {
    warn!(%runner, "ticket shown again by another boot than its own");
    counter!(TICKETS_REFUSED.name, ANSWER => "Replayed").increment(1);
    refused()
}

fn refused() -> AnswerToPid1 {
    counter!(QUESTIONS.name, ANSWER => REFUSED).increment(1);
    AnswerToPid1::problem(403, "another boot has asked with this ticket")
}

/// 403: the ticket is not one of ours.
pub(crate) fn forged_ticket() -> AnswerToPid1 {
    warn!("ticket not issued by us");
    counter!(TICKETS_REFUSED.name, ANSWER => "Forged").increment(1);
    AnswerToPid1::problem(403, "the ticket is not one of ours")
}

/// 400: no question of PID 1's.
pub(crate) fn malformed(problem: &str) -> AnswerToPid1 {
    warn!(problem, "question not understood");
    AnswerToPid1::problem(400, problem)
}

/// 503: nothing is known of who asks, because the settings could not be read yet.
pub(crate) fn not_ready(problem: &dyn std::error::Error) -> AnswerToPid1 {
    error!(%problem, "question not looked at");
    counter!(QUESTIONS.name, ANSWER => LATER).increment(1);
    AnswerToPid1 { retry_after: Some(AGAIN), ..AnswerToPid1::problem(503, NOT_NOW) }
}

/// 503: ask again, but not before this many seconds. Those who wait for one moment are spread over
/// half a minute by their ids; one that waits for its JIT config comes again within a minute, so that it
/// is not taken for one that hangs.
pub(crate) fn later(
    unanswered: &Unanswered,
    runner: &RunnerId,
    waits_for_config: bool,
    now: Timestamp,
) -> AnswerToPid1 {
    let later = &unanswered.later;
    let seconds = match later {
        Later::Post(_)
        | Later::Ledger(_)
        | Later::OutOfTime
        | Later::Budget(BudgetError::Ledger(_))
        | Later::Github(GithubError::Unavailable(_)) => AGAIN,
        Later::Budget(BudgetError::Spent(until)) => {
            u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0).saturating_add(1)
        }
        Later::Github(GithubError::Wait(length)) => length.as_secs(),
        Later::Github(_) | Later::Pool(_) => AGAIN_LATE,
    };
    let seconds = seconds.min(LONGEST_WAIT.unsigned_abs().as_secs());
    let for_all = matches!(later, Later::Budget(BudgetError::Spent(_)) | Later::Github(GithubError::Wait(_)));
    let spread = if for_all { WIDE_SPREAD } else { SPREAD };
    let seconds = if waits_for_config { seconds.min(LONGEST_WAIT_SECONDS - spread) } else { seconds };
    let retry_after = seconds + mixed(runner) % spread;
    match later {
        Later::Github(GithubError::Refused(_) | GithubError::NotFound(_)) | Later::Pool(_) => {
            error!(%runner, problem = %later, retry_after, "question answered later");
        }
        _ => warn!(%runner, problem = %later, retry_after, "question answered later"),
    }
    counter!(QUESTIONS.name, ANSWER => LATER).increment(1);
    let reserved_at = unanswered.runner.as_ref().map(|runner| runner.reserved_at);
    let is_late = |reserved_at| now.duration_since(reserved_at) >= BOOT_LIMIT;
    if waits_for_config && reserved_at.is_some_and(is_late) {
        counter!(CONFIGS_LATE.name).increment(1);
    }
    AnswerToPid1 { retry_after: Some(retry_after), ..AnswerToPid1::problem(503, NOT_NOW) }
}

fn mixed(runner: &RunnerId) -> u64 {
    runner.as_str().bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}
