//! The exit codes of PID 1, by which a task's stop is told from a failure.

/// Its job is done.
pub const JOB_DONE: i64 = 0;

/// It left idle, with the registrar's leave.
pub const RELEASED: i64 = 75;

/// Its claim was refused or not needed.
pub const NOT_NEEDED: i64 = 76;
