//! The metrics of launches: each name once, as `CloudWatch` has it.

use fleet::launch::FailureClass;
use metrics::{Unit, describe_counter, describe_histogram};

/// Runners whose task ECS has taken; by [`POOL`].
pub const RUNNERS_LAUNCHED: &str = "RunnersLaunched";

/// Launches that failed, after the last try; by [`POOL`] and [`CLASS`].
pub const LAUNCHES_FAILED: &str = "LaunchesFailed";

/// Launches that there was no time for. The scheduler makes them.
pub const LAUNCHES_LEFT: &str = "LaunchesLeft";

/// Times that somebody else wrote the same items of the ledger first.
pub const LEDGER_CONFLICTS: &str = "LedgerConflicts";

/// Events that did not get into the ledger; each counts every time that it comes.
pub const EVENTS_NOT_WRITTEN: &str = "EventsNotWritten";

/// Milliseconds from the queue to `RunTask`'s answer, once for each runner that was launched for a
/// waiting job: from the time at which SQS took the oldest message of a queued job of the runner's
/// pool in this batch. Runners that replace others, and jobs whose pool was full when they came, are
/// not in it: they tell how much room there is, not how fast the function works.
pub const QUEUE_TO_RUN_TASK: &str = "QueueToRunTask";

/// The dimension of the pool whose labels a runner carries.
pub const POOL: &str = "Pool";

/// The dimension of what is done about a failed launch: `Later`, `Elsewhere` or `Never`.
pub const CLASS: &str = "Class";

/// Tells the recorder the units and what the metrics mean; once, after it is installed.
pub fn describe() {
    describe_counter!(RUNNERS_LAUNCHED, Unit::Count, "Runners whose task ECS has taken");
    describe_counter!(LAUNCHES_FAILED, Unit::Count, "Launches that failed");
    describe_counter!(LAUNCHES_LEFT, Unit::Count, "Launches left to the scheduler for want of time");
    describe_counter!(LEDGER_CONFLICTS, Unit::Count, "Times that somebody else wrote first");
    describe_counter!(EVENTS_NOT_WRITTEN, Unit::Count, "Events that did not get into the ledger");
    describe_histogram!(QUEUE_TO_RUN_TASK, Unit::Milliseconds, "From the queue to RunTask's answer");
}

/// The value of [`CLASS`].
pub(crate) fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Later => "Later",
        FailureClass::Elsewhere => "Elsewhere",
        FailureClass::Never => "Never",
    }
}
