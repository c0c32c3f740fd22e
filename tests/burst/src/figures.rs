//! What came of a burst.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws::ledger::attributes;
use aws_sdk_sqs::types::QueueAttributeName;
use fleet::PoolName;
use fleet::ledger::{Item, JobState, RunnerState, Totals, recount};
use sandbox::World;
use sandbox::github::Phase;
use serde_json::Value;
use wire::Resident;
use wire::stack::{OnTheWire, Stack};

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub struct BurstFigures {
    /// Jobs that were queued.
    pub jobs: u64,
    /// Deliveries that were answered 202, duplicates among them.
    pub accepted: u64,
    /// Whether all was over before patience was.
    pub in_time: bool,
    /// Launchers that were killed with a batch in hand.
    pub killed: u64,
    /// Tasks that were started.
    pub tasks: usize,
    /// Jobs that GitHub calls completed.
    pub completed: usize,
    /// Jobs that the ledger calls Completed, and runners that it calls Stopped.
    pub ended: (usize, usize),
    /// Messages in the dead-letter queue.
    pub dead_letters: String,
    /// What the books say, and what the items add up to.
    pub books: (BTreeMap<PoolName, Totals>, BTreeMap<PoolName, Totals>),
    /// How often the book was written.
    pub book_writes: u64,
    /// Runners of whose launch a launcher has told.
    pub launched: usize,
    /// Launches that the scheduler made good, because a launcher had not come to the end of them.
    pub made_good: usize,
    /// Milliseconds from the queue to `RunTask`'s answer, sorted.
    pub queue_to_run_task: Vec<f64>,
}

impl fmt::Display for BurstFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |part: f64| self.percentile(part).map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
        writeln!(f, "jobs {}, accepted deliveries {}, tasks {}", self.jobs, self.accepted, self.tasks)?;
        writeln!(f, "launchers killed {}", self.killed)?;
        writeln!(f, "completed at GitHub {}, in the ledger {:?}", self.completed, self.ended)?;
        writeln!(f, "launched {}, made good by the scheduler {}", self.launched, self.made_good)?;
        writeln!(f, "book writes {}, dead letters {}", self.book_writes, self.dead_letters)?;
        write!(f, "queue to RunTask: p50 {}, p95 {}, max {}", at(0.5), at(0.95), at(1.0))
    }
}

impl BurstFigures {
    /// The time that this part of the launches did not take longer than.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place among at most some thousands"
    )]
    pub fn percentile(&self, part: f64) -> Option<f64> {
        let last = self.queue_to_run_task.len().checked_sub(1)?;
        self.queue_to_run_task.get((last as f64 * part).ceil() as usize).copied()
    }
}

/// Waits until every job is at work at GitHub, and the ledger has heard of it.
pub(crate) async fn until_all_work(jobs: u64, stack: &Stack, world: &Resident<World<OnTheWire>>) {
    let works = |item: &&Item| matches!(item, Item::Job(job) if job.state == JobState::InProgress);
    loop {
        // The whole table is only looked at when there may be something to see: it is work for ministack.
        let at_work = world.ask(|world| {
            let github = world.sandbox().github().borrow();
            github.jobs().filter(|job| job.phase == Phase::InProgress).count()
        });
        let at_work = at_work.await.unwrap_or_default();
        if u64::try_from(at_work).is_ok_and(|count| count >= jobs)
            && let Ok(items) = items(stack).await
            && u64::try_from(items.iter().filter(works).count()).is_ok_and(|count| count >= jobs)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Waits until GitHub calls every job completed, the ledger has heard of it, and no message is left.
pub(crate) async fn until_all_is_over(jobs: u64, stack: &Stack, world: &Resident<World<OnTheWire>>) {
    loop {
        let completed = completed(world).await;
        if u64::try_from(completed).is_ok_and(|completed| completed >= jobs)
            && let Ok(items) = items(stack).await
            && ended(&items).0 >= completed
            && ended(&items).1 >= completed
            && messages(stack, &stack.provisioned.queue_url).await.is_ok_and(|count| count == "0 + 0")
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub(crate) async fn read(
    jobs: u64,
    accepted: u64,
    in_time: bool,
    stack: &Stack,
    world: &Resident<World<OnTheWire>>,
) -> Result<BurstFigures> {
    let tasks = world.ask(|world| world.sandbox().ecs().borrow().tasks().count()).await;
    let items = items(stack).await?;
    stack.pull_logs().await?;
    let books = items.iter().filter_map(Item::book);
    let book_writes = books.clone().map(|book| book.version).sum();
    let books = books.map(|book| (book.pool.clone(), Totals::from(book))).collect();
    Ok(BurstFigures {
        jobs,
        accepted,
        in_time,
        killed: 0,
        tasks: tasks.context("the world is gone")?,
        completed: completed(world).await,
        ended: ended(&items),
        dead_letters: messages(stack, &stack.provisioned.dead_letters_url).await?,
        books: (books, recount(&items)),
        book_writes,
        launched: runners("launcher", "runner launched")?.len(),
        made_good: runners("scheduler", "launch made good")?.len(),
        queue_to_run_task: queue_to_run_task()?,
    })
}

async fn completed(world: &Resident<World<OnTheWire>>) -> usize {
    let count = world.ask(|world| {
        let github = world.sandbox().github().borrow();
        github.jobs().filter(|job| matches!(job.phase, Phase::Completed { .. })).count()
    });
    count.await.unwrap_or_default()
}

fn ended(items: &[Item]) -> (usize, usize) {
    let jobs = |item: &&Item| matches!(item, Item::Job(job) if job.state == JobState::Completed);
    let runners = |item: &&Item| matches!(item, Item::Runner(it) if it.state == RunnerState::Stopped);
    (items.iter().filter(jobs).count(), items.iter().filter(runners).count())
}

/// Everything in the ledger's table.
async fn items(stack: &Stack) -> Result<Vec<Item>> {
    let client = aws_sdk_dynamodb::Client::new(&stack.config);
    let scan = client.scan().table_name(&stack.provisioned.table).consistent_read(true);
    let found = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
    Ok(found.into_iter().map(attributes::to_item).collect::<Result<_, _>>()?)
}

/// The messages on a queue: visible, and received but not yet deleted.
async fn messages(stack: &Stack, url: &str) -> Result<String> {
    let client = aws_sdk_sqs::Client::new(&stack.config);
    let (visible, taken) = (
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    );
    let asked = client.get_queue_attributes().queue_url(url);
    let asked = asked.attribute_names(visible.clone()).attribute_names(taken.clone()).send().await?;
    let counts = asked.attributes.unwrap_or_default();
    let count = |name| counts.get(name).cloned().unwrap_or_default();
    Ok(format!("{} + {}", count(&visible), count(&taken)))
}

/// The times that the launchers have counted, from their metrics.
fn queue_to_run_task() -> Result<Vec<f64>> {
    let mut times: Vec<f64> = log("launcher")?
        .iter()
        .filter_map(|line| line.get("QueueToRunTask").cloned())
        .flat_map(|value| match value {
            Value::Array(values) => values,
            value => vec![value],
        })
        .filter_map(|value| value.as_f64())
        .collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The runners of which a function has told this.
fn runners(function: &str, message: &str) -> Result<BTreeSet<String>> {
    let told = log(function)?.into_iter().filter(|line| line.get("message").is_some_and(|it| it == message));
    Ok(told.filter_map(|line| Some(line.get("runner")?.as_str()?.to_owned())).collect())
}

/// The lines that a function has logged.
fn log(function: &str) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(logs::file_of(function))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
