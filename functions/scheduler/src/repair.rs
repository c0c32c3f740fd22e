//! Runners that a crash, or ECS, left half way: launched again, or fenced and stopped.
//!
//! Only a runner that never claimed is ever touched. It is fenced before its task is stopped, so
//! that it can not claim in between.

use control::Invocation;
use fleet::ledger::{Item, Key, Listing, Runner, RunnerEvent, RunnerState};
use fleet::ports::{Clock, Ledger, ListItems, Random};
use fleet::{Pool, PoolName};
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use tracing::info;

use crate::metrics::RUNNERS_FENCED;
use crate::{Ecs, Scaling, Scheduler, StepError};

/// How long a launch is its launcher's own matter.
const LAUNCHERS_OWN: SignedDuration = SignedDuration::from_mins(1);

/// How long ECS knows a `RunTask` again by its token, at least: an hour after the task has stopped
/// (ECS: "Ensuring idempotency").
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_hours(1);

/// How long a task may wait for capacity.
const PROVISIONING_LIMIT: SignedDuration = SignedDuration::from_mins(5);

/// How long a runner may take from its reservation to its first claim.
pub(crate) const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// While the pool has runners enough, those that have not claimed go: jobs that were cancelled
    /// would otherwise make an Auto Scaling group grow. The youngest go first.
    pub(crate) async fn stop_surplus(
        &self,
        invocation: &Invocation<'_>,
        pool: &Pool,
    ) -> Result<(), StepError> {
        let deficit = self.book(&pool.name).await?.map_or(0, |book| book.deficit());
        let surplus = usize::try_from(-i64::min(deficit, 0)).unwrap_or(0);
        if surplus == 0 {
            return Ok(());
        }
        self.fence_unclaimed(invocation, &pool.name, surplus, "its pool has runners enough").await
    }

    /// Fences so many of a pool's runners that have not claimed, at most; the youngest first.
    pub(crate) async fn fence_unclaimed(
        &self,
        invocation: &Invocation<'_>,
        pool: &PoolName,
        most: usize,
        why: &str,
    ) -> Result<(), StepError> {
        let mut unclaimed = self.unclaimed(pool, RunnerState::Starting).await?;
        unclaimed.sort_by_key(|runner| std::cmp::Reverse(runner.reserved_at));
        let mut done = Ok(());
        for runner in unclaimed.into_iter().take(most) {
            done = done.and(self.fence(invocation, &runner, why).await);
        }
        done
    }

    /// Runners that have not come as far as they should have by now.
    pub(crate) async fn repair(
        &self,
        invocation: &Invocation<'_>,
        pool: &Pool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut late = self.unclaimed(&pool.name, RunnerState::Starting).await?;
        late.retain(|runner| age(runner, now) >= LAUNCHERS_OWN);
        let mut done = Ok(());
        for runner in late {
            done = done.and(self.repair_one(invocation, &runner, age(&runner, now)).await);
        }
        done
    }

    async fn repair_one(
        &self,
        invocation: &Invocation<'_>,
        runner: &Runner,
        age: SignedDuration,
    ) -> Result<(), StepError> {
        if age >= BOOT_LIMIT {
            return self.fence(invocation, runner, "past its boot limit").await;
        }
        let task = match self.listed(invocation, runner).await? {
            Some(task) => Some(task),
            None => self.run_again(invocation, runner).await?,
        };
        let Some(task) = task else { return Ok(()) };
        match self.status(&task).await?.as_deref() {
            Some("STOPPED") => self.note_stopped(invocation, runner).await,
            Some("PROVISIONING") if age >= PROVISIONING_LIMIT => self.give_up(invocation, runner).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Runners that are fenced and whose task was not stopped yet, or whose end was not heard of.
    pub(crate) async fn stop_leaving(
        &self,
        invocation: &Invocation<'_>,
        pool: &PoolName,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut fenced = self.unclaimed(pool, RunnerState::Leaving).await?;
        fenced.retain(|runner| now.duration_since(runner.changed_at) >= LAUNCHERS_OWN);
        let mut done = Ok(());
        for runner in fenced {
            done = done.and(self.stop(invocation, &runner, age(&runner, now)).await);
        }
        done
    }

    /// The runners of a pool in a state that never claimed, as the table has them.
    async fn unclaimed(&self, pool: &PoolName, state: RunnerState) -> Result<Vec<Runner>, StepError> {
        let items = self.items(&Listing::Runners(pool.clone(), state)).await?;
        let runners = items.into_iter().filter_map(|item| match item {
            Item::Runner(runner) if runner.state == state && runner.boot.is_none() => Some(runner),
            Item::Runner(_) | Item::Job(_) | Item::Book(_) | Item::Budget(_) => None,
        });
        Ok(runners.collect())
    }

    /// Takes a runner out of the supply, and stops its task if it did not claim meanwhile.
    async fn fence(&self, invocation: &Invocation<'_>, runner: &Runner, why: &str) -> Result<(), StepError> {
        self.tell(invocation, runner, RunnerEvent::Fenced).await?;
        self.stop_fenced(invocation, runner, why).await
    }

    /// The same for one whose task finds no capacity. Its pool's rest begins in the same transaction,
    /// so that its replacement is not reserved there again.
    async fn give_up(&self, invocation: &Invocation<'_>, runner: &Runner) -> Result<(), StepError> {
        let why = "no capacity within five minutes";
        self.tell(invocation, runner, RunnerEvent::FoundNoCapacity(why.to_owned())).await?;
        self.stop_fenced(invocation, runner, why).await
    }

    /// Stops the task of a runner that has just been fenced; not of one that claimed first. The task of
    /// one that could not be stopped is stopped at a later tick.
    async fn stop_fenced(
        &self,
        invocation: &Invocation<'_>,
        runner: &Runner,
        why: &str,
    ) -> Result<(), StepError> {
        let items = self.read(&[Key::Runner(runner.id.clone())]).await?;
        let is_fenced = |item: &Item| matches!(item, Item::Runner(it) if it.state == RunnerState::Leaving && it.boot.is_none());
        if !items.iter().any(is_fenced) {
            return Ok(());
        }
        info!(runner = %runner.id, pool = %runner.pool, why, "runner fenced");
        counter!(RUNNERS_FENCED.name).increment(1);
        match self.listed(invocation, runner).await? {
            Some(task) => self.stop_task(&task, why).await,
            None => Ok(()),
        }
    }

    /// Stops the task of a runner that was fenced a while ago, and writes down that it has stopped.
    /// Where ECS lists none, `RunTask` with the same token tells for certain: it gives the task that
    /// there was, or one that is stopped at once. Once ECS may have forgotten the token, there is none;
    /// so long is waited where the capacity is out of the map, for which there is nothing to run.
    async fn stop(
        &self,
        invocation: &Invocation<'_>,
        runner: &Runner,
        age: SignedDuration,
    ) -> Result<(), StepError> {
        if let Some(task) = self.listed(invocation, runner).await? {
            return self.stop_task(&task, "some time ago").await;
        }
        if age >= TOKEN_HOLDS {
            return self.note_stopped(invocation, runner).await;
        }
        if !invocation.settings.placements.contains_key(&runner.capacity) {
            return Ok(());
        }
        let Some(task) = self.run_again(invocation, runner).await? else { return Ok(()) };
        match self.status(&task).await?.as_deref() {
            Some("STOPPED") => self.note_stopped(invocation, runner).await,
            Some(_) => self.stop_task(&task, "some time ago").await,
            None => Ok(()),
        }
    }
}

fn age(runner: &Runner, now: Timestamp) -> SignedDuration {
    now.duration_since(runner.reserved_at)
}
