//! The metrics of the function: each name once, as `CloudWatch` has it.
//!
//! They are few, because each name with each of its dimensions' values costs money. They go
//! nowhere until a recorder is installed.

use fleet::metric::Metric;

/// Jobs that wait for a runner and whose event is on the queue; by [`POOL`]. A redelivery counts again.
pub const JOBS_QUEUED: Metric =
    Metric::counter("JobsQueued", "Waiting jobs whose event is on the queue").by(&[POOL]);

/// Jobs that wait for a runner that no pool of the map is. Those that ask for one of GitHub's own
/// runners are not among them: nobody expects us to serve them.
pub const JOBS_UNSERVED: Metric = Metric::counter("JobsUnserved", "Waiting jobs that no pool serves");

/// Requests that GitHub did not sign with a secret that we know, or that are no request of GitHub's:
/// too large, or not encoded as they say.
pub const DELIVERIES_REFUSED: Metric =
    Metric::counter("DeliveriesRefused", "Requests that are not proven to be GitHub's");

/// Deliveries that GitHub signed and that can not be read.
pub const DELIVERIES_BROKEN: Metric =
    Metric::counter("DeliveriesBroken", "GitHub's deliveries that can not be read");

/// Events that the queue did not take. GitHub keeps them as failed deliveries.
pub const QUEUE_UNAVAILABLE: Metric =
    Metric::counter("QueueUnavailable", "Events that the queue did not take");

/// Deliveries that were not looked at, because the secrets could not be read yet. GitHub keeps them as failed.
pub const DELIVERIES_NOT_READY: Metric =
    Metric::counter("DeliveriesNotReady", "Deliveries before the secrets could be read");

/// The dimension of the pool that a job was routed to.
pub const POOL: &str = "Pool";

/// All of them.
pub const METRICS: &[Metric] = &[
    JOBS_QUEUED,
    JOBS_UNSERVED,
    DELIVERIES_REFUSED,
    DELIVERIES_BROKEN,
    DELIVERIES_NOT_READY,
    QUEUE_UNAVAILABLE,
];
