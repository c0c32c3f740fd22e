//! The metrics of the function: each name once, as `CloudWatch` has it.

use metrics::{Unit, describe_counter, describe_gauge};

/// Steps of a pool that failed.
pub const STEPS_FAILED: &str = "SchedulerStepsFailed";

/// Runners that were fenced and whose task was stopped, because they did not claim in time or were
/// not needed.
pub const RUNNERS_FENCED: &str = "RunnersFenced";

/// Jobs of a pool that was taken out of the map, which another pool has taken over.
pub const JOBS_REROUTED: &str = "JobsRerouted";

/// Jobs that wait, at this tick, in pools that were taken out of the map, and that no other pool
/// serves. Nothing is launched for them: anything above 0 is an alarm.
pub const JOBS_WITHOUT_POOL: &str = "JobsWithoutPool";

/// Tells the recorder the units and what the metrics mean, those of launches too; once, after it is
/// installed.
pub fn describe() {
    launch::metrics::describe();
    describe_counter!(STEPS_FAILED, Unit::Count, "Steps of a pool that failed");
    describe_counter!(RUNNERS_FENCED, Unit::Count, "Runners that were fenced");
    describe_counter!(JOBS_REROUTED, Unit::Count, "Jobs of a pool out of the map that went to another");
    describe_gauge!(JOBS_WITHOUT_POOL, Unit::Count, "Waiting jobs of pools out of the map that none serves");
}
