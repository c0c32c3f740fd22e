//! What PID 1 makes of the registrar's answers.

use std::time::Duration;

use super::event::ClaimOutcome;
use crate::claim::{Granted, Release, ReleaseReply};

/// What an answer to a claim says, by its status, its header `retry-after` in seconds and its body. A
/// status that is not spoken of is not for good.
pub fn of_claim(status: u16, retry_after: Option<u64>, body: &[u8]) -> (ClaimOutcome, Option<Granted>) {
    let outcome = match status {
        200 => match serde_json::from_slice(body) {
            Ok(granted) => return (ClaimOutcome::Granted, Some(granted)),
            // It was granted, and what was granted is lost: as good as no answer.
            Err(_) => ClaimOutcome::NoAnswer,
        },
        409 | 410 => ClaimOutcome::NotNeeded,
        403 => ClaimOutcome::Refused,
        400 => ClaimOutcome::Malformed,
        // Lambda answers so for a function that ended, or was ended, in the middle of its work.
        500 | 502 | 504 => ClaimOutcome::NoAnswer,
        _ => ClaimOutcome::Later(retry_after.map(Duration::from_secs)),
    };
    (outcome, None)
}

/// What an answer to a release says; `None` if it says neither to stay nor to leave.
pub fn of_release(status: u16, body: &[u8]) -> Option<Release> {
    let reply: Option<ReleaseReply> = (status == 200).then(|| serde_json::from_slice(body).ok()).flatten();
    reply.map(|reply| reply.answer)
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
            assert_eq!(of_claim(status, retry_after, b""), (expected, None), "{status}");
        }
    }

    #[test]
    fn what_a_body_says() {
        let config = br#"{"jit_config": "c", "settings": {"pool": "p", "runner_name": "r", "sudo": false}}"#;
        let (outcome, granted) = of_claim(200, None, config);
        assert_eq!((outcome, granted.map(|it| it.jit_config)), (ClaimOutcome::Granted, Some("c".to_owned())));
        assert_eq!(of_claim(200, None, b"<html>"), (ClaimOutcome::NoAnswer, None), "none of the registrar's");
        for (status, body, expected) in [
            (200, r#"{"answer": "leave"}"#, Some(Release::Leave)),
            (200, r#"{"answer": "stay"}"#, Some(Release::Stay)),
            (200, "<html>", None),
            (503, r#"{"answer": "leave"}"#, None),
        ] {
            assert_eq!(of_release(status, body.as_bytes()), expected, "{status} {body}");
        }
    }
}
