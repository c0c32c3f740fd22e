//! What happens to PID 1, and what it does.

use std::time::Duration;

use crate::question::Listener;

/// What a question came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The JIT config is there.
    Config,
    /// Wait, or go on, and ask again after so long.
    Wait(Duration),
    /// Leave.
    Leave,
    /// Ticket or boot id is not taken (403).
    Refused,
    /// The question itself is not understood (400): no later one would be.
    Malformed,
    /// To be asked again, after so long if the registrar says so; where it does not, somebody else has
    /// answered.
    Later(Option<Duration>),
    /// The registrar may have got it, and may still be at work on it.
    NoAnswer,
}

/// How the runner program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With a code of its own.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Something that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pid1Event {
    /// Docker is looked after. `false` where it did not come up.
    Prepared(bool),
    /// The restore of the tool cache has ended, well or not.
    Restored,
    /// A question came back.
    Answered(Answered),
    /// The runner program could not be started.
    NotStarted,
    /// The listener waits for jobs.
    ListenerUp,
    /// The listener says that it runs a job.
    JobBegun,
    /// Whether a worker process was seen by a look, or was there once everything stood still.
    Looked(bool),
    /// Something could not be made to stand still.
    NotFrozen,
    /// The runner program has ended.
    Exited(Exit),
    /// SIGTERM, or SIGINT.
    Terminate,
    /// The time has come that was waited for.
    Due,
}

/// Something to do. A look and a freeze are answered by an event at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pid1Action {
    /// Ask the registrar what to do, with a listener that is so far.
    Ask(Listener),
    /// Give the restore of the tool cache up.
    GiveUpRestore,
    /// Start the runner program.
    Start,
    /// Look for a worker process.
    Look,
    /// Stop every process in its tracks, read what the listener has said, and look for a worker.
    Freeze,
    /// Let every process go on.
    Thaw,
    /// Ask the runner program to end: it cancels its job, if it has one.
    Interrupt,
}
