//! The `launcher` function: a batch of the queue in, runner tasks out.
//!
//! Each event is written into the ledger, the pools that it touched are settled in the same
//! transaction, and what that reserves is launched. A message is done with once its event is in
//! the ledger: from there the scheduler makes good whatever a launch leaves undone.

mod batch;
mod interruption;
mod launch;
mod message;
pub mod metrics;
pub mod pace;
mod post;
mod settings;
mod task_change;

use std::cell::Cell;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use fleet::ledger::{Bookkeeper, Runner};
use fleet::ports::{
    Clock, DescribeTasks, Ledger, ListContainerInstances, ListTasks, Random, RunTask, StopTask,
};
use futures_util::future::{join, join_all};
use tracing::warn;

use crate::batch::Batch;
pub use crate::launch::LAUNCHING_TIME;
use crate::launch::Launches;
use crate::pace::Pace;
pub use crate::settings::Settings;

/// ECS, with all that the launcher does there.
pub trait Ecs: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances {}

impl<T: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances> Ecs for T {}

/// The function with what it keeps from one batch to the next.
#[derive(Debug)]
pub struct Launcher<L, C, R, T> {
    books: Bookkeeper<L, C, R>,
    ecs: T,
    registrar_url: String,
    pace: Cell<Pace>,
}

/// What came of a part of a batch.
#[derive(Debug, Default)]
struct Done {
    /// The runners that were reserved: launch them.
    reserved: Vec<Runner>,
    /// The messages that have to come again.
    failed: Vec<String>,
}

impl<L: Ledger, C: Clock, R: Random, T: Ecs> Launcher<L, C, R, T> {
    /// A launcher of this ledger (with the clock and the random bits that its transactions need) and
    /// this ECS; its tasks claim their JIT config at this URL.
    pub fn new(books: Bookkeeper<L, C, R>, ecs: T, registrar_url: String) -> Self {
        Self { books, ecs, registrar_url, pace: Cell::default() }
    }

    /// Handles one batch, with the settings of this moment, and names the messages that have to come
    /// again.
    ///
    /// The events of one pool are one transaction, and the pools' transactions run side by side: one
    /// that fails keeps no other from being written. All that they reserve is launched together.
    pub async fn handle(&self, settings: &Settings, event: SqsEvent) -> SqsBatchResponse {
        let began = self.books.clock.now();
        let batch = Batch::read(event);
        let mut response = SqsBatchResponse::default();
        for (message, problem) in &batch.unreadable {
            warn!(message_id = message, %problem, "message not understood");
            ::metrics::counter!(metrics::MESSAGES_UNREADABLE).increment(1);
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
        self.launch(&Launches::of_batch(settings, &batch.queued_at, began), reserved).await;
        response
    }
}
