//! Permits for reservations: a runner is reserved only if `RunTask` may be called for it now, and if GitHub
//! will accept its registration in the minute in which it comes up.
//!
//! Demand without a permit stays in `queued`, where it costs nothing. A task that waits for its registration
//! would be billed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fleet::ledger::{Permits, Runner, Spend, Wanted};
use fleet::limits::Limits;
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use fleet::{PoolMap, PoolName};
use futures_util::future::{join_all, join3};
use jiff::Timestamp;

use crate::Bookkeeper;

/// The permits of one transaction, kept through all its attempts.
#[derive(Debug, Default)]
pub(crate) struct HeldPermits {
    /// The permits that it may use.
    pub(crate) permits: Permits,
    /// Capacities whose runners GitHub could not register when they come up. Asking again before the next
    /// minute is pointless.
    pub(crate) unregistrable: BTreeSet<PoolName>,
    /// When `RunTask` calls are available again.
    pub(crate) again_in: Duration,
    /// The minute whose registrations each capacity used.
    taken_from: BTreeMap<PoolName, Spend>,
}

impl<L: Ledger, C: Clock + Random> Bookkeeper<L, C> {
    /// Adds the permits that are wanted and not yet held, as far as there are any. Returns whether there was
    /// anything to ask for.
    pub(crate) async fn add_permits(
        &self,
        held: &mut HeldPermits,
        wanted: Wanted,
        pools: &PoolMap,
    ) -> Result<bool, LedgerError> {
        let wanted = wanted.without(&held.permits);
        let missing = wanted.permits();
        if missing.total() == 0 {
            return Ok(false);
        }
        let (limits, now) = (pools.limits(), self.system.now());
        let asked = missing.iter().filter_map(|(name, count)| Some((pools.get(name)?, count)));
        let asked = asked.map(async |(pool, count)| {
            let up_at = now.checked_add(pool.capacity.comes_up_in()).unwrap_or(Timestamp::MAX);
            let spend = limits.spend_registrations(count, up_at);
            self.take(spend, 1, count).await.map(|(taken, _)| (pool, up_at, taken, spend))
        });
        let (waits_until, registrations, run_tasks) =
            join3(self.github_waits_until(), join_all(asked), self.take_run_tasks(limits, missing.total()))
                .await;
        let waits_until = waits_until?;
        let mut registrable = Permits::default();
        for taken in registrations {
            let (pool, up_at, count, from) = taken?;
            held.taken_from.insert(pool.name.clone(), from);
            // While GitHub asks us to wait, nobody can use what is taken here.
            if waits_until.is_none_or(|until| until <= up_at) {
                registrable.add(&pool.name, count);
            }
        }
        let (callable, again_in) = run_tasks?;
        held.again_in = again_in;
        let granted = wanted.granted(&registrable, callable);
        for (capacity, count) in missing.iter() {
            held.permits.add(capacity, granted.of(capacity));
            // This used up all that GitHub accepts, and it was not enough.
            if granted.of(capacity) == registrable.of(capacity) && registrable.of(capacity) < count {
                held.unregistrable.insert(capacity.clone());
            }
        }
        let unused_calls = callable - granted.total();
        self.give_back(limits, held, &registrable.without(&granted), unused_calls).await;
        Ok(true)
    }

    /// Gives back the permits that the reservations did not use.
    pub(crate) async fn give_permits_back(
        &self,
        mut held: HeldPermits,
        reserved: &[Runner],
        limits: &Limits,
    ) {
        for runner in reserved {
            held.permits.take(&runner.capacity);
        }
        self.give_back(limits, &held, &held.permits, held.permits.total()).await;
    }

    /// Gives back registrations and `RunTask` calls. If that fails, they are lost for a minute at most.
    async fn give_back(&self, limits: &Limits, held: &HeldPermits, unused: &Permits, calls: u32) {
        let registrations = unused
            .iter()
            .filter_map(|(capacity, count)| Some(held.taken_from.get(capacity)?.back(count.into())));
        let run_tasks = limits.spend_run_tasks(0, self.system.now());
        let run_tasks = (calls > 0).then(|| run_tasks.back(i64::from(calls) * limits.between_run_tasks()));
        let back = registrations.chain(run_tasks);
        join_all(back.map(async |spend| drop(self.ledger.spend(&spend).await))).await;
    }
}
