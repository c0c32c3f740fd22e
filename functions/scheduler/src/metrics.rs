//! The metrics of the function: each name once.

use fleet::metric::Metric;

/// Steps of a pool that failed.
pub const STEPS_FAILED: Metric = Metric::counter("SchedulerStepsFailed", "Steps of a pool that failed");

/// Runners that were fenced and whose task was stopped, because they did not come up in time or were
/// not needed.
pub const RUNNERS_FENCED: Metric = Metric::counter("RunnersFenced", "Runners that were fenced");

/// Runners that may still be launched on EC2 before a pool waits, because too many of its tasks wait for instances;
/// of the pool with the fewest.
pub const PROVISIONING_LEFT: Metric =
    Metric::gauge("ProvisioningLeft", "Runners that may still wait for instances, of the fullest pool");

/// Jobs of a pool that was taken out of the map, which another pool has taken over.
pub const JOBS_REROUTED: Metric =
    Metric::counter("JobsRerouted", "Jobs of a pool out of the map that went to another");

/// Jobs that wait, at this tick, in pools that were taken out of the map, and that no other pool
/// serves. Nothing is launched for them: anything above 0 is an alarm.
pub const JOBS_WITHOUT_POOL: Metric =
    Metric::gauge("JobsWithoutPool", "Waiting jobs of pools out of the map that none serves").with_alarm();

/// All of them.
pub const METRICS: &[Metric] =
    &[STEPS_FAILED, RUNNERS_FENCED, PROVISIONING_LEFT, JOBS_REROUTED, JOBS_WITHOUT_POOL];
