//! The exit codes of PID 1, by which a task's stop is told from a failure.

/// Its job is done.
pub const JOB_DONE: i64 = 0;

/// It left idle, with the registrar's leave.
pub const RELEASED: i64 = 75;

/// Its claim was refused or not needed.
pub const NOT_NEEDED: i64 = 76;

/// Docker did not come up where its pool has it.
pub const DOCKER_UNAVAILABLE: i64 = 77;

/// GitHub no longer takes this version of the runner program, which exits with the same code.
pub const RUNNER_OUTDATED: i64 = 7;

/// Anything else went wrong; its log says what.
pub const FAILED: i64 = 1;

/// It was asked to stop, and was before its job, or could not end its job in time (128 + SIGTERM).
pub const TERMINATED: i64 = 143;
