//! Pools that were taken out of the map. Their books are closed, their waiting jobs go over to the
//! pools that serve them now, and their runners that have not claimed come to an end.
//!
//! Their idle runners leave by themselves, at a release, and what is busy works on to its end. The
//! book stays, for the jobs and the runners that are still counted in it; nothing of a pool that has
//! been cleared is written again.

use control::Invocation;
use fleet::PoolName;
use fleet::ledger::{Book, EVENTS_A_TRANSACTION, Event, Item, Job, JobState, Key, Listing, Runner};
use fleet::ports::{Clock, Ledger, ListItems, Random};
use fleet::routing::route;
use jiff::Timestamp;
use metrics::{counter, gauge};
use tracing::{info, warn};

use crate::metrics::{JOBS_REROUTED, JOBS_WITHOUT_POOL};
use crate::{Ecs, Scaling, Scheduler, StepError, Steps};

/// What came of clearing the pools that are gone.
#[derive(Debug, Default)]
pub(crate) struct Cleared {
    /// The pools.
    pub(crate) gone: Vec<PoolName>,
    /// The runners that were reserved for the jobs where they wait now: launch them.
    pub(crate) reserved: Vec<Runner>,
}

/// What came of a pool's waiting jobs.
#[derive(Debug, Default)]
struct Rerouted {
    reserved: Vec<Runner>,
    /// Jobs that no pool serves.
    without_pool: u32,
}

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// Closes the books of the pools that are not in the map, and routes their jobs again.
    pub(crate) async fn clear(&self, invocation: &Invocation<'_>, steps: &mut Steps) -> Cleared {
        let books = match self.books_of_gone(invocation).await {
            Ok(books) => books,
            Err(problem) => {
                steps.note_failure("pools out of the map", &problem);
                return Cleared::default();
            }
        };
        let mut cleared = Cleared::default();
        let mut without_pool = 0;
        for book in books {
            steps.note(&book.pool, "close", self.close(invocation, &book).await);
            let mut rerouted = Rerouted::default();
            let done = self.reroute(invocation, &book.pool, &mut rerouted).await;
            steps.note(&book.pool, "reroute", done);
            without_pool += rerouted.without_pool;
            cleared.reserved.extend(rerouted.reserved);
            cleared.gone.push(book.pool);
        }
        gauge!(JOBS_WITHOUT_POOL.name).set(f64::from(without_pool));
        cleared
    }

    /// Ends the runners of a pool that is gone, as far as they have not claimed: no claim of theirs
    /// would be granted.
    pub(crate) async fn end_runners(
        &self,
        invocation: &Invocation<'_>,
        pool: &PoolName,
        now: Timestamp,
    ) -> Steps {
        let mut steps = Steps::default();
        let why = "its pool is out of the map";
        steps.note(pool, "unclaimed", self.fence_unclaimed(invocation, pool, usize::MAX, why).await);
        steps.note(pool, "leaving", self.stop_leaving(invocation, pool, now).await);
        steps
    }

    async fn books_of_gone(&self, invocation: &Invocation<'_>) -> Result<Vec<Book>, StepError> {
        let mut keys = self.launchpad.books.ledger.list(&Listing::Books).await?;
        let of_map: Vec<_> =
            invocation.settings.pools.iter().map(|pool| Key::Book(pool.name.clone())).collect();
        keys.retain(|key| !of_map.contains(key));
        let items = self.read(&keys).await?;
        Ok(items
            .into_iter()
            .filter_map(|item| if let Item::Book(book) = item { Some(book) } else { None })
            .collect())
    }

    /// Sets minimum and maximum to 0, once.
    async fn close(&self, invocation: &Invocation<'_>, book: &Book) -> Result<(), StepError> {
        if book.minimum == 0 && book.is_closed() {
            return Ok(());
        }
        let event = Event::Bounds { pool: book.pool.clone(), minimum: 0, maximum: 0 };
        self.launchpad.post(invocation.settings, Some(&book.pool), &[event]).await?;
        info!(pool = %book.pool, "pool closed, because it is out of the map");
        Ok(())
    }

    /// Routes the jobs that wait in a pool by the map of today. A transaction that fails keeps none of
    /// the others from being written; what it held is routed at the next tick.
    async fn reroute(
        &self,
        invocation: &Invocation<'_>,
        pool: &PoolName,
        rerouted: &mut Rerouted,
    ) -> Result<(), StepError> {
        let mut events = Vec::new();
        let mut why = None;
        for job in self.waiting(pool).await? {
            match route(&invocation.settings.pools, &job.labels) {
                Ok(to) => {
                    events.push(Event::Rerouted { job: job.id, from: pool.clone(), to: to.name.clone() });
                }
                Err(unserved) => {
                    rerouted.without_pool += 1;
                    why.get_or_insert_with(|| unserved.to_string());
                }
            }
        }
        if let Some(why) = why {
            let jobs = rerouted.without_pool;
            warn!(%pool, jobs, why, "jobs wait in a pool that is out of the map, and no pool serves them");
        }
        let mut done = Ok(());
        for events in events.chunks(EVENTS_A_TRANSACTION) {
            match self.launchpad.post(invocation.settings, Some(pool), events).await {
                Ok(reserved) => {
                    info!(%pool, jobs = events.len(), "jobs of a pool that is out of the map routed again");
                    counter!(JOBS_REROUTED.name).increment(events.len() as u64);
                    rerouted.reserved.extend(reserved);
                }
                Err(error) => done = done.and(Err(error.into())),
            }
        }
        done
    }

    /// The jobs that wait in a pool, as the table has them.
    async fn waiting(&self, pool: &PoolName) -> Result<Vec<Job>, StepError> {
        let items = self.items(&Listing::QueuedJobs(pool.clone())).await?;
        let jobs = items.into_iter().filter_map(|item| match item {
            Item::Job(job) if job.state == JobState::Queued && job.pool == *pool => Some(job),
            Item::Job(_) | Item::Runner(_) | Item::Book(_) | Item::Budget(_) => None,
        });
        Ok(jobs.collect())
    }
}
