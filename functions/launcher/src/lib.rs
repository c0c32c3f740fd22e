//! The `launcher` function: a batch of the queue in, runner tasks out.
//!
//! Each event is written into the ledger, the pools that it touched are settled in the same
//! transaction, and what that reserves is launched. A message is done with once its event is in
//! the ledger: from there the scheduler makes good whatever a launch leaves undone.

mod batch;
mod interruption;
mod message;
pub mod metrics;
mod post;
mod settings;
mod task_change;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use control::pace::BETWEEN_CALLS;
use control::{Bookkeeper, Invocation, Launchpad};
use fleet::ledger::Runner;
use fleet::ports::{
    Clock, DescribeTasks, Ledger, ListContainerInstances, ListTasks, Random, RunTask, StopTask,
};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use tracing::{error, warn};

use crate::batch::Batch;
pub use crate::settings::Settings;

/// How long after its beginning a batch may still call `RunTask`. The function is ended after 30
/// seconds (`template.yaml`): the rest is for the last answers, and for what failed to be given back.
pub const LAUNCHING_TIME: Duration = Duration::from_secs(20);

/// ECS, with all that the launcher does there.
pub trait Ecs: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances {}

impl<T: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances> Ecs for T {}

/// The function with what it keeps from one batch to the next.
#[derive(Debug)]
pub struct Launcher<L, C, T> {
    launchpad: Launchpad<L, C, T>,
}

/// What came of a part of a batch.
#[derive(Debug, Default)]
struct Done {
    /// The runners that were reserved: launch them.
    reserved: Vec<Runner>,
    /// The messages that have to come again.
    failed: Vec<String>,
}

/// A batch that nothing can be done with now: all of it comes again.
pub fn put_back(problem: &dyn std::error::Error, event: SqsEvent) -> SqsBatchResponse {
    error!(%problem, messages = event.records.len(), "batch put back");
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        response.add_failure(message.message_id.unwrap_or_default());
    }
    response
}

impl<L: Ledger, C: Clock + Random, T: Ecs> Launcher<L, C, T> {
    /// A launcher of this ledger (with the clock and the random bits that its transactions need) and
    /// this ECS; its tasks ask at this URL.
    pub fn new(books: Bookkeeper<L, C>, ecs: T, registrar_url: String) -> Self {
        Self { launchpad: Launchpad::new(books, ecs, registrar_url, BETWEEN_CALLS) }
    }

    /// Handles one batch, with the settings of this moment, and names the messages that have to come
    /// again.
    ///
    /// The events of one pool are one transaction, and the pools' transactions run side by side: one
    /// that fails keeps no other from being written. All that they reserve is launched together.
    pub async fn handle(&self, settings: &Settings, event: SqsEvent) -> SqsBatchResponse {
        let began = self.launchpad.books.system.now();
        let batch = Batch::read(event);
        let mut response = SqsBatchResponse::default();
        for (message, problem) in &batch.unreadable {
            warn!(message_id = message, %problem, "message not understood");
            ::metrics::counter!(metrics::MESSAGES_UNREADABLE.name).increment(1);
            response.add_failure(message);
        }
        let groups = batch.groups.into_iter().map(|(pool, group)| self.write(settings, pool, group));
        let interruptions = batch.interruptions.into_iter();
        let cleared = interruptions.map(|(message, instance)| self.clear(settings, message, instance));
        let (written, cleared) = join(join_all(groups), join_all(cleared)).await;

        let mut reserved = Vec::new();
        for done in written.into_iter().chain(cleared) {
            done.failed.iter().for_each(|message| response.add_failure(message));
            reserved.extend(done.reserved);
        }
        let until = began.checked_add(LAUNCHING_TIME).unwrap_or(Timestamp::MAX);
        let invocation = Invocation { settings, queued_at: &batch.queued_at, until };
        self.launchpad.launch(&invocation, reserved).await;
        response
    }
}
