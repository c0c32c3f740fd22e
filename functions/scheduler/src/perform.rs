//! Performs repairs. Nothing is decided here: what may have changed since the snapshot was taken is a
//! condition of the ledger's.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use control::{AT_ONCE, LaunchContext, RunTaskTurn, Settling, Steps};
use fleet::launch::{FailureClass, LaunchFailure};
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, Fenced, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendSettle};
use fleet::repair::{FenceCause, Repair, SeenTask};
use fleet::{PoolName, TaskArn};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use metrics::counter;
use tracing::{info, warn};

use crate::growth::Growth;
use crate::metrics::{JOBS_REROUTED, RUNNERS_FENCED};
use crate::{Scaling, Scheduler, SchedulerEcs, TickStepError};

/// What came of repairs.
#[derive(Debug, Default)]
pub(crate) struct Performed {
    /// Tasks that `RunTask` told of, by cluster: how they are is not known yet.
    pub(crate) found: BTreeMap<String, Vec<TaskArn>>,
    pub(crate) steps: Steps,
    /// The pools that want runners since.
    pub(crate) wanting: BTreeSet<PoolName>,
    /// What `RunTask` said of launches that it puts off: not written down yet.
    tried: Vec<Event>,
    /// The steps that failed already: of many alike the first one tells enough.
    failed: BTreeSet<&'static str>,
}

impl Performed {
    /// Adds what came of others.
    pub(crate) fn add(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.wanting.extend(other.wanting);
        for (cluster, tasks) in other.found {
            self.found.entry(cluster).or_default().extend(tasks);
        }
    }

    fn note(&mut self, pool: &PoolName, step: &'static str, done: Result<(), TickStepError>) {
        if done.is_ok() || self.failed.insert(step) {
            self.steps.note(pool, step, done);
        }
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, T: SchedulerEcs, S: Scaling, Q: SendSettle>
    Scheduler<L, C, T, S, Q>
{
    /// Performs repairs, each pool's by themselves.
    pub(crate) async fn perform(
        &self,
        invocation: &LaunchContext<'_>,
        growth: &Growth,
        repairs: Vec<Repair>,
    ) -> Performed {
        let mut pools: BTreeMap<PoolName, Vec<Repair>> = BTreeMap::new();
        for repair in repairs {
            pools.entry(repair.pool().clone()).or_default().push(repair);
        }
        let pools =
            pools.into_iter().map(|(pool, repairs)| self.perform_for(invocation, growth, pool, repairs));
        let mut all = Performed::default();
        for performed in join_all(pools).await {
            all.add(performed);
        }
        all
    }

    /// One pool's, one after the other; one that fails stops no other. Whatever waits for its turn at
    /// `RunTask` comes last.
    async fn perform_for(
        &self,
        invocation: &LaunchContext<'_>,
        growth: &Growth,
        pool: PoolName,
        repairs: Vec<Repair>,
    ) -> Performed {
        let mut done = Performed::default();
        let (reroutes, repairs): (Vec<_>, Vec<_>) =
            repairs.into_iter().partition(|repair| matches!(repair, Repair::Reroute { .. }));
        self.reroute(invocation, &pool, &reroutes, &mut done).await;
        let (again, at_once): (Vec<_>, Vec<_>) =
            repairs.into_iter().partition(|repair| matches!(repair, Repair::RunAgain { .. }));
        for repair in at_once {
            let performed = self.perform_one(invocation, growth, &repair, &mut done).await;
            done.note(&pool, repair.name(), performed);
        }
        self.run_all_again(invocation, &pool, &again, &mut done).await;
        self.write_tried(invocation, &pool, &mut done).await;
        done
    }

    /// Writes down what `RunTask` said of launches that it puts off, so that the reason is known when one is given up.
    async fn write_tried(&self, invocation: &LaunchContext<'_>, pool: &PoolName, done: &mut Performed) {
        let tried = mem::take(&mut done.tried);
        self.write_all(invocation, pool, "put off", &tried, done).await;
    }

    /// Writes events down, as many at once as a transaction takes. One transaction that fails stops no other.
    async fn write_all(
        &self,
        invocation: &LaunchContext<'_>,
        pool: &PoolName,
        step: &'static str,
        events: &[Event],
        done: &mut Performed,
    ) {
        for events in events.chunks(EVENTS_A_TRANSACTION) {
            match self.launchpad.post(invocation.settings, pool, events, Settling::HandedOn).await {
                Ok(posted) => done.wanting.extend(posted.wanting),
                Err(problem) => done.note(pool, step, Err(problem.into())),
            }
        }
    }

    async fn perform_one(
        &self,
        invocation: &LaunchContext<'_>,
        growth: &Growth,
        repair: &Repair,
        done: &mut Performed,
    ) -> Result<(), TickStepError> {
        match repair {
            Repair::SetMinSize { pool, group, from, to } => {
                self.scaling.set_min_size(group, *to).await?;
                info!(%pool, group, from, to, "MinSize set");
            }
            Repair::Close { pool } => {
                self.write(invocation, repair, done).await?;
                info!(%pool, "pool closed, because it is out of the map");
            }
            Repair::Fence { runner, cause, task } => {
                let said = self.said(invocation, growth, runner, *cause).await;
                self.fence(invocation, runner, (*cause, said.as_deref()), task.as_ref(), done).await?;
            }
            Repair::RunAgain { .. } => {}
            Repair::Stop { task, .. } => self.stop(task, "some time ago").await?,
            Repair::CallOverdue { .. } | Repair::NoteStopped { .. } | Repair::Reroute { .. } => {
                self.write(invocation, repair, done).await?;
            }
        }
        Ok(())
    }

    /// Writes down what a repair is to the ledger.
    async fn write(
        &self,
        invocation: &LaunchContext<'_>,
        repair: &Repair,
        done: &mut Performed,
    ) -> Result<(), TickStepError> {
        let event = repair.event();
        let posted = self
            .launchpad
            .post(invocation.settings, repair.pool(), event.as_slice(), Settling::HandedOn)
            .await?;
        done.wanting.extend(posted.wanting);
        Ok(())
    }

    /// Writes down that jobs wait elsewhere, as many at once as a transaction takes. What one that fails
    /// held is routed at the next tick.
    async fn reroute(
        &self,
        invocation: &LaunchContext<'_>,
        pool: &PoolName,
        reroutes: &[Repair],
        done: &mut Performed,
    ) {
        let events: Vec<Event> = reroutes.iter().filter_map(Repair::event).collect();
        for events in events.chunks(EVENTS_A_TRANSACTION) {
            match self.launchpad.post(invocation.settings, pool, events, Settling::HandedOn).await {
                Ok(posted) => {
                    info!(%pool, jobs = events.len(), "jobs of a pool that is out of the map routed again");
                    counter!(JOBS_REROUTED.name).increment(events.len() as u64);
                    done.wanting.extend(posted.wanting);
                }
                Err(problem) => done.note(pool, "reroute", Err(problem.into())),
            }
        }
    }

    /// Fences a runner, and stops its task if it was not answered a JIT config first.
    async fn fence(
        &self,
        invocation: &LaunchContext<'_>,
        runner: &Runner,
        (cause, said): (FenceCause, Option<&str>),
        task: Option<&SeenTask>,
        done: &mut Performed,
    ) -> Result<(), TickStepError> {
        let fence = self.launchpad.fence(invocation.settings, runner, cause, said).await?;
        done.wanting.extend(fence.wanting);
        let Fenced::Holds(runner) = fence.answer else { return Ok(()) };
        info!(runner = %runner.id, pool = %runner.pool, why = cause.why(), said, "runner fenced");
        counter!(RUNNERS_FENCED.name).increment(1);
        match task {
            Some(task) => self.stop(task, cause.why()).await,
            None => Ok(()),
        }
    }

    /// Calls `RunTask` with the tokens of these runners again, side by side, each in its turn. Launches that fail
    /// for good are given back; why one is put off is kept.
    async fn run_all_again(
        &self,
        invocation: &LaunchContext<'_>,
        pool: &PoolName,
        repairs: &[Repair],
        done: &mut Performed,
    ) {
        let runners = repairs.iter().filter_map(Repair::runner);
        let runs = runners.map(async |runner| {
            (runner, self.launchpad.try_to_run(invocation, runner, RunTaskTurn::ToBeTaken).await)
        });
        let runs: Vec<_> = stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
        let mut failed = Vec::new();
        for (runner, ran) in runs {
            let put_off = match ran {
                None => continue,
                Some(Ok(task)) => {
                    info!(runner = %runner.id, %pool, capacity = %runner.capacity, %task, "launch made good");
                    if let Some(placement) = invocation.settings.placements.get(&runner.capacity) {
                        done.found.entry(placement.cluster.clone()).or_default().push(task);
                    }
                    None
                }
                Some(Err(LaunchFailure { class: FailureClass::Later, reason, .. })) => Some(reason),
                Some(Err(LaunchFailure { class, reason, .. })) => {
                    warn!(runner = %runner.id, %pool, reason, "launch failed at its repair");
                    failed.push(Event::Runner(runner.id.clone(), RunnerEvent::LaunchFailed(class, reason)));
                    continue;
                }
            };
            if runner.put_off != put_off {
                done.tried.push(Event::Runner(runner.id.clone(), RunnerEvent::LaunchTried(put_off)));
            }
        }
        self.write_all(invocation, pool, "run again", &failed, done).await;
    }

    /// Stops the task of a fenced runner.
    async fn stop(&self, task: &SeenTask, why: &str) -> Result<(), TickStepError> {
        let reason = format!("fenced: {why}");
        Ok(self.launchpad.ecs.stop_task(&task.cluster, &task.task, &reason).await?)
    }
}
