//! What an answer of GitHub's means that is no success, or none at all.

use std::error::Error as _;
use std::time::Duration;

use fleet::ports::GithubError;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::call::Answer;

/// How long is waited where GitHub names a limit and no time (GitHub's documentation: "at least one
/// minute").
const WAIT: Duration = Duration::from_mins(1);

/// Characters of GitHub's own words that are repeated.
const WORDS: usize = 200;

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

/// By status and headers. `now` is what `x-ratelimit-reset` is held against.
pub(super) fn of_answer(answer: &Answer, now: Timestamp) -> GithubError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message: String = problem.message.chars().take(WORDS).collect();
    let told = |status: StatusCode| format!("{} {message}", status.as_u16());
    match answer.status {
        status @ (StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) => {
            let limited =
                status == StatusCode::TOO_MANY_REQUESTS || message.to_lowercase().contains("rate limit");
            match wait(&answer.headers, now) {
                Some(wait) => GithubError::Wait(wait),
                None if limited => GithubError::Wait(WAIT),
                None => GithubError::Refused(told(status)),
            }
        }
        status @ StatusCode::NOT_FOUND => GithubError::NotFound(told(status)),
        StatusCode::CONFLICT => GithubError::Conflict,
        status if status.is_client_error() => GithubError::Refused(told(status)),
        status => GithubError::Unavailable(told(status)),
    }
}

/// How long GitHub asks to wait: `retry-after`, or until `x-ratelimit-reset` where nothing remains.
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(Duration::from_secs(seconds.max(1)));
    }
    if number(headers, "x-ratelimit-remaining")? > 0 {
        return None;
    }
    let reset = i64::try_from(number(headers, "x-ratelimit-reset")?).ok()?;
    Some(Duration::from_secs(u64::try_from(reset - now.as_second()).unwrap_or(0).max(1)))
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What the client says, without the texts of what it could not read: a token may be in there.
pub(super) fn of_client(error: &octocrab::Error) -> GithubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let message: String = source.message.chars().take(WORDS).collect();
            let (status, message) = (source.status_code, format!("no token: {message}"));
            match status {
                StatusCode::NOT_FOUND => GithubError::Refused(message),
                StatusCode::FORBIDDEN if message.to_lowercase().contains("rate limit") => {
                    GithubError::Wait(WAIT)
                }
                StatusCode::TOO_MANY_REQUESTS => GithubError::Wait(WAIT),
                status if status.is_client_error() => GithubError::Refused(message),
                _ => GithubError::Unavailable(message),
            }
        }
        octocrab::Error::Json { .. } | octocrab::Error::Serde { .. } => {
            GithubError::Unavailable("its answer can not be read".to_owned())
        }
        octocrab::Error::JWT { .. } => GithubError::Refused("the App's key does not sign".to_owned()),
        octocrab::Error::Service { source, .. } => {
            let causes = std::iter::successors(source.source(), |&cause| cause.source());
            let causes = causes.map(ToString::to_string);
            GithubError::Unavailable(
                std::iter::once(source.to_string()).chain(causes).collect::<Vec<_>>().join(": "),
            )
        }
        other => {
            let cause = other.source().map_or_else(|| "no answer".to_owned(), ToString::to_string);
            GithubError::Unavailable(cause)
        }
    }
}

/// There was no answer in time.
pub(super) fn no_answer() -> GithubError {
    GithubError::Unavailable("no answer in time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn answer(status: u16, headers: &[(&'static str, &str)], message: &str) -> Answer {
        let headers = headers.iter().map(|&(name, value)| {
            (http::HeaderName::from_static(name), value.parse().expect("a header's value"))
        });
        let body = serde_json::json!({ "message": message }).to_string().into_bytes();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers: headers.collect(), body }
    }

    #[test]
    fn a_status_and_its_headers_say_what_to_do() {
        let wait = |seconds| GithubError::Wait(Duration::from_secs(seconds));
        let refused = |text: &str| GithubError::Refused(text.to_owned());
        let reset: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000100")];
        let gone_by: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1799999999")];
        let some_left: &[_] = &[("x-ratelimit-remaining", "4000"), ("x-ratelimit-reset", "1800000100")];
        for (status, headers, message, expected, why) in [
            (403, &[("retry-after", "60")][..], "", wait(60), "the secondary limit"),
            (429, &[("retry-after", "0")], "", wait(1), "at least a second"),
            (429, &[], "", wait(60), "no time is named"),
            (403, reset, "", wait(100), "the primary limit"),
            (403, gone_by, "", wait(1), "our clock is ahead"),
            (403, some_left, "API rate limit", wait(60), "the words of a limit"),
            (
                403,
                some_left,
                "Resource not accessible",
                refused("403 Resource not accessible"),
                "a permission",
            ),
            (401, &[], "Bad credentials", refused("401 Bad credentials"), "no good key"),
            (404, &[], "Not Found", GithubError::NotFound("404 Not Found".to_owned()), "not there"),
            (409, &[], "Already exists", GithubError::Conflict, "the name is taken"),
            (422, &[], "Validation Failed", refused("422 Validation Failed"), "a wrong request"),
            (502, &[], "", GithubError::Unavailable("502 ".to_owned()), "out of order"),
        ] {
            assert_eq!(of_answer(&answer(status, headers, message), NOW), expected, "{status}: {why}");
        }
    }
}
