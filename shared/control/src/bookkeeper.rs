//! One transaction: read the items, apply the events, add the reservations and write once. If another
//! function wrote first, start over.

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

/// How often a transaction is tried before the caller must try again later.
const ATTEMPTS: u32 = 12;

/// A conflict means that another write is under way, which takes a few milliseconds.
const BACKOFF: Backoff =
    Backoff { attempts: ATTEMPTS, first: Duration::from_millis(20), longest: Duration::from_secs(2) };

/// Runs events through the ledger.
///
/// If two transactions race for the same items, the items' versions reveal it, and the one that writes second
/// reads again. A transaction writes the book of every pool that it depends on, so two launchers never fill
/// the same deficit twice.
#[derive(Debug)]
pub struct Bookkeeper<L, C> {
    /// The store of the items.
    pub ledger: L,
    /// The clock, the waits, and the random bits for new runners' ids and for jitter.
    pub system: C,
}

/// What a posting did, with the items that its transaction held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// The answer to each event, in the events' order.
    pub answers: Vec<LedgerAnswer>,
    /// The runners that the events name and the ledger knows, as the events left them.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// The current books of the pools that the events touched, and of the pools whose capacity may run those
    /// pools' runners.
    pub books: BTreeMap<PoolName, Book>,
    /// The reserved runners: launch them.
    pub reserved: Vec<Runner>,
    /// The pools that want more runners and may have some: have them settled.
    pub wanting: BTreeSet<PoolName>,
    /// How long until permits for those pools are available again.
    pub again_in: Duration,
    /// What the events revealed that deserves a log line or a metric.
    pub tidings: Tidings,
    /// How often another writer came first.
    pub conflicts: u32,
    /// Whether anything was written. If not, the ledger already agreed with the events.
    pub wrote: bool,
}

/// The result of fencing a runner.
#[derive(Debug, PartialEq, Eq)]
pub struct Fence {
    /// Whether the fence holds, and the runner.
    pub answer: Fenced,
    /// The pools that want a runner in its place: have them settled.
    pub wanting: BTreeSet<PoolName>,
    /// What the fence revealed that must be reported.
    pub tidings: Tidings,
    /// How often another writer came first.
    pub conflicts: u32,
    /// Whether anything was written.
    pub wrote: bool,
}

/// A posting that failed. Its last attempt may have been written all the same. Post the same events again:
/// that does no harm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Other writers came first in every attempt.
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

/// What a transaction starts from.
struct Read {
    entries: Entries,
    /// The pools that the events touch.
    touched: BTreeSet<PoolName>,
    /// Those pools, and the pools whose capacity may run their runners.
    books: BTreeSet<PoolName>,
}

/// What to do with the pools that the events touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Nothing: another caller settles them.
    Not,
    /// Name the pools that want runners, so that another launcher settles them.
    HandedOn,
    /// Reserve at most this many runners in the same transaction, and name the pools that want more.
    Now(u32),
}

impl<L: Ledger, C: Clock + Random> Bookkeeper<L, C> {
    /// Writes all of the events or none; takes at most [`fleet::ledger::EVENTS_A_TRANSACTION`].
    pub async fn post(&self, pools: &PoolMap, events: &[Event]) -> Result<Posted, PostError> {
        self.post_and_settle(pools, events, Settling::Not).await
    }

    /// Writes one event of a runner that an earlier posting returned, and assumes that the ledger still holds
    /// that runner as returned. It reads the books, which the event rarely changes, eventually consistent. It
    /// starts over with fresh reads if another function has written one of the items since, if the event
    /// changes nothing, or if the books cannot be read.
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
            // The first attempt may have been written. Posting it again does no harm.
            _ => self.post(pools, &events).await,
        }
    }

    /// Takes a runner that has no JIT config out of the supply, so that its task may be stopped. If the
    /// runner gets its config first, nothing changes. `said` is the reason that was reported for the cause.
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

    /// Writes all of the events or none, and settles the pools that they touched in the same transaction;
    /// retries it until it is written. Takes at most [`fleet::ledger::EVENTS_A_TRANSACTION`] events.
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

    /// Reads the jobs and runners that the events name, then the books of their pools.
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

    /// Takes the permits that the pools will want once the events are applied. Returns whether it had to ask
    /// for any.
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
        self.add_permits(held, wanted, pools).await
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
            // Asking took time, in which others may have written the books.
            read.entries.extend(self.read_books(&read.books).await?);
        }
        self.write(read, pools, events, settling, ids, held).await
    }

    /// Applies the events to the items read, adds the reservations, and writes once.
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

        // If the answer to an earlier attempt was lost, that attempt may have been written. Then its
        // reservations are ours, except runners that have moved on since. All of its ids are taken.
        let mut taken: Vec<RunnerId> = ids.made_before().to_vec();
        taken.retain(|id| entries.runner(id).is_some());
        let mut reserved = taken.clone();
        reserved.retain(|id| entries.runner(id).is_some_and(|runner| runner.state == RunnerState::Starting));

        let now = self.system.now();
        let answers = events.iter().map(|event| entries.apply(event, now)).collect();
        let mut settled = Settled::default();
        if settling != Settling::Not {
            let mut permits = held.permits.clone();
            // Only what several attempts have taken together can be more than its share.
            if permits.total() > settling.most() {
                permits = wanted(&entries, &touched, pools, now).granted(&permits, settling.most());
            }
            settled = settle(&mut entries, &touched, pools, now, &mut permits, || ids.fresh(&taken));
        }
        // The next tick falls in GitHub's next minute, and settles these.
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
    /// The most runners to reserve.
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
