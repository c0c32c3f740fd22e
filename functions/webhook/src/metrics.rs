//! The metrics of the function: each name once.
//!
//! They are lines of the log, and `CloudWatch`'s where an alarm watches them. They go nowhere until a recorder is
//! installed.

use fleet::metric::Metric;

/// Waiting jobs whose event is on the queue; by [`POOL`]. A redelivery counts again.
pub const JOBS_QUEUED: Metric =
    Metric::counter("JobsQueued", "Waiting jobs whose event is on the queue").by(&[POOL]);

/// Waiting jobs that were meant for one of our pools, but that no pool serves; by [`REASON`]. Jobs for other
/// systems do not count (`fleet::routing::Unserved::is_ours`).
pub const JOBS_UNSERVED: Metric =
    Metric::counter("JobsUnserved", "Waiting jobs that were meant for a pool, and that none serves")
        .by(&[REASON])
        .with_alarm();

/// Deliveries for repositories that do not belong to the organisation.
pub const DELIVERIES_FOREIGN: Metric =
    Metric::counter("DeliveriesForeign", "Deliveries of somebody else's repositories");

/// Deliveries that GitHub signed but that lack something needed: the job, or the labels of a waiting job.
pub const DELIVERIES_EMPTY: Metric =
    Metric::counter("DeliveriesEmpty", "GitHub's deliveries that say too little of a job");

/// Requests that no known secret signed, or that GitHub would not send: too large, or not encoded as they
/// claim.
pub const DELIVERIES_REFUSED: Metric =
    Metric::counter("DeliveriesRefused", "Requests that are not proven to be GitHub's");

/// Deliveries that GitHub signed but that cannot be read.
pub const DELIVERIES_BROKEN: Metric =
    Metric::counter("DeliveriesBroken", "GitHub's deliveries that cannot be read");

/// Events that the queue did not take. GitHub marks their deliveries as failed.
pub const QUEUE_UNAVAILABLE: Metric =
    Metric::counter("QueueUnavailable", "Events that the queue did not take");

/// Deliveries that arrived before the secrets could be read. GitHub marks them as failed.
pub const DELIVERIES_NOT_READY: Metric =
    Metric::counter("DeliveriesNotReady", "Deliveries before the secrets could be read");

/// The field of the pool that a job was routed to.
pub const POOL: &str = "Pool";

/// The field of the reason why no pool serves a job.
pub const REASON: &str = "Reason";

/// No pool has its labels.
pub const NO_POOL: &str = "NoPool";

/// Its repository is public, and no pool with its labels takes jobs of public repositories.
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
