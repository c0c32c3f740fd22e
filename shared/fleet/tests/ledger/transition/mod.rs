//! Every cell of the ledger's table: each event, at each point of a job's and a runner's life.

mod claims;
mod departures;
mod jobs;
mod removals;

use fleet::RunnerId;
use fleet::launch::{FailureClass, StopClass};
use fleet::ledger::Totals;
use fleet::ledger::difference;
use fleet::ledger::transition::*;
use fleet::ledger::{
    Answer, Book, ClaimAnswer, HealthNews, Job, JobAction, JobEvent, JobState, Outcome, ReleaseAnswer,
    Runner, RunnerEvent, RunnerState,
};
use fleet::{GithubRunnerId, PoolName};
use jiff::{SignedDuration, Timestamp};
use kit::ledger::{at, boot, job_event, pool, runner_id};

/// The points of a runner's life that an event may find it at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Reserved; its task has not claimed.
    Starting,
    /// Claimed by boot `first`; its JIT config is not made yet.
    Claimed,
    /// Registered as GitHub's runner 7; its claim is still open.
    Idle,
    /// Its first release has closed the claim.
    Waiting,
    /// It has a job since a minute ago.
    Busy,
    /// Told to leave before it ever claimed.
    Fenced,
    /// Told to leave after it claimed.
    Leaving,
    /// Its task has stopped.
    Stopped,
}

impl Life {
    const ALL: [Self; 8] = [
        Self::Starting,
        Self::Claimed,
        Self::Idle,
        Self::Waiting,
        Self::Busy,
        Self::Fenced,
        Self::Leaving,
        Self::Stopped,
    ];

    /// A runner with the labels of pool `spot` that runs on the capacity of pool `plain`.
    fn runner(self) -> Runner {
        let state = match self {
            Self::Starting | Self::Claimed => RunnerState::Starting,
            Self::Idle | Self::Waiting => RunnerState::Idle,
            Self::Busy => RunnerState::Busy,
            Self::Fenced | Self::Leaving => RunnerState::Leaving,
            Self::Stopped => RunnerState::Stopped,
        };
        let claimed = !matches!(self, Self::Starting | Self::Fenced);
        let registered = claimed && self != Self::Claimed;
        Runner {
            id: ours(),
            state,
            pool: pool("spot"),
            capacity: pool("plain"),
            boot: claimed.then(|| boot("first")),
            github_id: registered.then_some(GithubRunnerId(7)),
            claim_closed: !matches!(self, Self::Starting | Self::Claimed | Self::Idle),
            reserved_at: at(-600),
            changed_at: at(-60),
            version: 3,
        }
    }
}

/// The book of an open pool that is short of so many runners.
fn short_of(deficit: i64) -> Book {
    Book { queued: deficit, ..Book::open(pool("spot"), 9) }
}

fn of_runner(runner: Option<&Runner>, event: &RunnerEvent, deficit: i64, now: Timestamp) -> Outcome {
    fleet::ledger::transition::of_runner(runner, event, Some(&short_of(deficit)), now)
}

/// What an event does that moves nothing.
fn unchanged(answer: Answer) -> Outcome {
    Outcome { job: None, runner: None, health: None, answer }
}

/// A job that was written down a minute ago, for the pool of this name.
fn job(state: JobState, name: &str) -> Job {
    let event = job_event(JobAction::Queued, 1, name);
    Job {
        id: event.job,
        state,
        pool: pool(name),
        repository: event.repository,
        labels: event.labels,
        runner: None,
        seen_at: at(-60),
        changed_at: at(-60),
        version: 2,
    }
}

fn ours() -> RunnerId {
    runner_id(1)
}

/// What an event is to do to a runner.
#[derive(Debug, PartialEq, Eq)]
struct Effect {
    /// The state that is written, if the runner is written at all.
    to: Option<RunnerState>,
    /// The changes of the books, as `pool.total ±n`.
    posts: String,
    health: Option<HealthNews>,
    answer: Answer,
}

fn nothing(answer: Answer) -> Effect {
    Effect { to: None, posts: String::new(), health: None, answer }
}

fn moves(to: RunnerState, posts: &str, answer: Answer) -> Effect {
    Effect { to: Some(to), posts: posts.to_owned(), health: None, answer }
}

fn with(health: HealthNews, effect: Effect) -> Effect {
    Effect { health: Some(health), ..effect }
}

/// The changes of the books, as `pool.total ±n`.
fn posts(job: Option<&Job>, runner: Option<&Runner>, outcome: &Outcome) -> String {
    let jobs = outcome
        .job
        .iter()
        .flat_map(|after| difference(job.map(Job::counts).into_iter().flatten(), after.counts()));
    let runners = outcome
        .runner
        .iter()
        .flat_map(|after| difference(runner.map(Runner::counts).into_iter().flatten(), after.counts()));
    let post = |(pool, change): (PoolName, Totals)| {
        let totals = [("queued", change.queued), ("supply", change.supply), ("live", change.live)];
        let changed = totals.into_iter().filter(|(_, by)| *by != 0);
        changed.map(|(total, by)| format!("{pool}.{total} {by:+}")).collect::<Vec<_>>()
    };
    jobs.chain(runners).flat_map(post).collect::<Vec<_>>().join(", ")
}

/// Lets an event happen at every point of a runner's life, and compares.
///
/// Whatever it does, a runner keeps its identity, and the time of its last change goes with its state.
fn at_every_point(event: &RunnerEvent, deficit: i64, rows: [(Life, Effect, &str); 8]) {
    at_every_point_of(&short_of(deficit), event, rows);
}

/// The same, with a book of any kind.
fn at_every_point_of(book: &Book, event: &RunnerEvent, rows: [(Life, Effect, &str); 8]) {
    let deficit = book.deficit();
    for ((life, effect, why), point) in rows.into_iter().zip(Life::ALL) {
        assert_eq!(life, point, "every point of a life has its row");
        let before = life.runner();
        let outcome = fleet::ledger::transition::of_runner(Some(&before), event, Some(book), at(0));
        let found = Effect {
            to: outcome.runner.as_ref().map(|runner| runner.state),
            posts: posts(None, Some(&before), &outcome),
            health: outcome.health.clone(),
            answer: outcome.answer,
        };
        assert_eq!(found, effect, "{life:?} and {event:?} at a deficit of {deficit}: {why}");
        assert_eq!(outcome.job, None, "{life:?} and {event:?}");
        if let Some(after) = outcome.runner {
            let changed_at = if after.state == before.state { before.changed_at } else { at(0) };
            let Runner { state, boot, github_id, claim_closed, .. } = after.clone();
            let kept = Runner { state, boot, github_id, claim_closed, changed_at, ..before };
            assert_eq!(after, kept, "{life:?} and {event:?}: {why}");
        }
    }
}
