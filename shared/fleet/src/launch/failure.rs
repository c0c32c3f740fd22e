//! What a failed `RunTask` means: later, elsewhere or never.

use serde::{Deserialize, Serialize};

use super::reason::{ReasonMeaning, meaning};

/// What to do about a launch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Try the same launch again, with backoff; then leave it to the scheduler.
    Later,
    /// There is no capacity: let the pool's capacity rest, and launch on its fallback's.
    Elsewhere,
    /// It cannot work until somebody mends the configuration: give up, and say so loudly.
    Never,
}

impl FailureClass {
    /// Whether it leaves more to be tried: another capacity before the same one later, and either before nothing.
    fn hopes_more_than(self, other: Self) -> bool {
        let hope = |class| match class {
            Self::Never => 0,
            Self::Later => 1,
            Self::Elsewhere => 2,
        };
        hope(self) > hope(other)
    }
}

/// Why a launch failed, in ECS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LaunchFailure {
    /// What to do about it.
    pub class: FailureClass,
    /// ECS's reason or error code, and its message.
    pub reason: String,
    /// Whether ECS said something that Mayfly does not know. That is reported, and tried again later.
    pub is_news: bool,
}

impl LaunchFailure {
    /// What ECS said: a reason of `failures[]`, or an exception as `code: message`.
    ///
    /// Unknown words never end a launch: giving one up is worse than one launch too many, and a launch that
    /// is put off for long is reported (`fleet::repair`, "late starters").
    pub fn said(reason: String) -> Self {
        let meaning = meaning(&reason);
        let class = match meaning {
            Some(ReasonMeaning::NoCapacity) => FailureClass::Elsewhere,
            Some(ReasonMeaning::Broken) => FailureClass::Never,
            Some(ReasonMeaning::Passing | ReasonMeaning::BootFailed | ReasonMeaning::InstanceGone) | None => {
                FailureClass::Later
            }
        };
        Self { class, reason, is_news: meaning.is_none() }
    }

    /// What a `failures[]` of several says, the first one's words first. ECS has an entry for each instance that
    /// it has tried (aws/amazon-ecs-agent#3044), so a launch is given up only if each of them says so.
    pub fn said_each(reasons: impl IntoIterator<Item = String>) -> Option<Self> {
        let said = reasons.into_iter().map(Self::said);
        said.reduce(|known, other| if other.class.hopes_more_than(known.class) { other } else { known })
    }

    /// Mayfly's own configuration lacks something.
    pub fn never(reason: String) -> Self {
        Self { class: FailureClass::Never, reason, is_news: false }
    }

    /// ECS did not answer, or not so that it can be understood: it is tried again later.
    pub fn unanswered(reason: String) -> Self {
        Self { class: FailureClass::Later, reason, is_news: false }
    }
}
