//! How long PID 1 waits for what.

use std::time::Duration;

use crate::question::PATIENCE_SECONDS;

/// Every wait of PID 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// For Docker to come up.
    pub docker: Duration,
    /// For the tool cache to be restored. After that the job begins without it.
    pub tool_cache: Duration,
    /// For the registrar to say anything at all, from its last answer to the next. A GitHub that is out
    /// of order is waited for, so it is long.
    pub give_up: Duration,
    /// From a question without an answer to the next: [`PATIENCE`].
    pub no_answer: Duration,
    /// From the listener's start to the next question, if it never says that it is up.
    pub listener: Duration,
    /// From one question to the next of a runner with a listener, where the registrar does not say.
    pub question: Duration,
    /// From the answer to leave to the end, in which a job may still show.
    pub last_look: Duration,
    /// From SIGTERM to SIGKILL, as ECS has it.
    pub stop: Duration,
    /// How long before SIGKILL a job is interrupted.
    pub interrupt: Duration,
    /// The longest life of a job, from its beginning to its interruption: [`LONGEST_JOB`].
    pub job: Duration,
}

/// GitHub ends a job of a self-hosted runner after five days ("Usage limits for self-hosted runners", job execution
/// time). One that its listener goes on with for longer holds its task for nobody.
pub const LONGEST_JOB: Duration = Duration::from_hours(5 * 24);

/// How long an answer is waited for, so that an old question never meets a new one.
pub const PATIENCE: Duration = Duration::from_secs(PATIENCE_SECONDS);

/// The longest wait that the registrar is believed.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The first wait between two questions that PID 1 chooses by itself; it doubles up to
/// [`LONGEST_BACKOFF`].
pub(super) const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest wait between two questions that PID 1 chooses by itself.
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

impl Default for Timings {
    fn default() -> Self {
        Self {
            docker: Duration::from_mins(2),
            tool_cache: Duration::from_mins(1),
            give_up: Duration::from_hours(1),
            no_answer: PATIENCE,
            listener: Duration::from_secs(30),
            question: Duration::from_mins(1),
            last_look: Duration::from_secs(15),
            stop: Duration::from_mins(2),
            interrupt: Duration::from_secs(10),
            job: LONGEST_JOB,
        }
    }
}
