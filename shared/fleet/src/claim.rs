//! What a task's PID 1 and the registrar say to each other: JSON, by POST over HTTPS.
//!
//! Both questions have the same form. A claim is answered by its status: 200 with [`Granted`], 409
//! not needed, 410 gone, 403 refused, 400 malformed, 503 later (the header `retry-after` says in how
//! many seconds). A release is answered with 200 and [`ReleaseReply`], or like a claim with 403, 400
//! or 503. Every answer but 200 has a [`Problem`] for its body.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{BootId, PoolName};

/// The path of a claim, to be put at the end of the registrar's URL.
pub const CLAIM: &str = "claim";

/// The path of a release, to be put at the end of the registrar's URL.
pub const RELEASE: &str = "release";

/// A claim, or a release. It does not print its ticket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The task's ticket, as it stands in its environment.
    pub ticket: String,
    /// The random id that PID 1 has made once.
    pub boot: BootId,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("boot", &self.boot).finish_non_exhaustive()
    }
}

/// The answer to a claim whose runner is needed. It does not print its JIT config.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// GitHub's `encoded_jit_config`: what the runner program registers with, once.
    pub jit_config: String,
    /// What PID 1 has to know of its runner.
    pub settings: RunnerSettings,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What PID 1 has to know of its runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerSettings {
    /// The pool whose labels it carries.
    pub pool: PoolName,
    /// Its name at GitHub.
    pub runner_name: String,
    /// Whether `sudo` works in its job.
    pub sudo: bool,
}

/// The answer to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseReply {
    /// What to do.
    pub answer: Release,
}

/// What a runner is told that asks whether it may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// Keep waiting, or working.
    Stay,
    /// Leave, unless a worker appears within the last look.
    Leave,
}

/// What an answer of any other status says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// One sentence. Nothing secret is in it.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn neither_a_ticket_nor_a_jit_config_is_printed() {
        let question = Question { ticket: "the-ticket".to_owned(), boot: BootId::new("boot-1") };
        assert_eq!(format!("{question:?}"), "Question { boot: BootId(\"boot-1\"), .. }");
        let settings = RunnerSettings {
            pool: PoolName::new("ec2-x64").unwrap(),
            runner_name: "mayfly-ec2-x64-0".to_owned(),
            sudo: false,
        };
        let granted = Granted { jit_config: "the-config".to_owned(), settings };
        assert!(!format!("{granted:?}").contains("the-config"));
    }

    #[test]
    fn the_words_on_the_wire() {
        let question = Question { ticket: "t".to_owned(), boot: BootId::new("b") };
        assert_eq!(serde_json::to_value(question).unwrap(), json!({"ticket": "t", "boot": "b"}));
        let reply = ReleaseReply { answer: Release::Leave };
        assert_eq!(serde_json::to_value(reply).unwrap(), json!({"answer": "leave"}));
    }
}
