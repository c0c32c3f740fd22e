//! What an answer of GitHub's means that is no success, or none at all.

use std::error::Error as _;
use std::time::Duration;

use fleet::ledger::LONGEST_WAIT as LONGEST;
use fleet::ports::GithubError;
use fleet::quote;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::call::ReadResponse;

/// How long is waited where GitHub names a limit and no time (GitHub's documentation: "at least one
/// minute").
const WAIT: Duration = Duration::from_mins(1);

/// The longest wait that is believed, and where nobody can read how long it is to be.
const LONGEST_WAIT: Duration = LONGEST.unsigned_abs();

/// GitHub's words for its limits where it names no time: "API rate limit exceeded", "You have exceeded a secondary
/// rate limit", and as that was called before, "You have triggered an abuse detection mechanism" (nf-core/tools#911).
const LIMITS: [&str; 2] = ["rate limit", "abuse detection"];

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    message: String,
}

/// By status and headers. `now` is what `x-ratelimit-reset` is held against.
pub(super) fn of_answer(answer: &ReadResponse, now: Timestamp) -> GithubError {
    let problem: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = quote::sentence(&problem.message);
    let told = |status: StatusCode| format!("{} {message}", status.as_u16());
    match answer.status {
        status @ (StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) => {
            let limited = status == StatusCode::TOO_MANY_REQUESTS || names_a_limit(&problem.message);
            match wait(&answer.headers, now) {
                Some(wait) => GithubError::Wait(wait),
                None if limited => GithubError::Wait(WAIT),
                None => GithubError::Refused(told(status)),
            }
        }
        status @ StatusCode::NOT_FOUND => GithubError::NotFound(told(status)),
        StatusCode::CONFLICT => GithubError::Conflict,
        // It did not read the question to its end.
        status @ StatusCode::REQUEST_TIMEOUT => GithubError::Unavailable(told(status)),
        status if status.is_client_error() => GithubError::Refused(told(status)),
        // "Service Unavailable" says in `retry-after` how long, if it knows (RFC 9110).
        status => match retry_after(&answer.headers, now) {
            Some(wait) => GithubError::Wait(wait),
            None => GithubError::Unavailable(told(status)),
        },
    }
}

fn names_a_limit(message: &str) -> bool {
    let message = message.to_lowercase();
    LIMITS.iter().any(|words| message.contains(words))
}

/// How long GitHub, or a proxy before it, asks to wait: `retry-after`, or until `x-ratelimit-reset` where
/// nothing remains.
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(wait) = retry_after(headers, now) {
        return Some(wait);
    }
    if number(headers, "x-ratelimit-remaining")? > 0 {
        return None;
    }
    let reset = i64::try_from(number(headers, "x-ratelimit-reset")?).unwrap_or(i64::MAX);
    let left = u64::try_from(reset.saturating_sub(now.as_second())).unwrap_or(0);
    Some(believed(Duration::from_secs(left)))
}

/// `retry-after`, whoever says it: GitHub, or a proxy before it.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get("retry-after")?;
    Some(seconds(value, now).map_or(WAIT, believed))
}

/// A second at least and an hour at most, whatever was asked for.
fn believed(length: Duration) -> Duration {
    length.clamp(Duration::from_secs(1), LONGEST_WAIT)
}

/// What `retry-after` says: seconds, however many digits they have, or a date (RFC 9110, "Retry-After").
fn seconds(value: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let value = value.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|sign| sign.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What the client says, without the texts of what it could not read: a token may be in there.
pub(super) fn of_client(error: &octocrab::Error) -> GithubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let (status, message) =
                (source.status_code, format!("no token: {}", quote::sentence(&source.message)));
            match status {
                StatusCode::NOT_FOUND => GithubError::Refused(message),
                StatusCode::FORBIDDEN if names_a_limit(&source.message) => GithubError::Wait(WAIT),
                StatusCode::TOO_MANY_REQUESTS => GithubError::Wait(WAIT),
                status if status.is_client_error() => GithubError::Refused(message),
                _ => GithubError::Unavailable(message),
            }
        }
        octocrab::Error::Json { .. } | octocrab::Error::Serde { .. } => {
            GithubError::Unavailable("its answer cannot be read".to_owned())
        }
        octocrab::Error::JWT { .. } => GithubError::Refused("the App's key does not sign".to_owned()),
        octocrab::Error::Service { source, .. } => {
            let causes = std::iter::successors(source.source(), |&cause| cause.source());
            let causes = causes.map(ToString::to_string);
            let causes = std::iter::once(source.to_string()).chain(causes).collect::<Vec<_>>().join(": ");
            GithubError::Unavailable(quote::sentence(&causes))
        }
        other => {
            let cause = other.source().map_or_else(|| "no answer".to_owned(), ToString::to_string);
            GithubError::Unavailable(quote::sentence(&cause))
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

    fn answer(status: u16, headers: &[(&'static str, &str)], message: &str) -> ReadResponse {
        let headers = headers.iter().map(|&(name, value)| {
            (http::HeaderName::from_static(name), value.parse().expect("a header's value"))
        });
        let body = serde_json::json!({ "message": message }).to_string().into_bytes();
        ReadResponse { status: StatusCode::from_u16(status).unwrap(), headers: headers.collect(), body }
    }

    #[test]
    fn what_github_says_is_repeated_in_short() {
        let told = of_answer(&answer(422, &[], &"\u{1b}[2J".repeat(10_000)), NOW).to_string();
        assert!(told.chars().count() < quote::SENTENCE + 50, "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }

    #[test]
    fn a_status_and_its_headers_say_what_to_do() {
        let wait = |seconds| GithubError::Wait(Duration::from_secs(seconds));
        let refused = |text: &str| GithubError::Refused(text.to_owned());
        let reset: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000100")];
        let far_away: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9223372036854775807")];
        let never: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "18446744073709551615")];
        let gone_by: &[_] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1799999999")];
        let some_left: &[_] = &[("x-ratelimit-remaining", "4000"), ("x-ratelimit-reset", "1800000100")];
        for (status, headers, message, expected, why) in [
            (403, &[("retry-after", "60")][..], "", wait(60), "the secondary limit"),
            (429, &[("retry-after", "0")], "", wait(1), "at least a second"),
            (429, &[], "", wait(60), "no time is named"),
            (403, &[("retry-after", "315360000")], "", wait(3600), "ten years: an hour"),
            (429, &[("retry-after", "18446744073709551616")], "", wait(3600), "more than there are seconds"),
            (429, &[("retry-after", "-1")], "", wait(60), "no time that can be read"),
            (403, &[("retry-after", "soon")], "", wait(60), "the same, and yet it asks to wait"),
            (429, &[("retry-after", "Fri, 15 Jan 2027 08:02:00 GMT")], "", wait(120), "a date"),
            (429, &[("retry-after", "Sat, 15 Jan 2107 08:00:00 GMT")], "", wait(3600), "a date far away"),
            (429, &[("retry-after", "Fri, 01 Jan 2027 08:00:00 GMT")], "", wait(1), "a date gone by"),
            (403, far_away, "", wait(3600), "a reset far away"),
            (403, never, "", wait(3600), "a reset beyond all numbers"),
            (403, reset, "", wait(100), "the primary limit"),
            (403, gone_by, "", wait(1), "our clock is ahead"),
            (403, some_left, "API rate limit", wait(60), "the words of a limit"),
            (403, &[], "You have exceeded a secondary rate limit.", wait(60), "the same, without headers"),
            (
                403,
                &[],
                "You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.",
                wait(60),
                "as GitHub called the secondary limit: dotnet/docfx#4139, nf-core/tools#911",
            ),
            (
                403,
                &[],
                "You have triggered an abuse detection mechanism and have been temporarily blocked from content \
                 creation. Please retry your request again later.",
                wait(60),
                "the same",
            ),
            (429, &[("retry-after", "1.5")], "", wait(60), "a fraction, which no header may have"),
            (429, &[("retry-after", "")], "", wait(60), "an empty one"),
            (429, &[("retry-after", "  7 ")], "", wait(7), "with spaces"),
            (
                403,
                &[("retry-after", "Friday, 15-Jan-27 08:02:00 GMT")],
                "",
                wait(60),
                "a date of another form",
            ),
            (
                429,
                &[("x-ratelimit-remaining", "0")],
                "",
                wait(60),
                "nothing is left, and nobody says until when",
            ),
            (429, some_left, "", wait(60), "the primary limit is not the one that is reached"),
            (
                403,
                &[("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "soon")],
                "",
                refused("403 "),
                "no numbers",
            ),
            (408, &[], "", GithubError::Unavailable("408 ".to_owned()), "it took too long"),
            (
                301,
                &[],
                "Moved Permanently",
                GithubError::Unavailable("301 Moved Permanently".to_owned()),
                "to nowhere",
            ),
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
            (503, &[("retry-after", "30")], "", wait(30), "out of order for so long"),
            (503, &[("retry-after", "315360000")], "", wait(3600), "and not for ten years"),
            (503, reset, "", GithubError::Unavailable("503 ".to_owned()), "no limit is meant"),
        ] {
            assert_eq!(of_answer(&answer(status, headers, message), NOW), expected, "{status}: {why}");
        }
    }
}
