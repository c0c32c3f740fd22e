//! The metrics of the function: each name once, as `CloudWatch` has it.

use metrics::{Unit, describe_counter};

/// Steps of a pool that failed.
pub const STEPS_FAILED: &str = "SchedulerStepsFailed";

/// Runners that were fenced and whose task was stopped, because they did not claim in time or were
/// not needed.
pub const RUNNERS_FENCED: &str = "RunnersFenced";

/// Tells the recorder the units and what the metrics mean, those of launches too; once, after it is
/// installed.
pub fn describe() {
    launch::metrics::describe();
    describe_counter!(STEPS_FAILED, Unit::Count, "Steps of a pool that failed");
    describe_counter!(RUNNERS_FENCED, Unit::Count, "Runners that were fenced");
}
