//! The `launcher` function: a batch of the queue in, runner tasks out.
//!
//! Each event is written into the ledger, the pools that it touched are settled in the same
//! transaction, and what that reserves is launched. A message is done with once its event is in
//! the ledger: from there the scheduler makes good whatever a launch leaves undone.

mod batch;
mod launch;
mod message;
mod task_change;

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use fleet::launch::Placement;
use fleet::ledger::Bookkeeper;
use fleet::ports::{Clock, Ledger, Random, RunTask};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;
use tracing::{info, warn};

use crate::batch::Batch;

/// What the launcher is told once, at its boot.
#[derive(Debug)]
pub struct Settings {
    /// The map of pools.
    pub pools: PoolMap,
    /// Where ECS puts each pool's tasks.
    pub placements: BTreeMap<PoolName, Placement>,
    /// The key that tickets are issued under.
    pub ticket_key: SecretString,
    /// Where a task claims its JIT config.
    pub registrar_url: String,
}

/// The function with all that it needs.
#[derive(Debug)]
pub struct Launcher<L, C, R, T> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C, R>,
    /// ECS.
    pub tasks: T,
    /// The settings.
    pub settings: Settings,
}

impl<L: Ledger, C: Clock, R: Random, T: RunTask> Launcher<L, C, R, T> {
    /// Handles one batch and names the messages that have to come again.
    ///
    /// The events of one pool are one transaction. A pool whose transaction fails keeps no other
    /// from being written.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let batch = Batch::read(event);
        let mut response = SqsBatchResponse::default();
        for (message, problem) in &batch.unreadable {
            warn!(message, %problem, "message not understood");
            response.add_failure(message);
        }
        for (pool, group) in batch.groups {
            let pool = pool.as_ref().map(tracing::field::display);
            match self.books.post_and_settle(&self.settings.pools, &group.events).await {
                Ok(posted) => {
                    let (events, conflicts) = (group.events.len(), posted.conflicts);
                    info!(pool, events, conflicts, reserved = posted.reserved.len(), "events in the ledger");
                    self.launch(posted.reserved).await;
                }
                Err(error) => {
                    warn!(pool, events = group.events.len(), %error, "events not in the ledger");
                    group.messages.iter().for_each(|message| response.add_failure(message));
                }
            }
        }
        response
    }
}
