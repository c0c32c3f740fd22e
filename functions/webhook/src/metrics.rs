//! The metrics of the function: each name once.
//!
//! They are lines of the log, and `CloudWatch`'s where an alarm watches them. They go nowhere until a recorder is
//! installed.

use fleet::metric::Metric;

/// Jobs that wait for a runner and whose event is on the queue; by [`POOL`]. A redelivery counts again.
pub const JOBS_QUEUED: Metric =
    Metric::counter("JobsQueued", "Waiting jobs whose event is on the queue").by(&[POOL]);

/// Jobs that wait for a runner of ours and that no pool serves; by [`REASON`]. Those of other systems are not
/// among them (`fleet::routing::Unserved::is_ours`): they are not meant for Mayfly.
pub const JOBS_UNSERVED: Metric =
    Metric::counter("JobsUnserved", "Waiting jobs that were meant for a pool, and that none serves")
        .by(&[REASON])
        .with_alarm();

/// Deliveries of repositories that do not belong to the organisation.
pub const DELIVERIES_FOREIGN: Metric =
    Metric::counter("DeliveriesForeign", "Deliveries of somebody else's repositories");

/// Deliveries that GitHub signed and that say too little to act on: without a job, or of one that waits and
/// has no labels.
pub const DELIVERIES_EMPTY: Metric =
    Metric::counter("DeliveriesEmpty", "GitHub's deliveries that say too little of a job");

/// Requests that GitHub did not sign with a secret that we know, or that are no request of GitHub's:
/// too large, or not encoded as they say.
pub const DELIVERIES_REFUSED: Metric =
    Metric::counter("DeliveriesRefused", "Requests that are not proven to be GitHub's");

/// Deliveries that GitHub signed and that cannot be read.
pub const DELIVERIES_BROKEN: Metric =
    Metric::counter("DeliveriesBroken", "GitHub's deliveries that cannot be read");

/// Events that the queue did not take. GitHub keeps them as failed deliveries.
pub const QUEUE_UNAVAILABLE: Metric =
    Metric::counter("QueueUnavailable", "Events that the queue did not take");

/// Deliveries that were not looked at, because the secrets could not be read yet. GitHub keeps them as failed.
pub const DELIVERIES_NOT_READY: Metric =
    Metric::counter("DeliveriesNotReady", "Deliveries before the secrets could be read");

/// The field of the pool that a job was routed to.
pub const POOL: &str = "Pool";

/// The field of the reason why no pool serves a job.
pub const REASON: &str = "Reason";

/// No pool has its labels.
pub const NO_POOL: &str = "NoPool";

/// Its repository is public, and no pool that has its labels takes jobs of public ones.
pub const PUBLIC_REPOSITORY: &str = "PublicRepository";

/// All of them.
pub const METRICS: &[Metric] = &[
    JOBS_QUEUED,
    JOBS_UNSERVED,
    DELIVERIES_FOREIGN,
    DELIVERIES_EMPTY,
    DELIVERIES_REFUSED,
    DELIVERIES_BROKEN,
    DELIVERIES_NOT_READY,
    QUEUE_UNAVAILABLE,
];
