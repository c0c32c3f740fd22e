//! What the log says about a transaction: how its events got into the ledger, and what they revealed.

use fleet::cost::{self, CostLine};
use fleet::ledger::{Runner, Tidings};
use fleet::{DeliveryId, PoolMap, PoolName};
use metrics::counter;
use tracing::{debug, error, info, warn};

use crate::PostError;
use crate::metrics::{
    BREAKERS_OPENED, EVENTS_NOT_WRITTEN, LEDGER_CONFLICTS, OLD_JOBS, PLACES_RESTED, POOL, RUNNERS_OVERDUE,
    RUNNERS_REAPED,
};

/// Where events come from. This lets a reader of the log follow a delivery to its runner, and the runner to
/// its task.
#[derive(Debug, Default)]
pub struct Origin<'a> {
    /// The pool of the events.
    pub pool: Option<&'a PoolName>,
    /// The deliveries that brought them.
    pub deliveries: Vec<&'a DeliveryId>,
}

impl<'a> From<&'a PoolName> for Origin<'a> {
    fn from(pool: &'a PoolName) -> Self {
        Self { pool: Some(pool), ..Self::default() }
    }
}

/// Logs how events got into the ledger: whether they wrote anything, after how many conflicts, and with which
/// reservations.
pub(crate) fn tell(origin: &Origin<'_>, events: usize, done: Result<(bool, u32, &[Runner]), &PostError>) {
    let pool = origin.pool.map(tracing::field::display);
    let deliveries = listed(&origin.deliveries);
    match done {
        Ok((wrote, conflicts, reserved)) => {
            let runners = listed(&reserved.iter().map(|runner| &runner.id).collect::<Vec<_>>());
            let reserved = (!reserved.is_empty()).then_some(reserved.len());
            // A log is billed by the byte, and most have none.
            let conflicted = (conflicts > 0).then_some(conflicts);
            if wrote || reserved.is_some() {
                info!(
                    pool,
                    events,
                    deliveries,
                    conflicts = conflicted,
                    reserved,
                    runners,
                    "events in the ledger"
                );
            } else {
                debug!(pool, events, deliveries, conflicts = conflicted, "events that changed nothing");
            }
            counter!(LEDGER_CONFLICTS.name).increment(conflicts.into());
        }
        Err(error) => {
            warn!(pool, events, deliveries, %error, "events not in the ledger");
            counter!(EVENTS_NOT_WRITTEN.name).increment(events as u64);
        }
    }
}

/// Logs what the events revealed: jobs that began, with where their time went; capacities on which launches keep
/// failing, with the reason; runners that GitHub removes or that are slow; old deliveries.
/// What each runner cost that has ended is a line of another log.
pub(crate) fn tell_tidings(tidings: &Tidings, pools: &PoolMap) {
    for ended in tidings.ended.values() {
        match CostLine::of(ended, pools.placed(&ended.capacity)).text() {
            Ok(line) => info!(target: cost::TARGET, line),
            Err(error) => warn!(runner = %ended.runner, %error, "a line of costs is no JSON"),
        }
    }
    for (job, begun) in &tidings.begun {
        info!(
            %job,
            pool = %begun.pool,
            capacity = %begun.capacity,
            waited_ms = begun.milliseconds(),
            to_reserved_ms = begun.to_reserved,
            to_asked_ms = begun.to_asked,
            to_registered_ms = begun.to_registered,
            to_listening_ms = begun.to_listening,
            to_begun_ms = begun.to_begun,
            "job begun"
        );
    }
    for (capacity, rest) in &tidings.breakers {
        let (cause, until) = (rest.cause, rest.until);
        error!(%capacity, ?cause, %until, reason = rest.reason, "breaker open: nothing is launched there meanwhile");
        counter!(BREAKERS_OPENED.name, POOL => capacity.to_string()).increment(1);
    }
    for (pool, &count) in &tidings.reaped {
        counter!(RUNNERS_REAPED.name, POOL => pool.to_string()).increment(count.into());
    }
    for (pool, &places) in &tidings.places_resting {
        error!(%pool, places, "GitHub removes idle runners one after the other: the minimum counts fewer for a while");
        counter!(PLACES_RESTED.name, POOL => pool.to_string()).increment(places.into());
    }
    for (pool, &count) in &tidings.overdue {
        warn!(%pool, count, "runners are overdue while jobs wait: others are reserved beside them");
        counter!(RUNNERS_OVERDUE.name, POOL => pool.to_string()).increment(count.into());
    }
    if !tidings.old_jobs.is_empty() {
        let jobs = listed(&tidings.old_jobs.iter().collect::<Vec<_>>());
        warn!(
            jobs,
            "jobs that were created over a day ago, and were not known: old deliveries, or late approvals"
        );
        counter!(OLD_JOBS.name).increment(tidings.old_jobs.len() as u64);
    }
}

/// Several values in one field, separated by spaces; no field if there are none.
fn listed<T: ToString>(all: &[T]) -> Option<String> {
    (!all.is_empty()).then(|| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}
