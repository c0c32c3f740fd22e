//! The metrics of the function: each name once, as `CloudWatch` has it.
//!
//! They are few, because each name with each of its dimensions' values costs money. They go
//! nowhere until a recorder is installed.

use metrics::{Unit, describe_counter};

/// Jobs that wait for a runner and whose event is on the queue; by [`POOL`]. A redelivery counts again.
pub const JOBS_QUEUED: &str = "JobsQueued";

/// Jobs that wait for a runner that no pool of the map is. Those that ask for one of GitHub's own
/// runners are not among them: nobody expects us to serve them.
pub const JOBS_UNSERVED: &str = "JobsUnserved";

/// Requests that GitHub did not sign with a secret that we know, or that are no request of GitHub's:
/// too large, or not encoded as they say.
pub const DELIVERIES_REFUSED: &str = "DeliveriesRefused";

/// Deliveries that GitHub signed and that can not be read.
pub const DELIVERIES_BROKEN: &str = "DeliveriesBroken";

/// Events that the queue did not take. GitHub keeps them as failed deliveries.
pub const QUEUE_UNAVAILABLE: &str = "QueueUnavailable";

/// The dimension of the pool that a job was routed to.
pub const POOL: &str = "Pool";

/// Tells the recorder the units and what the metrics mean; once, after it is installed.
pub fn describe() {
    describe_counter!(JOBS_QUEUED, Unit::Count, "Waiting jobs whose event is on the queue");
    describe_counter!(JOBS_UNSERVED, Unit::Count, "Waiting jobs that no pool serves");
    describe_counter!(DELIVERIES_REFUSED, Unit::Count, "Requests that are not proven to be GitHub's");
    describe_counter!(DELIVERIES_BROKEN, Unit::Count, "GitHub's deliveries that can not be read");
    describe_counter!(QUEUE_UNAVAILABLE, Unit::Count, "Events that the queue did not take");
}
