//! Launches what was reserved, and takes back what can not be launched.

use std::time::Duration;

use fleet::TaskArn;
use fleet::launch::{FailureClass, LaunchFailure, RunTaskRequest};
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, Random, RunTask};
use fleet::ticket::Ticket;
use futures_util::StreamExt as _;
use futures_util::stream;
use tracing::{error, info, warn};

use crate::Launcher;

/// Launches of one batch that are under way at once.
const AT_ONCE: usize = 10;

/// Times that one launch is tried before it is left to the scheduler.
const TRIES: u32 = 3;

/// The wait before the second try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Rounds of launch, failure and fallback in one batch. A map's fallback chains are shorter.
const ROUNDS: usize = 8;

impl<L: Ledger, C: Clock, R: Random, T: RunTask> Launcher<L, C, R, T> {
    /// Launches these runners side by side. Those that fail for good are given back to the books,
    /// and whatever that settles on a fallback is launched in turn.
    pub(crate) async fn launch(&self, mut runners: Vec<Runner>) {
        for _ in 0..ROUNDS {
            if runners.is_empty() {
                return;
            }
            let launches =
                stream::iter(&runners).map(|runner| self.launch_one(runner)).buffer_unordered(AT_ONCE);
            let failed: Vec<Event> = launches.filter_map(std::future::ready).collect().await;
            runners = self.give_back(&failed).await;
        }
        warn!(left = runners.len(), "launches left to the scheduler");
    }

    /// Launches one runner. Gives the event that takes it back, where it can not be launched.
    async fn launch_one(&self, runner: &Runner) -> Option<Event> {
        let (id, pool, capacity) = (&runner.id, &runner.pool, &runner.capacity);
        match self.try_to_run(runner).await {
            Ok(task) => {
                info!(runner = %id, %pool, %capacity, %task, "runner launched");
                None
            }
            Err(LaunchFailure { class: FailureClass::Later, reason }) => {
                // The reservation stays, and the scheduler launches it again with the same token.
                warn!(runner = %id, %pool, %capacity, reason, "launch left to the scheduler");
                None
            }
            Err(LaunchFailure { class, reason }) => {
                if class == FailureClass::Never {
                    error!(runner = %id, %pool, %capacity, reason, "launch refused");
                } else {
                    warn!(runner = %id, %pool, %capacity, reason, "no capacity");
                }
                Some(Event::Runner(id.clone(), RunnerEvent::LaunchFailed(class, reason)))
            }
        }
    }

    async fn try_to_run(&self, runner: &Runner) -> Result<TaskArn, LaunchFailure> {
        let Some(placement) = self.settings.placements.get(&runner.capacity) else {
            let reason = format!("no placement is known for the capacity of {}", runner.capacity);
            return Err(LaunchFailure { class: FailureClass::Never, reason });
        };
        let ticket = Ticket::issue(&runner.id, &self.settings.ticket_key);
        let request = RunTaskRequest::new(runner, placement, &ticket, &self.settings.registrar_url);
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.tasks.run_task(&request).await {
                Err(LaunchFailure { class: FailureClass::Later, .. }) => self.books.clock.sleep(wait).await,
                done => return done,
            }
            wait *= 2;
        }
        self.tasks.run_task(&request).await
    }

    /// Writes failed launches down and gives back what was reserved in their stead.
    async fn give_back(&self, failed: &[Event]) -> Vec<Runner> {
        let mut reserved = Vec::new();
        for events in failed.chunks(EVENTS_A_TRANSACTION) {
            match self.books.post_and_settle(&self.settings.pools, events).await {
                Ok(posted) => reserved.extend(posted.reserved),
                // They stay reserved; the scheduler launches them again and fails in turn.
                Err(error) => warn!(launches = events.len(), %error, "failed launches not in the ledger"),
            }
        }
        reserved
    }
}
