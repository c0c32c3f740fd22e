//! Writes events into the ledger, and settles the pools that they touched.

use control::{Origin, Settling};
use fleet::PoolName;
use fleet::ledger::EVENTS_A_TRANSACTION;
use fleet::ports::{Clock, Ledger, Random, SendSettle};

use crate::batch::PoolEvents;
use crate::{Done, Launcher, LauncherEcs, LauncherSettings};

impl<L: Ledger, C: Clock + Random, T: LauncherEcs, Q: SendSettle> Launcher<L, C, T, Q> {
    /// Writes a group in one transaction, or in several if the queue's batches are configured to be larger
    /// than a transaction. They run one after the other, because they write the same book.
    pub(crate) async fn write(
        &self,
        settings: &LauncherSettings,
        pool: Option<PoolName>,
        group: PoolEvents,
        settling: Settling,
    ) -> Done {
        let mut done = Done::default();
        let sources = group.sources.chunks(EVENTS_A_TRANSACTION);
        for (events, sources) in group.events.chunks(EVENTS_A_TRANSACTION).zip(sources) {
            let deliveries = sources.iter().filter_map(|source| source.delivery.as_ref()).collect();
            let origin = Origin { pool: pool.as_ref(), deliveries };
            match self.launchpad.post(settings, origin, events, settling).await {
                Ok(posted) => done.add(Done {
                    reserved: posted.reserved,
                    wanting: posted.wanting,
                    again_in: posted.again_in,
                    failed: Vec::new(),
                }),
                // They come again after the queue's visibility timeout. Five tries within seconds would end
                // in the dead-letter queue, and a sweep finds a waiting job within a minute or two.
                Err(_) => done.failed.extend(sources.iter().map(|source| source.message.clone())),
            }
        }
        done
    }
}
