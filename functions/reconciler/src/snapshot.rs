//! What a pass reads of the ledger before it decides anything: the index tells which keys, the table
//! what they hold.

use std::collections::{BTreeMap, BTreeSet};

use control::Steps;
use fleet::ledger::{Book, Item, Job, JobState, Key, Listing, Runner};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::repair::waiting::is_left_in_progress;
use fleet::{PoolName, RunnerId};
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::{Ecs, Github, Reconciler, StepError};

/// How often the jobs in progress, and the runners, are looked at, in minutes: nothing waits for them.
const PROGRESS_EVERY: i64 = 5;

/// Whether it is a minute of those.
pub(crate) fn is_fifth_minute(now: Timestamp) -> bool {
    now.as_second().div_euclid(60) % PROGRESS_EVERY == 0
}

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The pools at their maximum, and those that rest: a job has a reason to wait there.
    pub(crate) full: BTreeSet<PoolName>,
    /// The books, as they were when the pass began.
    pub(crate) books: Vec<Book>,
    /// The jobs that may have to be read.
    pub(crate) jobs: Vec<Job>,
}

impl Snapshot {
    /// Since when the job that waits the longest has waited.
    pub(crate) fn oldest_queued(&self) -> Option<Timestamp> {
        let queued = self.jobs.iter().filter(|job| job.state == JobState::Queued);
        queued.map(|job| job.changed_at).min()
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs, Q: SendMessage> Reconciler<L, C, G, T, Q> {
    /// Reads what there is. What cannot be read is not in it, and is a step that failed.
    pub(crate) async fn snapshot(&self, now: Timestamp, steps: &mut Steps) -> Snapshot {
        let books = steps.note_common("books", self.items(&Listing::Books).await).unwrap_or_default();
        let books: Vec<Book> = books.iter().filter_map(Item::book).cloned().collect();
        let has_reason = |book: &&Book| !book.has_room() || book.health.resting(now).is_some();
        let full = books.iter().filter(has_reason).map(|book| book.pool.clone()).collect();

        let mut listings = vec![Listing::WaitingJobs];
        // A book counts what waits: where it says none, there is nothing to list. One that is wrong is
        // another rule's matter.
        listings
            .extend(books.iter().filter(|it| it.queued != 0).map(|it| Listing::QueuedJobs(it.pool.clone())));
        if is_fifth_minute(now) {
            listings.extend(books.iter().map(|book| Listing::JobsInProgress(book.pool.clone())));
        }
        let listed = join_all(listings.iter().map(|listing| self.items(listing))).await;
        let mut jobs = Vec::new();
        for (listing, items) in listings.iter().zip(listed) {
            let items = steps.note_common(&format!("list {listing}"), items).into_iter().flatten();
            jobs.extend(items.filter_map(|item| item.job().cloned()));
        }
        let runners = steps.note_common("runners of jobs", self.runners_of(&jobs).await);
        jobs.retain(|job| job.state != JobState::InProgress || is_left(job, runners.as_ref(), now));
        Snapshot { full, books, jobs }
    }

    /// The runners that jobs in progress were given.
    async fn runners_of(&self, jobs: &[Job]) -> Result<BTreeMap<RunnerId, Runner>, StepError> {
        let in_progress = jobs.iter().filter(|job| job.state == JobState::InProgress);
        let keys: Vec<Key> = in_progress.filter_map(|job| job.runner.clone().map(Key::Runner)).collect();
        let items = self.read(&keys).await?;
        let runners = items.iter().filter_map(Item::runner);
        Ok(runners.map(|runner| (runner.id.clone(), runner.clone())).collect())
    }

    /// The items of a listing, as the table has them: some may have left it since.
    pub(crate) async fn items(&self, listing: &Listing) -> Result<Vec<Item>, StepError> {
        let keys = self.books.ledger.list(listing).await?;
        self.read(&keys).await
    }

    /// What these keys hold. No keys are no call.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, StepError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.books.ledger.read(keys).await?)
    }
}

fn is_left(job: &Job, runners: Option<&BTreeMap<RunnerId, Runner>>, now: Timestamp) -> bool {
    let Some(runners) = runners else { return false };
    is_left_in_progress(job, job.runner.as_ref().and_then(|id| runners.get(id)), now)
}
