//! Writes events into the ledger, and settles the pools that they touched.

use fleet::PoolName;
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, PostError, Runner};
use fleet::ports::{Clock, Ledger, Random};
use metrics::counter;
use tracing::{info, warn};

use crate::batch::Group;
use crate::metrics::{EVENTS_NOT_WRITTEN, LEDGER_CONFLICTS};
use crate::{Done, Ecs, Launcher, Settings};

impl<L: Ledger, C: Clock, R: Random, T: Ecs> Launcher<L, C, R, T> {
    /// Writes a group: one transaction, or several where the queue's batches are configured larger
    /// than a transaction. They follow one another, because they write the same book.
    pub(crate) async fn write(&self, settings: &Settings, pool: Option<PoolName>, group: Group) -> Done {
        let mut done = Done::default();
        let messages = group.messages.chunks(EVENTS_A_TRANSACTION);
        for (events, messages) in group.events.chunks(EVENTS_A_TRANSACTION).zip(messages) {
            match self.post(settings, pool.as_ref(), events).await {
                Ok(reserved) => done.reserved.extend(reserved),
                Err(_) => done.failed.extend_from_slice(messages),
            }
        }
        done
    }

    /// Writes at most [`EVENTS_A_TRANSACTION`] events, and gives the runners that this reserved.
    pub(crate) async fn post(
        &self,
        settings: &Settings,
        pool: Option<&PoolName>,
        events: &[Event],
    ) -> Result<Vec<Runner>, PostError> {
        let pool = pool.map(tracing::field::display);
        match self.books.post_and_settle(&settings.pools, events).await {
            Ok(posted) => {
                let (events, conflicts) = (events.len(), posted.conflicts);
                info!(pool, events, conflicts, reserved = posted.reserved.len(), "events in the ledger");
                counter!(LEDGER_CONFLICTS).increment(conflicts.into());
                Ok(posted.reserved)
            }
            Err(error) => {
                warn!(pool, events = events.len(), %error, "events not in the ledger");
                counter!(EVENTS_NOT_WRITTEN).increment(events.len() as u64);
                Err(error)
            }
        }
    }
}
