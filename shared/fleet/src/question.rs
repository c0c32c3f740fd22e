//! What a task's PID 1 and the registrar say to each other: JSON, by POST over HTTPS.
//!
//! PID 1 asks one question, from its first boot to its end: what am I to do? The answer is 200 with a
//! [`Reply`]; or 403 refused, 400 malformed, 503 later (the header `retry-after` says in how many
//! seconds), each with a [`ProblemBody`] for its body.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::cost::TaskPrice;
use crate::ids::{BootId, PoolName};
use crate::version::Version;

/// The path of the question, to be put at the end of the registrar's URL.
pub const ASK: &str = "ask";

/// How long PID 1 waits for an answer, in seconds: longer than a registrar can live, so that no two
/// questions of a boot are ever answered side by side. Lambda ends one after 30 seconds, not counting up
/// to 10 of its init.
pub const PATIENCE_SECONDS: u64 = 45;

/// The longest wait of a runner without a listener, in seconds: its questions show that it does not hang.
pub const LONGEST_WAIT_SECONDS: u64 = 60;

/// The version of the question's form.
pub type QuestionVersion = Version<1>;

/// The question. It does not print its ticket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The version of this form.
    #[serde(default)]
    pub version: QuestionVersion,
    /// The task's ticket, as it stands in its environment.
    pub ticket: String,
    /// The random id that PID 1 has made once.
    pub boot: BootId,
    /// How far its runner program is.
    #[serde(default)]
    pub listener: Listener,
    /// How long PID 1 has been there, in milliseconds by its own clock; an older one does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// The last day on which its runner program was known to be GitHub's newest; an image that does not know says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_current_on: Option<Date>,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// How far the runner program of a task is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// There is none: PID 1 has no JIT config.
    #[default]
    None,
    /// It was started, and has not said yet that it listens.
    Starting,
    /// It has said that it listens.
    Up,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Reply {
    /// Start the runner program with this.
    Config(Config),
    /// Leave; with a listener only if no worker appears within the last look.
    Leave,
    /// Wait, or go on waiting, and ask again.
    Wait {
        /// After this many seconds.
        seconds: u64,
    },
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(config) => f.debug_tuple("Config").field(config).finish(),
            Self::Leave => f.write_str("Leave"),
            Self::Wait { seconds } => f.debug_struct("Wait").field("seconds", seconds).finish(),
        }
    }
}

/// What a runner that is needed begins with. It does not print its JIT config.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// GitHub's `encoded_jit_config`: what the runner program registers with, once.
    pub jit_config: String,
    /// What PID 1 has to know of its runner.
    pub settings: RunnerSettings,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("settings", &self.settings).finish_non_exhaustive()
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
    /// What its job's summary is made from, where the pool has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<JobSummary>,
}

/// What the registrar knows of the table in a job's own summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// The pool whose capacity its task uses: another one where a fallback runs it.
    pub capacity: PoolName,
    /// How long ago it was reserved when this was answered, in milliseconds.
    pub reserved_for: u64,
    /// What its task costs; none where the map has no price for the capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<TaskPrice>,
}

/// What an answer of any other status says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemBody {
    /// One sentence. Nothing secret is in it.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Config {
        let pool = PoolName::new("ec2-x64").unwrap();
        let settings =
            RunnerSettings { pool, runner_name: "mayfly-ec2-x64-0".to_owned(), sudo: false, summary: None };
        Config { jit_config: "the-config".to_owned(), settings }
    }

    #[test]
    fn neither_ticket_nor_boot_id_nor_jit_config_is_printed() {
        let question = Question {
            version: Version,
            ticket: "the-ticket".to_owned(),
            boot: BootId::new("the-boot"),
            listener: Listener::Up,
            age: None,
            runner_current_on: None,
        };
        assert_eq!(format!("{question:?}"), "Question { listener: Up, .. }");
        assert!(!format!("{:?}", question.boot).contains("the-boot"));
        assert!(!format!("{:?}", Reply::Config(config())).contains("the-config"));
    }

    #[test]
    fn the_words_on_the_wire() {
        let asked = json!({"version": 1, "ticket": "t", "boot": "b", "listener": "starting", "age": 1500,
            "runner_current_on": "2026-11-01"});
        let question = Question {
            version: Version,
            ticket: "t".to_owned(),
            boot: BootId::new("b"),
            listener: Listener::Starting,
            age: Some(1500),
            runner_current_on: Some(jiff::civil::date(2026, 11, 1)),
        };
        assert_eq!(serde_json::to_value(&question).unwrap(), asked);
        for (reply, words) in [
            (Reply::Leave, json!({"answer": "leave"})),
            (Reply::Wait { seconds: 60 }, json!({"answer": "wait", "seconds": 60})),
            (
                Reply::Config(config()),
                json!({"answer": "config", "jit_config": "the-config",
                    "settings": {"pool": "ec2-x64", "runner_name": "mayfly-ec2-x64-0", "sudo": false}}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&reply).unwrap(), words);
            assert_eq!(serde_json::from_value::<Reply>(words).unwrap(), reply);
        }
    }

    #[test]
    fn a_question_of_the_version_before_is_read_and_one_of_tomorrow_is_not() {
        let before: Question = serde_json::from_value(json!({"ticket": "t", "boot": "b"})).unwrap();
        assert_eq!(before.listener, Listener::None);
        let tomorrow = json!({"version": 2, "ticket": "t", "boot": "b", "listener": "none"});
        assert!(serde_json::from_value::<Question>(tomorrow).is_err());
    }
}
