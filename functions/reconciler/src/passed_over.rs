//! Jobs that wait beside runners that listen: those runners are replaced, and in the end the job is Unserved.

use std::collections::BTreeMap;

use control::Steps;
use fleet::PoolName;
use fleet::ledger::{Event, Item, Job, Listing, Runner, RunnerEvent, UnservedReason};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::repair::waiting::{Beside, beside, idle_for_long, likely_reason};
use metrics::counter;
use tracing::{info, warn};

use crate::metrics::{JOBS_GIVEN_TO_NOBODY, RUNNERS_PASSED_OVER};
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// How many of a pool's runners GitHub is asked for in a pass.
const RUNNERS_ASKED: usize = 3;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Looks for a runner beside the jobs that GitHub has just said are queued, a pool after the other.
    /// Whatever comes of it, they were read.
    pub(crate) async fn look_beside(&self, pass: &mut Pass<'_>, jobs: Vec<&Job>, steps: &mut Steps) {
        let mut of_pools: BTreeMap<&PoolName, Vec<&Job>> = BTreeMap::new();
        for job in jobs {
            // What waits has a pool.
            if let Some(pool) = &job.pool {
                of_pools.entry(pool).or_default().push(job);
            }
        }
        for (pool, jobs) in of_pools {
            let events = match self.listening(pass, pool).await {
                Ok(Some(runner)) => self.replace(pass, &runner, &jobs, steps).await,
                Ok(None) => jobs.iter().map(|job| read(job)).collect(),
                Err(problem) => {
                    problem.ends("runners beside jobs", steps);
                    jobs.iter().map(|job| read(job)).collect()
                }
            };
            self.write_down(pass, &events, steps).await;
        }
    }

    /// A runner of the pool that listens in vain, as GitHub has it too.
    async fn listening(&self, pass: &mut Pass<'_>, pool: &PoolName) -> Result<Option<Runner>, PassStepError> {
        let mut items = Vec::new();
        for listing in Listing::live_runners(pool) {
            items.extend(self.items(&listing).await?);
        }
        let runners: Vec<Runner> = items.iter().filter_map(Item::runner).cloned().collect();
        for (runner, id) in idle_for_long(&runners, pass.began).into_iter().take(RUNNERS_ASKED) {
            let registered = self.ask_github(pass, self.github.read_runner(id)).await?;
            if registered.is_some_and(|registered| registered.is_online && !registered.is_busy) {
                return Ok(Some(runner.clone()));
            }
        }
        Ok(None)
    }

    /// What is to be written of the jobs that this runner listens beside, and of the runner.
    async fn replace(
        &self,
        pass: &mut Pass<'_>,
        runner: &Runner,
        jobs: &[&Job],
        steps: &mut Steps,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let mut is_replaced = false;
        for job in jobs {
            events.push(match beside(job) {
                Beside::Replace => {
                    is_replaced = true;
                    let (runner, pool) = (&runner.id, &runner.pool);
                    info!(job = %job.id, %runner, %pool, "GitHub gives a job to no runner that listens");
                    Event::PassedOver { job: job.id }
                }
                Beside::Unserved => match self.likely_reason(pass, job).await {
                    Ok(reason) => {
                        let (id, pool, repository) = (job.id, &runner.pool, &job.repository);
                        warn!(job = %id, %pool, %repository, %reason, "a job is served by nobody");
                        counter!(JOBS_GIVEN_TO_NOBODY.name).increment(1);
                        Event::FoundUnserved { job: id, version: job.version, reason }
                    }
                    Err(problem) => {
                        problem.ends("why a job is served by nobody", steps);
                        read(job)
                    }
                },
            });
        }
        if is_replaced {
            counter!(RUNNERS_PASSED_OVER.name).increment(1);
            events.push(Event::Runner(runner.id.clone(), RunnerEvent::CountedOut));
        }
        events
    }

    async fn likely_reason(&self, pass: &mut Pass<'_>, job: &Job) -> Result<UnservedReason, PassStepError> {
        let is_public = self.ask_github(pass, self.github.is_public(&job.repository)).await?;
        Ok(likely_reason(is_public))
    }
}

/// GitHub was asked for a job, and nothing else is to be written.
fn read(job: &Job) -> Event {
    Event::JobRead { job: job.id, state: job.state }
}
