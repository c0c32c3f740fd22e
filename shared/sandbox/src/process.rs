//! PID 1 of a runner task, as the sandbox plays it.

use std::time::Duration;

use fleet::{BootId, GithubRunnerId, JobId, RunnerId};

/// Exit code of a process that was killed.
pub(crate) const KILLED: i64 = 137;

/// How long PID 1 lets a job go on after SIGTERM: almost as long as the 120 seconds after which ECS
/// kills it.
pub(crate) const INTERRUPT_AFTER: Duration = Duration::from_secs(110);

/// How long an EC2 spot instance stays after the warning.
pub(crate) const WARNED_AHEAD: Duration = Duration::from_mins(2);

/// How often an idle PID 1 asks for its release.
pub(crate) const RELEASE_EVERY: Duration = Duration::from_mins(1);

/// How long PID 1 waits after its release was granted, for a job that GitHub may just have given it.
pub(crate) const LAST_LOOK: Duration = Duration::from_secs(15);

/// How long GitHub waits for a runner that is gone before it ends its job.
pub(crate) const ABANDONED_AFTER: Duration = Duration::from_mins(10);

/// How long PID 1 waits before it claims again where it got no answer: longer than the registrar may
/// take, or a late first claim would delete the second one's registration.
pub(crate) const CLAIM_AGAIN: Duration = Duration::from_secs(35);

/// How far PID 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It has no JIT config yet.
    Claiming,
    /// Its listener waits for a job.
    Idle(GithubRunnerId),
    /// A worker runs.
    Working(GithubRunnerId, JobId),
    /// It has exited.
    Gone,
}

/// PID 1 of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) runner: RunnerId,
    pub(crate) ticket: String,
    pub(crate) boot: BootId,
    pub(crate) phase: Phase,
}

impl Process {
    /// GitHub's id of its registration, while it has one.
    pub(crate) fn registration(&self) -> Option<GithubRunnerId> {
        match self.phase {
            Phase::Idle(id) | Phase::Working(id, _) => Some(id),
            Phase::Claiming | Phase::Gone => None,
        }
    }
}
