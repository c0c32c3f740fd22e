//! The `scheduler` function, each minute: the minimum and maximum of this hour, the launches that a
//! crash left half done, and how many EC2 instances are kept.
//!
//! A pool that was taken out of the map is cleared: its waiting jobs go over to other pools.
//!
//! It looks at how things are, not at what it did a minute ago: a tick that is missed or that comes
//! twice does no harm. Each pool is by itself, and so is each step of a pool; what went wrong is one
//! error in the end.

mod gone;
pub mod metrics;
mod read;
mod repair;
mod scaling;
mod settings;
mod task;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use control::pace::BETWEEN_SCHEDULER_CALLS;
use control::{Bookkeeper, PostError};
use control::{Invocation, Launchpad};
use fleet::ledger::Event;
use fleet::ports::{
    Clock, DescribeAutoScalingGroup, DescribeTasks, EcsError, Ledger, LedgerError, ListItems, ListTasks,
    Random, RunTask, ScalingError, SetMinSize, StopTask,
};
use fleet::{Pool, PoolName};
use futures_util::future::{join_all, join3};
use jiff::Timestamp;
use tracing::error;

pub use self::settings::Settings;

/// How long after its beginning a tick may still call `RunTask`. The function is ended after 50
/// seconds: the rest is for the last answers.
pub const LAUNCHING_TIME: Duration = Duration::from_secs(35);

/// ECS, with all that the scheduler does there.
pub trait Ecs: RunTask + StopTask + ListTasks + DescribeTasks {}

impl<T: RunTask + StopTask + ListTasks + DescribeTasks> Ecs for T {}

/// Auto Scaling, with all that the scheduler does there.
pub trait Scaling: DescribeAutoScalingGroup + SetMinSize {}

impl<T: DescribeAutoScalingGroup + SetMinSize> Scaling for T {}

/// The function with what it keeps from one tick to the next.
#[derive(Debug)]
pub struct Scheduler<L, C, T, S> {
    launchpad: Launchpad<L, C, T>,
    scaling: S,
}

/// What one step of a pool fails with.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A transaction did not get through.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The ledger did not answer a read.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// ECS did not do it.
    #[error("ECS: {0}")]
    Ecs(#[from] EcsError),
    /// Auto Scaling did not do it.
    #[error("Auto Scaling: {0}")]
    Scaling(#[from] ScalingError),
}

/// Steps that failed; the others were taken all the same.
#[derive(Debug, thiserror::Error)]
pub struct Failed(pub Vec<String>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// The steps that were taken, with what failed of them.
#[derive(Debug, Default)]
struct Steps(Vec<String>);

impl Steps {
    /// Writes down how a step of a pool ended.
    fn note(&mut self, pool: &PoolName, step: &str, done: Result<(), StepError>) {
        if let Err(problem) = done {
            error!(%pool, step, %problem, "a step of the scheduler failed");
            self.count(format!("{pool}, {step}: {problem}"));
        }
    }

    /// Writes down that a step failed that is of no pool.
    fn note_failure(&mut self, step: &str, problem: &StepError) {
        error!(step, %problem, "a step of the scheduler failed");
        self.count(format!("{step}: {problem}"));
    }

    fn count(&mut self, failed: String) {
        ::metrics::counter!(metrics::STEPS_FAILED.name).increment(1);
        self.0.push(failed);
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// A scheduler of this ledger (with the clock and the random bits that its transactions need),
    /// this ECS and this Auto Scaling; the tasks that it launches claim their JIT config at this URL.
    pub fn new(books: Bookkeeper<L, C>, ecs: T, scaling: S, registrar_url: String) -> Self {
        Self { launchpad: Launchpad::new(books, ecs, registrar_url, BETWEEN_SCHEDULER_CALLS), scaling }
    }

    /// One tick, with the settings of this moment. What waits in pools that are gone is routed again
    /// first, so that no pool takes the runners for these jobs for a surplus.
    pub async fn handle(&self, settings: &Settings) -> Result<(), Failed> {
        let now = self.launchpad.books.system.now();
        let queued_at = BTreeMap::new();
        let invocation = invocation(settings, &queued_at, now);
        let mut steps = Steps::default();
        let cleared = self.clear(&invocation, &mut steps).await;
        let reserved = self.launchpad.launch(&invocation, cleared.reserved);
        let gone = cleared.gone.iter().map(|pool| self.end_runners(&invocation, pool, now));
        let ((), of_gone, of_map) =
            join3(reserved, join_all(gone), self.schedule_all(&invocation, now)).await;
        ended([steps].into_iter().chain(of_gone).chain(of_map))
    }

    /// The same by settings of an earlier moment, because those of this one can not be read: no pool is
    /// cleared, because one that an old map does not have may be a new one.
    pub async fn handle_by_old(&self, settings: &Settings) -> Result<(), Failed> {
        let now = self.launchpad.books.system.now();
        let queued_at = BTreeMap::new();
        ended(self.schedule_all(&invocation(settings, &queued_at, now), now).await)
    }

    /// Every pool of the map, by itself.
    async fn schedule_all(&self, invocation: &Invocation<'_>, now: Timestamp) -> Vec<Steps> {
        join_all(invocation.settings.pools.iter().map(|pool| self.schedule(invocation, pool, now))).await
    }

    /// All that is done for one pool.
    async fn schedule(&self, invocation: &Invocation<'_>, pool: &Pool, now: Timestamp) -> Steps {
        let (mut steps, name) = (Steps::default(), &pool.name);
        steps.note(name, "settle", self.settle(invocation, pool, now).await);
        steps.note(name, "surplus", self.stop_surplus(invocation, pool).await);
        steps.note(name, "repair", self.repair(invocation, pool, now).await);
        steps.note(name, "leaving", self.stop_leaving(invocation, name, now).await);
        steps.note(name, "capacity", self.scale(invocation, pool, now).await);
        steps
    }

    /// The minimum and maximum of this hour, what follows from them, and the launches of that.
    async fn settle(
        &self,
        invocation: &Invocation<'_>,
        pool: &Pool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let bounds = invocation.settings.pools.hours(pool).bounds_at(now);
        let (minimum, maximum) = (bounds.minimum, bounds.maximum);
        let event = Event::Bounds { pool: pool.name.clone(), minimum, maximum };
        let reserved = self.launchpad.post(invocation.settings, Some(&pool.name), &[event]).await?;
        self.launchpad.launch(invocation, reserved).await;
        Ok(())
    }
}

/// The invocation of a tick that begins now.
fn invocation<'a>(
    settings: &'a Settings,
    queued_at: &'a BTreeMap<PoolName, Timestamp>,
    now: Timestamp,
) -> Invocation<'a> {
    let until = now.checked_add(LAUNCHING_TIME).unwrap_or(Timestamp::MAX);
    Invocation { settings: &settings.0, queued_at, until }
}

/// How a tick of these steps ended.
fn ended(steps: impl IntoIterator<Item = Steps>) -> Result<(), Failed> {
    let failed: Vec<String> = steps.into_iter().flat_map(|steps| steps.0).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failed(failed)) }
}
