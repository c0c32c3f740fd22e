//! Launches what was reserved, and takes back what can not be launched.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet::launch::{FailureClass, LaunchFailure, RunTaskRequest};
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, Random, RunTask};
use fleet::ticket::Ticket;
use fleet::{PoolName, TaskArn};
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use metrics::{counter, histogram};
use tracing::{error, info, warn};

use crate::metrics::{
    CLASS, LAUNCHES_FAILED, LAUNCHES_LEFT, POOL, QUEUE_TO_RUN_TASK, RUNNERS_LAUNCHED, class,
};
use crate::{Launchpad, Settings};

/// Calls of one event to ECS that are under way at once.
pub const AT_ONCE: usize = 10;

/// Times that one launch is tried before it is left to the scheduler.
const TRIES: u32 = 3;

/// The wait before the second try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// What the launches of one event have in common.
#[derive(Debug)]
pub struct Launches<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// When SQS took each pool's oldest message, where it is known.
    pub queued_at: &'a BTreeMap<PoolName, Timestamp>,
    /// Until when `RunTask` may be called.
    pub until: Timestamp,
}

/// How a launch ended.
enum Ending {
    /// ECS has the task, or the scheduler tries again with the same token.
    Reserved,
    /// There was no time for it.
    NoTime,
    /// It failed for good: this takes the reservation back.
    TakenBack(Event),
}

impl<L: Ledger, C: Clock, R: Random, T: RunTask> Launchpad<L, C, R, T> {
    /// Launches these runners side by side. Those that fail for good are given back to the books,
    /// and whatever that settles on a fallback is launched in turn, while there is time.
    pub async fn launch(&self, launches: &Launches<'_>, mut runners: Vec<Runner>) {
        let mut left: u64 = 0;
        while !runners.is_empty() {
            let endings = stream::iter(&runners).map(|runner| self.launch_one(launches, runner));
            let endings: Vec<Ending> = endings.buffer_unordered(AT_ONCE).collect().await;
            let mut failed = Vec::new();
            for ending in endings {
                match ending {
                    Ending::Reserved => {}
                    Ending::NoTime => left += 1,
                    Ending::TakenBack(event) => failed.push(event),
                }
            }
            runners = self.give_back(launches, &failed).await;
        }
        if left > 0 {
            warn!(left, "no time for all launches, left to the scheduler");
            counter!(LAUNCHES_LEFT).increment(left);
        }
    }

    async fn launch_one(&self, launches: &Launches<'_>, runner: &Runner) -> Ending {
        let (id, pool, capacity) = (&runner.id, &runner.pool, &runner.capacity);
        let LaunchFailure { class: failure, reason } = match self.try_to_run(launches, runner).await {
            None => return Ending::NoTime,
            Some(Ok(task)) => {
                info!(runner = %id, %pool, %capacity, %task, "runner launched");
                counter!(RUNNERS_LAUNCHED, POOL => pool.to_string()).increment(1);
                if let Some(&queued_at) = launches.queued_at.get(pool) {
                    let took = self.books.clock.now().duration_since(queued_at);
                    histogram!(QUEUE_TO_RUN_TASK).record(took.as_secs_f64() * 1000.0);
                }
                return Ending::Reserved;
            }
            Some(Err(failure)) => failure,
        };
        counter!(LAUNCHES_FAILED, POOL => pool.to_string(), CLASS => class(failure)).increment(1);
        match failure {
            FailureClass::Later => {
                // The reservation stays, and the scheduler launches it again with the same token.
                warn!(runner = %id, %pool, %capacity, reason, "launch left to the scheduler");
                return Ending::Reserved;
            }
            FailureClass::Elsewhere => warn!(runner = %id, %pool, %capacity, reason, "no capacity"),
            FailureClass::Never => error!(runner = %id, %pool, %capacity, reason, "launch refused"),
        }
        Ending::TakenBack(Event::Runner(id.clone(), RunnerEvent::LaunchFailed(failure, reason)))
    }

    /// Calls `RunTask`, again where it fails for now. `None` if the time for it is over.
    pub async fn try_to_run(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
    ) -> Option<Result<TaskArn, LaunchFailure>> {
        let settings = launches.settings;
        let Some(placement) = settings.placements.get(&runner.capacity) else {
            let reason = format!("no placement is known for the capacity of {}", runner.capacity);
            return Some(Err(LaunchFailure { class: FailureClass::Never, reason }));
        };
        let ticket = Ticket::issue(&runner.id, &settings.ticket_key);
        let request = RunTaskRequest::new(runner, placement, &ticket, &self.registrar_url);
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            self.turn(launches.until).await?;
            match self.ecs.run_task(&request).await {
                Err(LaunchFailure { class: FailureClass::Later, .. }) => self.books.clock.sleep(wait).await,
                done => return Some(done),
            }
            wait *= 2;
        }
        self.turn(launches.until).await?;
        Some(self.ecs.run_task(&request).await)
    }

    /// Waits until ECS may be called; `None` if that is after the end.
    async fn turn(&self, until: Timestamp) -> Option<()> {
        let now = self.books.clock.now();
        let mut pace = self.pace.get();
        let at = pace.take(now, until)?;
        self.pace.set(pace);
        self.books.clock.sleep(at.duration_since(now).unsigned_abs()).await;
        Some(())
    }

    /// Writes failed launches down and gives back what was reserved in their stead.
    async fn give_back(&self, launches: &Launches<'_>, failed: &[Event]) -> Vec<Runner> {
        let mut reserved = Vec::new();
        for events in failed.chunks(EVENTS_A_TRANSACTION) {
            // Those that are not written stay reserved: the scheduler launches them again and fails in turn.
            reserved.extend(self.post(launches.settings, None, events).await.unwrap_or_default());
        }
        reserved
    }
}
