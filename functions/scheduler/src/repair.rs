//! Runners that a crash, or ECS, left half way: launched again, or fenced and stopped.
//!
//! Only a runner that never claimed is ever touched. It is fenced before its task is stopped, so
//! that it can not claim in between.

use fleet::launch::{FailureClass, LaunchFailure, StopClass};
use fleet::ledger::{Event, Item, Key, Listing, Runner, RunnerEvent, RunnerState};
use fleet::ports::{Clock, Ledger, ListItems, Random, TaskFilter};
use fleet::{Pool, TaskArn};
use jiff::{SignedDuration, Timestamp};
use launch::Launches;
use metrics::counter;
use tracing::{info, warn};

use crate::metrics::RUNNERS_FENCED;
use crate::{Ecs, Scaling, Scheduler, StepError};

/// How long a launch is its launcher's own matter.
const LAUNCHERS_OWN: SignedDuration = SignedDuration::from_mins(1);

/// How long a task may wait for capacity.
const PROVISIONING_LIMIT: SignedDuration = SignedDuration::from_mins(5);

/// How long a runner may take from its reservation to its first claim.
pub(crate) const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

impl<L: Ledger + ListItems, C: Clock, R: Random, T: Ecs, S: Scaling> Scheduler<L, C, R, T, S> {
    /// While the pool has runners enough, those that have not claimed go: jobs that were cancelled
    /// would otherwise make an Auto Scaling group grow. The youngest go first.
    pub(crate) async fn stop_surplus(&self, launches: &Launches<'_>, pool: &Pool) -> Result<(), StepError> {
        let items = self.launchpad.books.ledger.read(&[Key::Book(pool.name.clone())]).await?;
        let deficit = items.iter().map(|it| if let Item::Book(book) = it { book.deficit() } else { 0 }).sum();
        let surplus = usize::try_from(-i64::min(deficit, 0)).unwrap_or(0);
        if surplus == 0 {
            return Ok(());
        }
        let mut unclaimed = self.unclaimed(pool, RunnerState::Starting).await?;
        unclaimed.sort_by_key(|runner| std::cmp::Reverse(runner.reserved_at));
        for runner in unclaimed.into_iter().take(surplus) {
            self.fence(launches, &runner, "its pool has runners enough").await?;
        }
        Ok(())
    }

    /// Runners that have not come as far as they should have by now.
    pub(crate) async fn repair(
        &self,
        launches: &Launches<'_>,
        pool: &Pool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let age = |runner: &Runner| now.duration_since(runner.reserved_at);
        let mut late = self.unclaimed(pool, RunnerState::Starting).await?;
        late.retain(|runner| age(runner) >= LAUNCHERS_OWN);
        for runner in late {
            if age(&runner) >= BOOT_LIMIT {
                self.fence(launches, &runner, "past its boot limit").await?;
                continue;
            }
            match self.find_or_run(launches, &runner).await? {
                Some((_, status)) if status == "STOPPED" => self.note_stopped(launches, &runner).await?,
                Some((_, status)) if status == "PROVISIONING" && age(&runner) >= PROVISIONING_LIMIT => {
                    self.give_up(launches, &runner).await?;
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Runners that are fenced and whose task was not stopped yet, or whose end was not heard of.
    pub(crate) async fn stop_leaving(
        &self,
        launches: &Launches<'_>,
        pool: &Pool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut fenced = self.unclaimed(pool, RunnerState::Leaving).await?;
        fenced.retain(|runner| now.duration_since(runner.changed_at) >= LAUNCHERS_OWN);
        for runner in fenced {
            self.stop(launches, &runner, "it is fenced").await?;
        }
        Ok(())
    }

    /// The runners of a pool in a state that never claimed, as the table has them.
    async fn unclaimed(&self, pool: &Pool, state: RunnerState) -> Result<Vec<Runner>, StepError> {
        let ledger = &self.launchpad.books.ledger;
        let keys = ledger.list(&Listing::Runners(pool.name.clone(), state)).await?;
        let items = if keys.is_empty() { Vec::new() } else { ledger.read(&keys).await? };
        let runners = items.into_iter().filter_map(|item| match item {
            Item::Runner(runner) if runner.state == state && runner.boot.is_none() => Some(runner),
            Item::Runner(_) | Item::Job(_) | Item::Book(_) | Item::Budget(_) => None,
        });
        Ok(runners.collect())
    }

    /// Takes a runner out of the supply, and stops its task if it did not claim meanwhile. The task of
    /// one that could not be stopped is stopped at the next tick.
    async fn fence(&self, launches: &Launches<'_>, runner: &Runner, why: &str) -> Result<(), StepError> {
        self.tell(launches, runner, RunnerEvent::Fenced).await?;
        self.stop_unclaimed(launches, runner, RunnerState::Leaving, why).await
    }

    /// Stops the task of a runner that is in this state and never claimed; no other's.
    async fn stop_unclaimed(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
        state: RunnerState,
        why: &str,
    ) -> Result<(), StepError> {
        let items = self.launchpad.books.ledger.read(&[Key::Runner(runner.id.clone())]).await?;
        let is_fenced =
            |item: &Item| matches!(item, Item::Runner(it) if it.state == state && it.boot.is_none());
        if !items.iter().any(is_fenced) {
            return Ok(());
        }
        info!(runner = %runner.id, pool = %runner.pool, why, "runner fenced");
        counter!(RUNNERS_FENCED).increment(1);
        if let Some(placement) = launches.settings.placements.get(&runner.capacity) {
            let filter = TaskFilter::StartedBy(runner.id.clone());
            for task in self.launchpad.ecs.list_tasks(&placement.cluster, &filter).await? {
                self.launchpad.ecs.stop_task(&placement.cluster, &task, &format!("fenced: {why}")).await?;
            }
        }
        Ok(())
    }

    /// Takes a runner out of the books whose task finds no capacity, with the rest that follows for it
    /// in the same transaction, so that its replacement is not reserved there again. Its task can not
    /// claim any more: one that a crash leaves unstopped here leaves by itself when it comes up.
    async fn give_up(&self, launches: &Launches<'_>, runner: &Runner) -> Result<(), StepError> {
        let reason = "its task stayed PROVISIONING for five minutes".to_owned();
        let event = RunnerEvent::LaunchFailed(FailureClass::Elsewhere, reason);
        self.tell(launches, runner, event).await?;
        self.stop_unclaimed(launches, runner, RunnerState::Stopped, "no capacity within five minutes").await
    }

    /// Stops the task of a fenced runner, and writes down that it has stopped. Where ECS lists none,
    /// `RunTask` with the same token tells for certain: it gives the task that there was, or one that
    /// is stopped at once.
    async fn stop(&self, launches: &Launches<'_>, runner: &Runner, why: &str) -> Result<(), StepError> {
        let Some((task, status)) = self.find_or_run(launches, runner).await? else { return Ok(()) };
        if status == "STOPPED" {
            return self.note_stopped(launches, runner).await;
        }
        if let Some(placement) = launches.settings.placements.get(&runner.capacity) {
            self.launchpad.ecs.stop_task(&placement.cluster, &task, &format!("fenced: {why}")).await?;
        }
        Ok(())
    }

    /// A runner's task and its status: the one that ECS lists, or the one that `RunTask` gives for
    /// the runner's token. `None` where there is none now; a launch that failed for good is given back.
    async fn find_or_run(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
    ) -> Result<Option<(TaskArn, String)>, StepError> {
        let Some(placement) = launches.settings.placements.get(&runner.capacity) else { return Ok(None) };
        let filter = TaskFilter::StartedBy(runner.id.clone());
        let listed = self.launchpad.ecs.list_tasks(&placement.cluster, &filter).await?;
        let task = match listed.into_iter().next() {
            Some(task) => task,
            None => match self.launchpad.try_to_run(launches, runner).await {
                Some(Ok(task)) => task,
                None | Some(Err(LaunchFailure { class: FailureClass::Later, .. })) => return Ok(None),
                Some(Err(LaunchFailure { class, reason })) => {
                    warn!(runner = %runner.id, pool = %runner.pool, reason, "launch failed at its repair");
                    self.tell(launches, runner, RunnerEvent::LaunchFailed(class, reason)).await?;
                    return Ok(None);
                }
            },
        };
        let tasks = std::slice::from_ref(&task);
        let described = self.launchpad.ecs.describe_tasks(&placement.cluster, tasks).await?;
        Ok(described.into_iter().next().map(|it| (task, it.last_status)))
    }

    async fn note_stopped(&self, launches: &Launches<'_>, runner: &Runner) -> Result<(), StepError> {
        let reason = "found stopped by the scheduler".to_owned();
        self.tell(launches, runner, RunnerEvent::TaskStopped(StopClass::Ordinary, reason)).await
    }

    /// Writes an event of a runner down, settles its pools, and launches what that reserved.
    async fn tell(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
        event: RunnerEvent,
    ) -> Result<(), StepError> {
        let event = Event::Runner(runner.id.clone(), event);
        let reserved = self.launchpad.post(launches.settings, Some(&runner.pool), &[event]).await?;
        self.launchpad.launch(launches, reserved).await;
        Ok(())
    }
}
