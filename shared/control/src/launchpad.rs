//! Launches reserved runners, takes back those that cannot be launched, and hands the rest on to other
//! launchers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fleet::launch::{FailureClass, LaunchFailure, RunTaskRequest};
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, Runner, RunnerEvent, SettleMessage};
use fleet::limits::Limits;
use fleet::ports::{Clock, Ledger, Random, RunTask, SendSettle};
use fleet::repair::FenceCause;
use fleet::ticket::Ticket;
use fleet::version::Version;
use fleet::{PoolName, TaskArn};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use jiff::Timestamp;
use metrics::{counter, histogram};
use tracing::{error, info, warn};

use crate::metrics::{
    CLASS, LAUNCHES_FAILED, LAUNCHES_LEFT, POOL, QUEUE_TO_RUN_TASK, RUNNERS_LAUNCHED, SETTLES_NOT_SENT,
    UNKNOWN_REASONS, class,
};
use crate::retry::{Backoff, retry};
use crate::transaction_log::{Origin, tell, tell_tidings};
use crate::{Bookkeeper, Fence, LaunchSettings, PostError, Posted, Settling};

/// The most concurrent calls to ECS for one event.
pub const AT_ONCE: usize = 20;

/// How often one launch is tried before it is left to the scheduler. Waiting for a turn does not count.
const BACKOFF: Backoff =
    Backoff { attempts: 3, first: Duration::from_millis(400), longest: Duration::from_millis(800) };

/// For each pool, when SQS took the oldest message of a queued job.
pub type QueuedAt = BTreeMap<PoolName, Timestamp>;

/// The shortest wait for a turn at `RunTask`, because another launcher may have taken the last one.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// What the launches of one event share.
#[derive(Debug)]
pub struct LaunchContext<'a> {
    /// The settings.
    pub settings: &'a LaunchSettings,
    /// When SQS took each pool's oldest message, if known.
    pub queued_at: &'a QueuedAt,
    /// The last moment at which `RunTask` may be called.
    pub until: Timestamp,
}

/// Launches runners.
#[derive(Debug)]
pub struct Launchpad<L, C, T, Q> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C>,
    /// ECS.
    pub ecs: T,
    /// The queue to the launchers.
    pub queue: Q,
    /// The URL that the tasks ask.
    pub registrar_url: String,
}

impl<L: Ledger, C: Clock + Random, T, Q: SendSettle> Launchpad<L, C, T, Q> {
    /// Asks launchers to settle pools, after a delay.
    ///
    /// If a message cannot be sent, nothing is lost: the scheduler finds the pool at its next tick.
    pub async fn hand_on(&self, pools: BTreeSet<PoolName>, queued_at: &QueuedAt, delay: Duration) {
        let sent = pools.into_iter().map(async |settle| {
            let since = queued_at.get(&settle).copied();
            let message = SettleMessage { version: Version, settle, since };
            if let Err(problem) = self.queue.send_settle(&message, delay).await {
                warn!(pool = %message.settle, %problem, "message to settle the pool not sent");
                counter!(SETTLES_NOT_SENT.name).increment(1);
            }
        });
        join_all(sent).await;
    }
}

impl<L: Ledger, C: Clock + Random, T, Q> Launchpad<L, C, T, Q> {
    /// Writes at most [`fleet::ledger::EVENTS_A_TRANSACTION`] events, and settles the pools that they
    /// touched.
    pub async fn post(
        &self,
        settings: &LaunchSettings,
        origin: impl Into<Origin<'_>>,
        events: &[Event],
        settling: Settling,
    ) -> Result<Posted, PostError> {
        let posted = self.books.post_and_settle(&settings.pools, events, settling).await;
        let done = posted.as_ref().map(|it| (it.wrote, it.conflicts, &it.reserved[..]));
        tell(&origin.into(), events.len(), done);
        if let Ok(posted) = &posted {
            tell_tidings(&posted.tidings, &settings.pools);
        }
        posted
    }

    /// Takes a runner that has no JIT config out of the supply, so that its task may be stopped. `said` is
    /// the reason that was reported for the cause.
    pub async fn fence(
        &self,
        settings: &LaunchSettings,
        runner: &Runner,
        cause: FenceCause,
        said: Option<&str>,
    ) -> Result<Fence, PostError> {
        let fence = self.books.fence(&settings.pools, &runner.id, cause, said).await;
        tell(&(&runner.pool).into(), 1, fence.as_ref().map(|it| (it.wrote, it.conflicts, &[][..])));
        if let Ok(fence) = &fence {
            tell_tidings(&fence.tidings, &settings.pools);
        }
        fence
    }
}

/// How a launch ended.
enum LaunchEnd {
    /// ECS has the task, or the scheduler will try again with the same token.
    Reserved,
    /// There was no time for it.
    NoTime,
    /// It failed for good; this event takes the reservation back.
    TakenBack(Box<Event>),
}

impl<L: Ledger, C: Clock + Random, T: RunTask, Q> Launchpad<L, C, T, Q> {
    /// Launches runners that were reserved with permits, concurrently. Returns those that fail for good to
    /// the books, and returns the pools that want others in their place, for example on a fallback.
    pub async fn launch(&self, invocation: &LaunchContext<'_>, runners: Vec<Runner>) -> BTreeSet<PoolName> {
        let endings = stream::iter(&runners).map(|runner| self.launch_one(invocation, runner));
        let endings: Vec<LaunchEnd> = endings.buffer_unordered(AT_ONCE).collect().await;
        let (mut left, mut failed) = (0_u64, Vec::new());
        for ending in endings {
            match ending {
                LaunchEnd::Reserved => {}
                LaunchEnd::NoTime => left += 1,
                LaunchEnd::TakenBack(event) => failed.push(*event),
            }
        }
        if left > 0 {
            warn!(left, "no time for all launches, left to the scheduler");
            counter!(LAUNCHES_LEFT.name).increment(left);
        }
        self.give_back(invocation, &failed).await
    }

    async fn launch_one(&self, invocation: &LaunchContext<'_>, runner: &Runner) -> LaunchEnd {
        let (id, pool, capacity) = (&runner.id, &runner.pool, &runner.capacity);
        let LaunchFailure { class: failure, reason, .. } =
            match self.try_to_run(invocation, runner, RunTaskTurn::Held).await {
                None => return LaunchEnd::NoTime,
                Some(Ok(task)) => {
                    info!(runner = %id, %pool, %capacity, %task, "runner launched");
                    counter!(RUNNERS_LAUNCHED.name, POOL => pool.to_string()).increment(1);
                    if let Some(&queued_at) = invocation.queued_at.get(pool) {
                        let took = self.books.system.now().duration_since(queued_at);
                        histogram!(QUEUE_TO_RUN_TASK.name).record(took.as_secs_f64() * 1000.0);
                    }
                    return LaunchEnd::Reserved;
                }
                Some(Err(failure)) => failure,
            };
        counter!(LAUNCHES_FAILED.name, POOL => pool.to_string(), CLASS => class(failure)).increment(1);
        match failure {
            FailureClass::Later => {
                // The reservation stays, and the scheduler launches it again with the same token.
                warn!(runner = %id, %pool, %capacity, reason, "launch left to the scheduler");
                return LaunchEnd::Reserved;
            }
            FailureClass::Elsewhere => warn!(runner = %id, %pool, %capacity, reason, "no capacity"),
            FailureClass::Never => error!(runner = %id, %pool, %capacity, reason, "launch refused"),
        }
        LaunchEnd::TakenBack(Box::new(Event::Runner(id.clone(), RunnerEvent::LaunchFailed(failure, reason))))
    }

    /// Calls `RunTask`, and repeats it after a temporary failure. `None` if the time is up.
    pub async fn try_to_run(
        &self,
        invocation: &LaunchContext<'_>,
        runner: &Runner,
        mut turn: RunTaskTurn,
    ) -> Option<Result<TaskArn, LaunchFailure>> {
        let settings = invocation.settings;
        let Some(placement) = settings.placements.get(&runner.capacity) else {
            let reason = format!("no placement is known for the capacity of {}", runner.capacity);
            return Some(Err(LaunchFailure::never(reason)));
        };
        let ticket = Ticket::issue(&runner.id, &settings.ticket_key);
        let request = RunTaskRequest::new(runner, placement, &ticket, &self.registrar_url);
        let attempt = async || {
            let may_call = match std::mem::replace(&mut turn, RunTaskTurn::ToBeTaken) {
                RunTaskTurn::Held => true,
                RunTaskTurn::ToBeTaken => self.take_turn(settings.pools.limits(), invocation.until).await,
            };
            if may_call { self.ecs.run_task(&request).await.map(Some) } else { Ok(None) }
        };
        let passes = |failure: &LaunchFailure| failure.class == FailureClass::Later;
        let tried = retry(&self.books.system, BACKOFF, passes, attempt).await;
        if let Err(LaunchFailure { reason, is_news: true, .. }) = &tried {
            warn!(runner = %runner.id, reason, "ECS gives a reason that is not known; it is tried again later");
            counter!(UNKNOWN_REASONS.name).increment(1);
        }
        tried.transpose()
    }

    /// Waits until `RunTask` may be called. Returns false if that is after the deadline.
    async fn take_turn(&self, limits: &Limits, until: Timestamp) -> bool {
        let system = &self.books.system;
        while system.now() <= until {
            match self.books.take_run_tasks(limits, 1).await {
                Ok((0, again_in)) => system.sleep(again_in.max(SHORTEST_WAIT)).await,
                Ok(_) => return true,
                Err(problem) => {
                    warn!(%problem, "whether RunTask may be called is not known: not now");
                    return false;
                }
            }
        }
        false
    }

    /// Writes failed launches down. Returns the pools that want other runners in their place.
    async fn give_back(&self, invocation: &LaunchContext<'_>, failed: &[Event]) -> BTreeSet<PoolName> {
        let mut wanting = BTreeSet::new();
        for events in failed.chunks(EVENTS_A_TRANSACTION) {
            // Runners that are not written stay reserved: the scheduler launches them again, and writes them
            // down if that fails.
            let posted = self.post(invocation.settings, Origin::default(), events, Settling::HandedOn).await;
            wanting.extend(posted.unwrap_or_default().wanting);
        }
        wanting
    }
}

/// Whether `RunTask` may be called at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunTaskTurn {
    /// Yes: the reservation already took the call out of ECS's limit.
    Held,
    /// No: the call must still be taken out of it.
    ToBeTaken,
}
