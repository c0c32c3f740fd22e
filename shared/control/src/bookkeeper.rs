//! One transaction: read the items, apply the events, add the reservations, write once; and again
//! if another function wrote first.

mod fresh_ids;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fleet::ledger::settle::{Settled, settle, wanted};
use fleet::ledger::{Book, Entries, Event, Fenced, Item, Key, LedgerAnswer, Runner, RunnerState, Tidings};
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use fleet::repair::FenceCause;
use fleet::{PoolMap, PoolName, RunnerId};

use self::fresh_ids::FreshIds;
use crate::permits::HeldPermits;
use crate::retry::{Backoff, retry};

/// How often a transaction is tried before its caller has to try again later.
const ATTEMPTS: u32 = 12;

/// A conflict means that another write is under way, which takes some milliseconds.
const BACKOFF: Backoff =
    Backoff { attempts: ATTEMPTS, first: Duration::from_millis(20), longest: Duration::from_secs(2) };

/// Runs events through the ledger.
///
/// The items' versions tell when two race for the same items; the one that writes second
/// reads again. Every pool's book is written by every transaction that depends on it, so that two
/// launchers never fill the same deficit twice.
#[derive(Debug)]
pub struct Bookkeeper<L, C> {
    /// Where the items are.
    pub ledger: L,
    /// What time it is, how to wait, and where new runners' ids and the jitter come from.
    pub system: C,
}

/// What came of a posting, with the items that its transaction held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// The answer to each event, in their order.
    pub answers: Vec<LedgerAnswer>,
    /// The runners that the events name and the ledger knows, as the events left them.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// The books of the pools that the events touched, and of those whose capacity may run their
    /// runners, as they are now.
    pub books: BTreeMap<PoolName, Book>,
    /// The runners that were reserved: launch them.
    pub reserved: Vec<Runner>,
    /// The pools that want more runners, and may have some: let them be settled.
    pub wanting: BTreeSet<PoolName>,
    /// In how long there is something for those again.
    pub again_in: Duration,
    /// What the events brought that is worth a log line or a metric.
    pub tidings: Tidings,
    /// How often somebody else wrote first.
    pub conflicts: u32,
    /// Whether anything was written: else all was as the events have it.
    pub wrote: bool,
}

/// What came of a fence.
#[derive(Debug, PartialEq, Eq)]
pub struct Fence {
    /// Whether it holds, and the runner.
    pub answer: Fenced,
    /// The pools that want a runner in its place: let them be settled.
    pub wanting: BTreeSet<PoolName>,
    /// What it brought that has to be reported.
    pub tidings: Tidings,
    /// How often somebody else wrote first.
    pub conflicts: u32,
    /// Whether anything was written.
    pub wrote: bool,
}

/// A posting that did not get through. Nothing tells whether its last attempt was written: post the
/// same events again, which does no harm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Others kept writing first.
    #[error("the ledger's items were changed by others in each of {ATTEMPTS} attempts")]
    Contended,
    /// The ledger does not answer.
    #[error("the ledger is out of reach: {0}")]
    Unavailable(String),
}

impl From<LedgerError> for PostError {
    fn from(last: LedgerError) -> Self {
        match last {
            LedgerError::Conflict => Self::Contended,
            LedgerError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// What a transaction begins with.
struct Read {
    entries: Entries,
    /// The pools that the events touch.
    touched: BTreeSet<PoolName>,
    /// Those, and the ones whose capacity may run their runners.
    books: BTreeSet<PoolName>,
}

/// What becomes of the pools that the events touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Nothing: another caller settles them.
    Not,
    /// Those that want runners are named, for another launcher to settle.
    HandedOn,
    /// At most this many runners are reserved for them in the same transaction, and those are named that want
    /// more.
    Now(u32),
}

impl<L: Ledger, C: Clock + Random> Bookkeeper<L, C> {
    /// Writes events down, all or none; at most [`fleet::ledger::EVENTS_A_TRANSACTION`] of them.
    pub async fn post(&self, pools: &PoolMap, events: &[Event]) -> Result<Posted, PostError> {
        self.post_and_settle(pools, events, Settling::Not).await
    }

    /// Writes one event of a runner down after an earlier posting, whose runner it takes for what is stored. Of the books,
    /// which the event mostly does not write, it reads how they are. It reads all anew only if another function has written
    /// since what it writes, if it writes nothing, or if the books cannot be read.
    pub async fn post_after(
        &self,
        pools: &PoolMap,
        earlier: Posted,
        event: Event,
    ) -> Result<Posted, PostError> {
        let mut entries = Entries::default();
        entries.extend(earlier.runners.into_values().map(Item::Runner));
        let touched = entries.pools_named();
        let books = pools.with_capacities(&touched);
        let Ok(found) = self.ledger.read_eventual(&keys_of_books(&books)).await else {
            return self.post(pools, &[event]).await;
        };
        entries.extend(found);
        entries.open_books(&books, pools);
        let (mut ids, events) = (FreshIds::new(&self.system), [event]);
        let read = Read { entries, touched, books };
        let written =
            self.write(read, pools, &events, Settling::Not, &mut ids, &HeldPermits::default()).await;
        match written {
            Ok(posted) if posted.wrote => Ok(posted),
            // What may have been written is posted again, which does no harm.
            _ => self.post(pools, &events).await,
        }
    }

    /// Takes a runner without a JIT config out of the supply, so that its task may be stopped. One that is
    /// answered one first is left as it is. `said` is what was said of the cause.
    pub async fn fence(
        &self,
        pools: &PoolMap,
        runner: &RunnerId,
        cause: FenceCause,
        said: Option<&str>,
    ) -> Result<Fence, PostError> {
        let event = Event::Runner(runner.clone(), cause.event(said));
        let Posted { mut runners, wanting, tidings, conflicts, wrote, .. } =
            self.post_and_settle(pools, &[event], Settling::HandedOn).await?;
        Ok(Fence { answer: Fenced::of(runners.remove(runner)), wanting, tidings, conflicts, wrote })
    }

    /// Writes events down, all or none, and settles the pools that they touched in the same transaction,
    /// which is tried until it is written. At most [`fleet::ledger::EVENTS_A_TRANSACTION`] events.
    pub async fn post_and_settle(
        &self,
        pools: &PoolMap,
        events: &[Event],
        settling: Settling,
    ) -> Result<Posted, PostError> {
        let mut ids = FreshIds::new(&self.system);
        let mut held = HeldPermits::default();
        let mut conflicts = 0;
        let attempt = async || {
            let done = self.attempt(pools, events, settling, &mut ids, &mut held).await;
            conflicts += u32::from(matches!(done, Err(LedgerError::Conflict)));
            done
        };
        let posted = retry(&self.system, BACKOFF, |_| true, attempt).await?;
        let posted = Posted { conflicts, again_in: held.again_in, ..posted };
        self.give_permits_back(held, &posted.reserved, pools.limits()).await;
        Ok(posted)
    }

    /// The jobs and runners that the events name, and then the books of their pools.
    async fn read_entries(
        &self,
        pools: &PoolMap,
        events: &[Event],
        ids: &[RunnerId],
    ) -> Result<Read, LedgerError> {
        let mut entries = Entries::default();
        entries.extend(self.ledger.read(&keys_of(events, ids)).await?);
        let mut touched: BTreeSet<PoolName> = events.iter().filter_map(Event::pool).cloned().collect();
        touched.extend(entries.pools_named());
        let books = pools.with_capacities(&touched);
        entries.extend(self.read_books(&books).await?);
        entries.open_books(&books, pools);
        Ok(Read { entries, touched, books })
    }

    async fn read_books(&self, books: &BTreeSet<PoolName>) -> Result<Vec<Item>, LedgerError> {
        self.ledger.read(&keys_of_books(books)).await
    }

    /// Takes the permits that are wanted once the events are applied; whether any had to be asked for.
    async fn add_permits_for(
        &self,
        read: &Read,
        pools: &PoolMap,
        events: &[Event],
        most: u32,
        held: &mut HeldPermits,
    ) -> Result<bool, LedgerError> {
        let (mut trial, now) = (read.entries.clone(), self.system.now());
        for event in events {
            trial.apply(event, now);
        }
        let wanted = wanted(&trial, &read.touched, pools, now).first(most);
        self.add_permits(held, &wanted, pools).await
    }

    async fn attempt(
        &self,
        pools: &PoolMap,
        events: &[Event],
        settling: Settling,
        ids: &mut FreshIds<'_, C>,
        held: &mut HeldPermits,
    ) -> Result<Posted, LedgerError> {
        let mut read = self.read_entries(pools, events, ids.made_before()).await?;
        if let Settling::Now(most) = settling
            && self.add_permits_for(&read, pools, events, most, held).await?
        {
            // That took its time, in which others may have written the books.
            read.entries.extend(self.read_books(&read.books).await?);
        }
        self.write(read, pools, events, settling, ids, held).await
    }

    /// Applies the events to what was read, adds the reservations, and writes once.
    async fn write(
        &self,
        read: Read,
        pools: &PoolMap,
        events: &[Event],
        settling: Settling,
        ids: &mut FreshIds<'_, C>,
        held: &HeldPermits,
    ) -> Result<Posted, LedgerError> {
        let Read { mut entries, touched, books } = read;

        // An earlier attempt whose answer was lost may have been written: its reservations are ours,
        // but for those that have come further meanwhile. The ids of all of them are taken.
        let mut taken: Vec<RunnerId> = ids.made_before().to_vec();
        taken.retain(|id| entries.runner(id).is_some());
        let mut reserved = taken.clone();
        reserved.retain(|id| entries.runner(id).is_some_and(|runner| runner.state == RunnerState::Starting));

        let now = self.system.now();
        let answers = events.iter().map(|event| entries.apply(event, now)).collect();
        let mut settled = Settled::default();
        if settling != Settling::Not {
            let mut permits = held.permits.first(settling.most());
            settled = settle(&mut entries, &touched, pools, now, &mut permits, || ids.fresh(&taken));
        }
        // GitHub's next minute is the next tick's matter.
        settled.wanting.retain(|_, capacity| !held.unregistrable.contains(capacity));
        let puts = entries.puts();
        let wrote = !puts.is_empty();
        if wrote {
            self.ledger.commit(&puts).await?;
            entries.written();
        }
        reserved.extend(settled.reserved);
        let runner = |id: &RunnerId| entries.runner(id).cloned();
        let named = events.iter().filter_map(Event::runner);
        let posted = Posted {
            answers,
            runners: named.filter_map(|id| Some((id.clone(), runner(id)?))).collect(),
            books: books
                .iter()
                .filter_map(|name| Some((name.clone(), entries.book(name)?.clone())))
                .collect(),
            reserved: reserved.iter().filter_map(runner).collect(),
            wanting: settled.wanting.into_keys().collect(),
            tidings: entries.tidings().clone(),
            wrote,
            ..Posted::default()
        };
        Ok(posted)
    }
}

impl Settling {
    /// The most runners that are reserved.
    fn most(self) -> u32 {
        match self {
            Self::Not | Self::HandedOn => 0,
            Self::Now(most) => most,
        }
    }
}

fn keys_of_books(books: &BTreeSet<PoolName>) -> Vec<Key> {
    books.iter().cloned().map(Key::Book).collect()
}

fn keys_of(events: &[Event], ids: &[RunnerId]) -> Vec<Key> {
    let jobs = events.iter().filter_map(Event::job).map(Key::Job);
    let runners = events.iter().filter_map(Event::runner).chain(ids).cloned().map(Key::Runner);
    jobs.chain(runners).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
