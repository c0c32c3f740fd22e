//! The minimum and maximum of this hour, and which pools want runners by them.

use std::collections::{BTreeMap, BTreeSet};

use control::{LaunchContext, Settling, Steps, headroom};
use fleet::ledger::settle::without_change;
use fleet::ledger::{Book, Event, Item, Key};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendSettle};
use fleet::{Pool, PoolMap, PoolName};
use jiff::Timestamp;
use metrics::gauge;
use tracing::info;

use crate::metrics::PROVISIONING_LEFT;
use crate::{Scaling, Scheduler, SchedulerEcs, TickStepError};

/// What came of settling a pool.
#[derive(Debug, Default)]
pub(crate) struct SettledPool {
    /// Its book, as it is now.
    pub(crate) book: Option<Book>,
    /// The pools that want runners: the pool itself, or none.
    pub(crate) wanting: BTreeSet<PoolName>,
    pub(crate) steps: Steps,
}

impl<L: Ledger + ListItems, C: Clock + Random, T: SchedulerEcs, S: Scaling, Q: SendSettle>
    Scheduler<L, C, T, S, Q>
{
    /// Sets a pool's minimum and maximum, and says whether it wants runners. One whose book, as the tick has
    /// read it, is as it is to be needs no transaction for that. Where one fails the book is read, so that what
    /// else depends on it is done all the same.
    pub(crate) async fn settle(
        &self,
        invocation: &LaunchContext<'_>,
        pool: &Pool,
        read: Option<&BTreeMap<PoolName, Book>>,
        now: Timestamp,
    ) -> SettledPool {
        let bounds = invocation.settings.pools.hours(pool).bounds_at(now);
        let (minimum, maximum) = (bounds.minimum, bounds.maximum);
        let placement = invocation.settings.placements.get(&pool.name);
        let task_definition = placement.map(|placement| placement.task_definition.clone());
        let event = Event::Bounds { pool: pool.name.clone(), minimum, maximum, task_definition };
        let pools = &invocation.settings.pools;
        if let Some((book, wanting)) = read.and_then(|books| without_change(books, &event, pools, now)) {
            return SettledPool { book: Some(book), wanting, steps: Steps::default() };
        }
        let mut settled = SettledPool::default();
        let posted = self.launchpad.post(invocation.settings, &pool.name, &[event], Settling::HandedOn).await;
        let posted = posted.map_err(TickStepError::from);
        if let Some(mut posted) = settled.steps.note(&pool.name, "settle", posted) {
            settled.book = posted.books.remove(&pool.name);
            settled.wanting = posted.wanting;
        } else {
            let read = self.book(pool).await;
            settled.book = settled.steps.note(&pool.name, "book", read).flatten();
        }
        settled
    }

    async fn book(&self, pool: &Pool) -> Result<Option<Book>, TickStepError> {
        let items = self.read(&[Key::Book(pool.name.clone())]).await?;
        Ok(items.iter().find_map(Item::book).cloned())
    }
}

/// Tells how near the EC2 pools are to the limit of tasks that wait for instances.
pub(crate) fn tell_headroom(pools: &PoolMap, books: &BTreeMap<PoolName, Book>) {
    let on_instances = pools.iter().filter(|pool| !pool.capacity.is_fargate());
    let starting = on_instances.filter_map(|pool| books.get(&pool.name)).map(Book::starting);
    if let Some(most) = starting.max() {
        let left = i64::from(pools.limits().starting()) - most;
        gauge!(PROVISIONING_LEFT.name).set(headroom(left));
    }
}

/// Tells what each pool has, for whoever looks back; nothing of one that has and wants nothing.
pub(crate) fn tell_books(books: &BTreeMap<PoolName, Book>, now: Timestamp) {
    for (pool, book) in books {
        let (queued, supply, live, deficit) = (book.queued, book.supply, book.live, book.deficit(now));
        if [queued, supply, live, deficit].iter().any(|figure| *figure != 0) {
            info!(%pool, queued, supply, live, deficit, "book");
        }
    }
}
