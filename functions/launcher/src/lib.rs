//! The `launcher` function: a batch of the queue in, runner tasks out.
//!
//! Each event is written into the ledger; the same transaction settles the pools that it touched; and the
//! runners that this reserves are launched. A message is deleted once its event is in the ledger: from then
//! on, the scheduler completes whatever a launch leaves undone.
//!
//! Events never wait for launches. A runner is reserved only if it may be launched at once. Pools that want
//! more are handed on to other launchers, as messages on the same queue that name the pool. A full batch
//! hands on everything, because more events wait behind it.

mod batch;
mod interruption;
mod message;
pub mod metrics;
mod settings;
mod task_change;
mod write_events;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use control::{Bookkeeper, LaunchContext, Launchpad, Settling};
use fleet::PoolName;
use fleet::ledger::Runner;
use fleet::ports::{
    Clock, DescribeTasks, Ledger, ListContainerInstances, ListTasks, Random, RunTask, SendSettle, StopTask,
};
use futures_util::future::join_all;
use jiff::Timestamp;
use tracing::{error, warn};

use crate::batch::Batch;
pub use crate::settings::LauncherSettings;

/// How long after its start a batch may still call `RunTask`. Lambda ends the function after 30 seconds
/// (`template.yaml`). The remaining time is for the last answers, and for returning failed launches.
pub const LAUNCHING_TIME: Duration = Duration::from_secs(20);

/// Messages of a full batch (`template.yaml`).
pub const BATCH: usize = 10;

/// The most runners that a group of events reserves itself: what one call can launch in its time.
const AT_ONCE: u32 = 10;

/// The most runners that a settle message reserves. They are launched in two or three seconds. Another
/// launcher takes the rest.
const AT_A_MESSAGE: u32 = 40;

/// ECS, with everything that the launcher does there.
pub trait LauncherEcs: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances {}

impl<T: RunTask + StopTask + ListTasks + DescribeTasks + ListContainerInstances> LauncherEcs for T {}

/// The function, with what it keeps between batches.
#[derive(Debug)]
pub struct Launcher<L, C, T, Q> {
    launchpad: Launchpad<L, C, T, Q>,
}

/// The result of a part of a batch.
#[derive(Debug, Default)]
struct Done {
    /// The reserved runners: launch them.
    reserved: Vec<Runner>,
    /// The pools that want more runners.
    wanting: BTreeSet<PoolName>,
    /// How long until permits for those pools are available.
    again_in: Duration,
    /// The messages that must come again.
    failed: Vec<String>,
}

/// A batch for which nothing can be done now: all of it comes again.
pub fn put_back(problem: &dyn std::error::Error, event: SqsEvent) -> SqsBatchResponse {
    error!(%problem, messages = event.records.len(), "batch put back");
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        response.add_failure(message.message_id.unwrap_or_default());
    }
    response
}

impl Done {
    fn add(&mut self, other: Self) {
        self.reserved.extend(other.reserved);
        self.wanting.extend(other.wanting);
        self.again_in = self.again_in.max(other.again_in);
        self.failed.extend(other.failed);
    }
}

impl<L: Ledger, C: Clock + Random, T: LauncherEcs, Q: SendSettle> Launcher<L, C, T, Q> {
    /// A launcher of this ledger (with the clock and the random bits that its transactions need), this ECS
    /// and this queue. Its tasks ask at this URL.
    pub fn new(books: Bookkeeper<L, C>, ecs: T, queue: Q, registrar_url: String) -> Self {
        Self { launchpad: Launchpad { books, ecs, queue, registrar_url } }
    }

    /// Handles one batch with the current settings, and returns the messages that must come again.
    ///
    /// The events of one pool form one transaction. The pools' transactions run concurrently: one that fails
    /// does not stop the others. Events that name no pool come afterwards, because they write the same books.
    /// Whatever is wanted beyond the reservations is handed on before the launches, which are made together.
    pub async fn handle(&self, settings: &LauncherSettings, event: SqsEvent) -> SqsBatchResponse {
        let began = self.launchpad.books.system.now();
        let is_full = event.records.len() >= BATCH;
        let batch = Batch::read(event);
        let mut response = SqsBatchResponse::default();
        for (message, problem) in &batch.unreadable {
            warn!(message_id = message, %problem, "message not understood");
            ::metrics::counter!(metrics::MESSAGES_UNREADABLE.name).increment(1);
            response.add_failure(message);
        }
        let mut done = Done::default();
        let (of_tasks, of_pools): (Vec<_>, Vec<_>) =
            batch.groups.into_iter().partition(|(pool, _)| pool.is_none());
        for groups in [of_pools, of_tasks] {
            let groups = groups.into_iter().map(|(pool, group)| {
                let settling = settling(is_full, group.is_to_be_settled());
                self.write(settings, pool, group, settling)
            });
            join_all(groups).await.into_iter().for_each(|written| done.add(written));
        }
        let interruptions = batch.interruptions.into_iter();
        let cleared = interruptions.map(|(message, instance)| self.clear(settings, message, instance));
        join_all(cleared).await.into_iter().for_each(|cleared| done.add(cleared));
        done.failed.iter().for_each(|message| response.add_failure(message));

        let until = began.checked_add(LAUNCHING_TIME).unwrap_or(Timestamp::MAX);
        let invocation = LaunchContext { settings, queued_at: &batch.queued_at, until };
        self.launchpad.hand_on(done.wanting, &batch.queued_at, done.again_in).await;
        let wanting = self.launchpad.launch(&invocation, done.reserved).await;
        self.launchpad.hand_on(wanting, &batch.queued_at, Duration::ZERO).await;
        response
    }
}

/// How many runners the events of a group reserve themselves.
fn settling(is_full: bool, is_to_be_settled: bool) -> Settling {
    match (is_full, is_to_be_settled) {
        (_, true) => Settling::Now(AT_A_MESSAGE),
        (false, false) => Settling::Now(AT_ONCE),
        (true, false) => Settling::HandedOn,
    }
}
