//! Every cell of the ledger's table: each event, at each point of a job's and a runner's life.

mod boots;
mod closed;
mod fences;
mod jobs;
mod overdue;
mod questions;
mod registrations;
mod stops;
mod times;
mod unserved;
mod waiting;
mod wants;

use fleet::ledger::transition::*;
use fleet::ledger::{
    AskAnswer, Book, Job, JobAction, JobEvent, JobState, JobTimes, LeaveReason, LedgerAnswer, News, Outcome,
    Runner, RunnerEvent, RunnerState, Totals, difference,
};
use fleet::question::Listener;
use fleet::{GithubRunnerId, RunnerId};
use jiff::{SignedDuration, Timestamp};
use kit::ledger::{asked, at, boot, job_event, pool, registered, runner_id};

/// The points in a runner's life at which an event may find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Reserved; it has asked nothing yet.
    Starting,
    /// Called: boot `first` has asked, and GitHub has not made its JIT config yet.
    Called,
    /// Answered a JIT config as GitHub's runner 7; its listener was not up yet.
    Registered,
    /// Its listener is up.
    Listening,
    /// It became Overdue before it asked anything.
    Slow,
    /// It became Overdue after its JIT config was answered.
    Hung,
    /// It has had a job for a minute.
    Busy,
    /// Fenced before it asked anything.
    Fenced,
    /// Answered "leave", after it had listened.
    Leaving,
    /// Its task has stopped.
    Stopped,
}

impl Life {
    const ALL: [Self; 10] = [
        Self::Starting,
        Self::Called,
        Self::Registered,
        Self::Listening,
        Self::Slow,
        Self::Hung,
        Self::Busy,
        Self::Fenced,
        Self::Leaving,
        Self::Stopped,
    ];

    /// A runner with the labels of pool `spot` that runs on the capacity of pool `plain`. It was reserved
    /// ten minutes ago, and last asked four minutes ago.
    fn runner(self) -> Runner {
        let state = match self {
            Self::Starting => RunnerState::Starting,
            Self::Called | Self::Registered | Self::Listening => RunnerState::Idle,
            Self::Slow | Self::Hung => RunnerState::Overdue,
            Self::Busy => RunnerState::Busy,
            Self::Fenced | Self::Leaving => RunnerState::Leaving,
            Self::Stopped => RunnerState::Stopped,
        };
        let leaves = match self {
            Self::Fenced => Some(LeaveReason::Fenced),
            Self::Leaving => Some(LeaveReason::NotNeeded),
            _ => None,
        };
        let has_asked = !matches!(self, Self::Starting | Self::Slow | Self::Fenced);
        let has_config = has_asked && self != Self::Called;
        let is_overdue = matches!(self, Self::Slow | Self::Hung);
        Runner {
            state,
            boot: has_asked.then(|| boot("first")),
            asked_at: has_asked.then(|| at(-240)),
            github_id: has_config.then_some(GithubRunnerId(7)),
            listened: has_config && !matches!(self, Self::Registered | Self::Hung),
            overdue_at: is_overdue.then(|| at(-60)),
            leaves,
            changed_at: at(-60),
            version: 3,
            ..Runner::reserved(ours(), pool("spot"), pool("plain"), at(-600))
        }
    }
}

fn ours() -> RunnerId {
    runner_id(1)
}

/// The book of an open pool in which only this runner counts, while this number of jobs wait.
fn alone(runner: &Runner, jobs: i64) -> Book {
    let supply = i64::from(runner.state.is_supply());
    let idle = i64::from(runner.state == RunnerState::Idle);
    Book { queued: jobs, supply, idle, ..Book::open(pool("spot"), 9) }
}

fn of_runner(runner: &Runner, event: &RunnerEvent, book: &Book, now: Timestamp) -> Outcome {
    fleet::ledger::transition::of_runner(Some((runner, book)), event, now)
}

/// The effect of an event that moves nothing.
fn unchanged(answer: LedgerAnswer) -> Outcome {
    Outcome { job: None, runner: None, news: None, answer }
}

/// A job that was written down a minute ago, for the pool of this name.
fn job(state: JobState, name: &str) -> Job {
    let event = job_event(JobAction::Queued, 1, name);
    Job {
        pool: Some(pool(name)),
        version: 2,
        ..Job::new(event.job, state, event.repository, event.labels, at(-60))
    }
}

/// The expected effect of an event on a runner.
#[derive(Debug, PartialEq, Eq)]
struct RunnerEffect {
    /// What is written of the runner: its new state, with the reason if it leaves, and its fields.
    wrote: String,
    /// The changes of the books, as `pool.total ±n`.
    posts: String,
    news: Option<News>,
    answer: LedgerAnswer,
}

fn nothing(answer: LedgerAnswer) -> RunnerEffect {
    writes("", "", answer)
}

fn writes(wrote: &str, posts: &str, answer: LedgerAnswer) -> RunnerEffect {
    RunnerEffect { wrote: wrote.to_owned(), posts: posts.to_owned(), news: None, answer }
}

fn with(news: impl Into<Option<News>>, effect: RunnerEffect) -> RunnerEffect {
    RunnerEffect { news: news.into(), ..effect }
}

/// What the ledger answers PID 1.
const CONFIG: LedgerAnswer = LedgerAnswer::Ask(AskAnswer::Config);
const WAIT: LedgerAnswer = LedgerAnswer::Ask(AskAnswer::Wait);
const LEAVE: LedgerAnswer = LedgerAnswer::Ask(AskAnswer::Leave);
const NOTED: LedgerAnswer = LedgerAnswer::Noted;

/// An outcome's effect on a runner, in words.
fn effect(before: &Runner, outcome: &Outcome) -> RunnerEffect {
    RunnerEffect {
        wrote: outcome.runner.as_ref().map(|after| written(before, after)).unwrap_or_default(),
        posts: posts(None, Some(before), outcome),
        news: outcome.news.clone(),
        answer: outcome.answer,
    }
}

/// What has changed in a runner, in words. Its identity and the time of its reservation never change.
fn written(before: &Runner, after: &Runner) -> String {
    let Runner {
        state,
        boot,
        asked_at,
        github_id,
        job,
        listened,
        overdue_at,
        put_off,
        leaves,
        times,
        changed_at,
        ..
    } = after.clone();
    let kept = Runner {
        state,
        boot,
        asked_at,
        github_id,
        job,
        listened,
        overdue_at,
        put_off,
        leaves,
        times,
        changed_at,
        ..before.clone()
    };
    assert_eq!(*after, kept, "what a runner is never changes");
    let stays = after.state != RunnerState::Busy || after.leaves.is_none();
    assert!(stays, "a runner with a job stays, even if it was to leave: {after:?}");
    let moves = after.state != before.state;
    let since = if moves { at(0) } else { before.changed_at };
    assert_eq!(after.changed_at, since, "the time of the last change changes with the state");
    let state = match after.leaves.filter(|_| after.leaves != before.leaves) {
        Some(reason) => format!("{:?} as {reason:?}", after.state),
        None => format!("{:?}", after.state),
    };
    let fields = [
        (moves, state.as_str()),
        (after.boot != before.boot, "boot"),
        (after.asked_at != before.asked_at, "asked_at"),
        (after.github_id != before.github_id, "github_id"),
        (after.job != before.job, "job"),
        (after.listened != before.listened, "listened"),
        (after.overdue_at != before.overdue_at, "overdue_at"),
        (after.put_off != before.put_off, "put_off"),
    ];
    let changed = fields.into_iter().filter(|(is_changed, _)| *is_changed);
    changed.map(|(_, field)| field).collect::<Vec<_>>().join(", ")
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
    let post = |(pool, change): (_, Totals)| {
        let Totals { queued, supply, idle, live } = change;
        let totals = [("queued", queued), ("supply", supply), ("idle", idle), ("live", live)];
        let changed = totals.into_iter().filter(|(_, by)| *by != 0);
        changed.map(|(total, by)| format!("{pool}.{total} {by:+}")).collect::<Vec<_>>()
    };
    jobs.chain(runners).flat_map(post).collect::<Vec<_>>().join(", ")
}

/// Applies an event at every point of a runner's life, while this number of jobs wait in a book in which only it
/// counts, and compares the effects.
fn at_every_point(event: &RunnerEvent, jobs: i64, rows: [(Life, RunnerEffect, &str); 10]) {
    at_every_point_of(|runner| alone(runner, jobs), event, rows);
}

/// The same, with a book of any kind.
fn at_every_point_of(
    book: impl Fn(&Runner) -> Book,
    event: &RunnerEvent,
    rows: [(Life, RunnerEffect, &str); 10],
) {
    for ((life, expected, why), point) in rows.into_iter().zip(Life::ALL) {
        assert_eq!(life, point, "every point of a life has its row");
        let before = life.runner();
        let outcome = of_runner(&before, event, &book(&before), at(0));
        assert_eq!(effect(&before, &outcome), expected, "{life:?} and {event:?}: {why}");
        assert_eq!(outcome.job, None, "{life:?} and {event:?}");
    }
}
