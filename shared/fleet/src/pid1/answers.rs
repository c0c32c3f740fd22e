//! What PID 1 makes of the registrar's answers.

use std::time::Duration;

use super::event::Answered;
use crate::question::{Config, Reply};

/// What an answer says, by its status, its header `retry-after` in seconds and its body. A status that is
/// not spoken of is not for good, and none of the registrar's.
pub fn read(status: u16, retry_after: Option<u64>, body: &[u8]) -> (Answered, Option<Config>) {
    let answered = match status {
        200 => match serde_json::from_slice(body) {
            Ok(Reply::Config(config)) => return (Answered::Config, Some(config)),
            Ok(Reply::Leave) => Answered::Leave,
            Ok(Reply::Wait { seconds }) => Answered::Wait(Duration::from_secs(seconds)),
            // It was answered, and the answer is lost: as good as none.
            Err(_) => Answered::NoAnswer,
        },
        403 => Answered::Refused,
        400 => Answered::Malformed,
        // Lambda answers so for a function that ended, or was ended, in the middle of its work.
        500 | 502 | 504 => Answered::NoAnswer,
        _ => Answered::Later(retry_after.map(Duration::from_secs)),
    };
    (answered, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_says() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (status, retry_after, expected) in [
            (403, None, Answered::Refused),
            (400, None, Answered::Malformed),
            (503, Some(7), Answered::Later(seconds(7))),
            (429, None, Answered::Later(None)),
            (502, None, Answered::NoAnswer),
            (302, None, Answered::Later(None)),
            (410, None, Answered::Later(None)),
        ] {
            assert_eq!(read(status, retry_after, b""), (expected, None), "{status}");
        }
    }

    #[test]
    fn what_a_body_says() {
        let config = br#"{"answer": "config", "jit_config": "c",
            "settings": {"pool": "p", "runner_name": "r", "sudo": false}}"#;
        let (answered, config) = read(200, None, config);
        assert_eq!((answered, config.map(|it| it.jit_config)), (Answered::Config, Some("c".to_owned())));
        for (status, body, expected) in [
            (200, r#"{"answer": "leave"}"#, Answered::Leave),
            (200, r#"{"answer": "wait", "seconds": 60}"#, Answered::Wait(Duration::from_mins(1))),
            (200, r#"{"answer": "dance"}"#, Answered::NoAnswer),
            (200, "<html>", Answered::NoAnswer),
            (503, r#"{"answer": "leave"}"#, Answered::Later(None)),
        ] {
            assert_eq!(read(status, None, body.as_bytes()), (expected, None), "{status} {body}");
        }
    }
}
