//! How long an item is kept: from when DynamoDB may delete it.

use fleet::ledger::{Item, JobState, RunnerState};
use jiff::{SignedDuration, Timestamp};

/// How long a job or a runner is kept after its end: longer than GitHub redelivers (3 days) and than
/// a dead-letter queue keeps (14), so that no late event takes it for a new one.
pub const KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);

/// How long the meter of a minute is kept, for a look at what happened.
pub const KEPT_METERS: SignedDuration = SignedDuration::from_hours(24);

/// How long a job is kept that has begun at another system's runner, if no webhook reports its end: GitHub ends a
/// workflow run after 35 days ("Actions limits"), and redelivers for 3.
pub const KEPT_ELSEWHERE: SignedDuration = SignedDuration::from_hours((35 + 3) * 24);

/// Until when the item is kept, if it has come to its end. A book, the budget and the cursors have none.
pub(super) fn kept_until(item: &Item) -> Option<Timestamp> {
    let after = |at: Timestamp, kept| at.checked_add(kept).unwrap_or(Timestamp::MAX);
    match item {
        Item::Job(job) => match job.state {
            JobState::Completed => Some(after(job.changed_at, KEPT)),
            JobState::InProgress if job.pool.is_none() => Some(after(job.changed_at, KEPT_ELSEWHERE)),
            _ => None,
        },
        Item::Runner(runner) => {
            (runner.state == RunnerState::Stopped).then(|| after(runner.changed_at, KEPT))
        }
        Item::Meter(reading) => reading.meter.minute().map(|minute| {
            let minute = Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::MAX);
            after(minute, KEPT_METERS)
        }),
        Item::Book(_) | Item::Budget(_) | Item::Deliveries(_) | Item::Suspicions(_) | Item::Sweep(_) => None,
    }
}
