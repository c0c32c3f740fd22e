//! PID 1's exit codes. They distinguish an ordinary stop from a failure.
//!
//! Once a job has begun it is 0, whatever ends it: no job reaches a code that counts against its pool.

/// Its job has begun, and has come to some end.
pub const JOB_DONE: i64 = 0;

/// It left idle, because the registrar answered "leave".
pub const RELEASED: i64 = 75;

/// It was refused, or was not needed, when it asked for its JIT config.
pub const NOT_NEEDED: i64 = 76;

/// Docker did not come up where its pool has it.
pub const DOCKER_UNAVAILABLE: i64 = 77;

/// GitHub removed the idle runner: its listener was up, had no job, and ended by itself.
pub const REMOVED: i64 = 78;

/// GitHub no longer takes this version of the runner program, which exits with the same code.
pub const RUNNER_OUTDATED: i64 = 7;

/// Anything else went wrong; its log says what.
pub const FAILED: i64 = 1;

/// It was killed: out of memory, say (128 + SIGKILL).
pub const KILLED: i64 = 137;

/// It was asked to stop before any job (128 + SIGTERM).
pub const TERMINATED: i64 = 143;
