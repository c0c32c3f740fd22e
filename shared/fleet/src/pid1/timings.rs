//! How long PID 1 waits for what.

use std::time::Duration;

/// Every wait of PID 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// For Docker to come up.
    pub docker: Duration,
    /// For a claim to be granted. GitHub's rate limits are waited for, so it is long.
    pub claim: Duration,
    /// From a claim without an answer to the next: [`PATIENCE`].
    pub no_answer: Duration,
    /// From the listener's start to the first release, if it never says that it is up.
    pub first_release: Duration,
    /// From one release to the next, a tenth more or less.
    pub release: Duration,
    /// From a granted release to the end, in which a job may still show.
    pub last_look: Duration,
    /// From SIGTERM to SIGKILL, as ECS has it.
    pub stop: Duration,
    /// How long before SIGKILL a job is interrupted.
    pub interrupt: Duration,
}

/// How long the registrar is waited for: longer than its own limit of 30 seconds, so that an old claim
/// never meets a new one.
pub const PATIENCE: Duration = Duration::from_secs(35);

/// The longest wait that a registrar's `retry-after` is believed.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);

/// The first wait between two claims; it doubles up to [`LONGEST_BACKOFF`].
pub(super) const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest wait between two claims that PID 1 chooses by itself.
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

impl Default for Timings {
    fn default() -> Self {
        Self {
            docker: Duration::from_mins(2),
            claim: Duration::from_hours(1),
            no_answer: PATIENCE,
            first_release: Duration::from_secs(30),
            release: Duration::from_mins(1),
            last_look: Duration::from_secs(15),
            stop: Duration::from_mins(2),
            interrupt: Duration::from_secs(10),
        }
    }
}
