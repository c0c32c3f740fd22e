//! The metrics of transactions, launches and calls to GitHub: each name once.

use fleet::launch::FailureClass;
use fleet::metric::Metric;

/// Runners whose task ECS has accepted; by [`POOL`].
pub const RUNNERS_LAUNCHED: Metric =
    Metric::counter("RunnersLaunched", "Runners whose task ECS has taken").by(&[POOL]);

/// Launches that failed, after the last try; by [`POOL`] and [`CLASS`].
pub const LAUNCHES_FAILED: Metric =
    Metric::counter("LaunchesFailed", "Launches that failed").by(&[POOL, CLASS]);

/// Launches that ran out of time. The scheduler makes them.
pub const LAUNCHES_LEFT: Metric =
    Metric::counter("LaunchesLeft", "Launches left to the scheduler for want of time");

/// ECS reasons that Mayfly does not know, for a launch that failed or a task that never ran. The log quotes
/// them.
pub const UNKNOWN_REASONS: Metric =
    Metric::counter("UnknownReasons", "Reasons of ECS's that Mayfly does not know");

/// How often another function wrote the same items of the ledger first.
pub const LEDGER_CONFLICTS: Metric =
    Metric::counter("LedgerConflicts", "Times that somebody else wrote first");

/// Pools for which no settle message could be sent. The scheduler finds them a minute later.
pub const SETTLES_NOT_SENT: Metric =
    Metric::counter("SettlesNotSent", "Pools that nobody was told to settle");

/// `RunTask` calls that ECS would take at once, when last asked. Near 0, launches wait for each other: raise
/// the quota (docs/POOLS.md, limits).
pub const RUN_TASKS_LEFT: Metric =
    Metric::observed("RunTasksLeft", "Calls of RunTask that ECS would take at once");

/// Calls that change something at GitHub and are left in this minute.
pub const GITHUB_CALLS_LEFT: Metric =
    Metric::observed("GitHubCallsLeft", "Calls to GitHub that are left in this minute");

/// Events that did not get into the ledger, counted at each attempt.
pub const EVENTS_NOT_WRITTEN: Metric =
    Metric::counter("EventsNotWritten", "Events that did not get into the ledger");

/// Questions to GitHub that waited because the minute's calls were used up, or because GitHub asked us to
/// wait.
pub const GITHUB_WAITS: Metric = Metric::counter("GitHubWaits", "Questions that waited for GitHub's limits");

/// How often a breaker opened on a pool's capacity, or stayed open after a trial; by [`POOL`]. The log and
/// the pool's book have the reason.
pub const BREAKERS_OPENED: Metric =
    Metric::counter("BreakersOpened", "Capacities on which launches or runs fail one after the other")
        .by(&[POOL])
        .with_alarm();

/// Idle runners that GitHub removed; by [`POOL`]. Each is replaced.
pub const RUNNERS_REAPED: Metric =
    Metric::counter("RunnersReaped", "Idle runners that GitHub removed").by(&[POOL]);

/// Places of a minimum that rest because GitHub removes the runners that wait there; by [`POOL`].
pub const PLACES_RESTED: Metric =
    Metric::counter("PlacesRested", "Places of a minimum that rest because GitHub removes idle runners")
        .by(&[POOL])
        .with_alarm();

/// Runners that became Overdue: slow to come up while jobs wait; by [`POOL`].
pub const RUNNERS_OVERDUE: Metric =
    Metric::counter("RunnersOverdue", "Runners that are slow to come up while jobs wait").by(&[POOL]);

/// Waiting jobs that were unknown and over a day old: old deliveries that somebody posts again, or approvals
/// that came late.
pub const OLD_JOBS: Metric = Metric::counter("OldJobs", "Unknown jobs that were created over a day ago");

/// Failed webhook deliveries that GitHub was asked to repeat.
pub const DELIVERIES_REDELIVERED: Metric =
    Metric::counter("DeliveriesRedelivered", "Failed deliveries that GitHub was asked for once more");

/// Webhook deliveries that failed for three days. GitHub does not repeat them after that.
pub const DELIVERIES_GIVEN_UP: Metric =
    Metric::counter("DeliveriesGivenUp", "Deliveries that failed for three days").with_alarm();

/// Milliseconds from the queue to `RunTask`'s answer, once for each runner launched for a waiting job. It
/// starts when SQS took the oldest message of a queued job of the runner's pool, in this batch or in the
/// batch that handed the pool on. Runners that replace others, and jobs that found their pool full, are
/// excluded: they show how much room there is, not how fast the function works.
pub const QUEUE_TO_RUN_TASK: Metric =
    Metric::milliseconds("QueueToRunTask", "From the queue to RunTask's answer");

/// The field of the pool whose labels a runner carries.
pub const POOL: &str = "Pool";

/// The field of what is done about a failed launch: `Later`, `Elsewhere` or `Never`.
pub const CLASS: &str = "Class";

/// All of them.
pub const METRICS: &[Metric] = &[
    RUNNERS_LAUNCHED,
    LAUNCHES_FAILED,
    LAUNCHES_LEFT,
    UNKNOWN_REASONS,
    LEDGER_CONFLICTS,
    EVENTS_NOT_WRITTEN,
    SETTLES_NOT_SENT,
    RUN_TASKS_LEFT,
    GITHUB_CALLS_LEFT,
    GITHUB_WAITS,
    BREAKERS_OPENED,
    RUNNERS_REAPED,
    PLACES_RESTED,
    RUNNERS_OVERDUE,
    OLD_JOBS,
    DELIVERIES_REDELIVERED,
    DELIVERIES_GIVEN_UP,
    QUEUE_TO_RUN_TASK,
];

/// The value of [`CLASS`].
pub(crate) fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Later => "Later",
        FailureClass::Elsewhere => "Elsewhere",
        FailureClass::Never => "Never",
    }
}
