//! Writes events into the ledger, and settles the pools that they touched.

use fleet::PoolName;
use fleet::ledger::EVENTS_A_TRANSACTION;
use fleet::ports::{Clock, Ledger, Random};

use crate::batch::Group;
use crate::{Done, Ecs, Launcher, Settings};

impl<L: Ledger, C: Clock + Random, T: Ecs> Launcher<L, C, T> {
    /// Writes a group: one transaction, or several where the queue's batches are configured larger
    /// than a transaction. They follow one another, because they write the same book.
    pub(crate) async fn write(&self, settings: &Settings, pool: Option<PoolName>, group: Group) -> Done {
        let mut done = Done::default();
        let messages = group.messages.chunks(EVENTS_A_TRANSACTION);
        for (events, messages) in group.events.chunks(EVENTS_A_TRANSACTION).zip(messages) {
            match self.launchpad.post(settings, pool.as_ref(), events).await {
                Ok(posted) => done.reserved.extend(posted.reserved),
                Err(_) => done.failed.extend_from_slice(messages),
            }
        }
        done
    }
}
