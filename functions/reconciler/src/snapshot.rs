//! What a pass reads of the ledger before it decides anything: the index tells which keys, the table
//! what they hold.

use std::collections::{BTreeMap, BTreeSet};

use control::Steps;
use fleet::ledger::{Book, EarlierListing, Item, Job, JobState, Key, Listing, Runner};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::repair::lying::Evidence;
use fleet::repair::waiting::is_left_in_progress;
use fleet::{PoolName, RunnerId};
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::{PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// How often the jobs in progress, and the runners, are looked at, in minutes: nothing waits for them.
const PROGRESS_EVERY: i64 = 5;

/// Whether it is a minute of those.
pub(crate) fn is_fifth_minute(now: Timestamp) -> bool {
    now.as_second().div_euclid(60) % PROGRESS_EVERY == 0
}

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct LedgerSnapshot {
    /// The pools at their maximum, and those that rest: a job has a reason to wait there.
    pub(crate) full: BTreeSet<PoolName>,
    /// The books, as they were when the pass began.
    pub(crate) books: Vec<Book>,
    /// The jobs that may have to be read, without those in progress.
    pub(crate) jobs: Vec<Job>,
    /// The jobs in progress: all of them where it is a minute in which they are looked at.
    pub(crate) in_progress: Vec<Job>,
}

impl LedgerSnapshot {
    /// Since when the job that waits the longest has waited.
    pub(crate) fn oldest_queued(&self) -> Option<Timestamp> {
        let queued = self.jobs.iter().filter(|job| job.state == JobState::Queued);
        queued.map(|job| job.changed_at).min()
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Reads the ledger. What cannot be read is left out, and counts as a failed step.
    pub(crate) async fn snapshot(&self, now: Timestamp, steps: &mut Steps) -> LedgerSnapshot {
        let books = steps.note_common("books", self.all_books().await).unwrap_or_default();
        let books: Vec<Book> = books.iter().filter_map(Item::book).cloned().collect();
        let has_reason = |book: &&Book| !book.has_room() || book.health.resting(now).is_some();
        let full = books.iter().filter(has_reason).map(|book| book.pool.clone()).collect();

        let looks = is_fifth_minute(now);
        let mut listings = vec![Listing::WaitingJobs];
        // A book counts what waits: where it says none, there is nothing to list. One that is wrong is
        // another rule's matter.
        let lists = books.iter().filter(|book| looks || book.queued != 0);
        listings.extend(lists.map(|book| Listing::OpenJobs(book.pool.clone())));
        let looks_earlier = looks && self.memory.earlier.are_due(now);
        if looks_earlier {
            let earlier = EarlierListing::JobsInProgress;
            listings.extend(books.iter().map(|book| Listing::Earlier(book.pool.clone(), earlier)));
        }
        let listed = join_all(listings.iter().map(|listing| self.open_jobs(listing, looks))).await;
        let mut found_earlier = false;
        let mut jobs: Vec<Job> = Vec::new();
        for (listing, items) in listings.iter().zip(listed) {
            let items = steps.note_common(&format!("list {listing}"), items).unwrap_or_default();
            found_earlier |= matches!(listing, Listing::Earlier(..)) && !items.is_empty();
            jobs.extend(items.iter().filter_map(Item::job).cloned());
        }
        if looks_earlier {
            self.memory.earlier.looked_through(found_earlier, now);
        }
        let (in_progress, jobs): (Vec<Job>, _) =
            jobs.into_iter().partition(|job| job.state == JobState::InProgress);
        let mut begun = self.memory.begun.borrow_mut();
        if looks {
            begun.clear();
        }
        begun.extend(in_progress.iter().map(|job| job.id));
        LedgerSnapshot { full, books, jobs, in_progress }
    }

    /// The books, which may be a moment old: a minute is long enough to look again, and what is written down is read
    /// again before.
    async fn all_books(&self) -> Result<Vec<Item>, PassStepError> {
        let keys = self.books.ledger.list(&Listing::Books).await?;
        Ok(self.books.ledger.read_eventual(&keys).await?)
    }

    /// The jobs of a listing, which may be a moment old, as the listing is: what is written of one is written on its
    /// version. One that has begun never waits again: between two looks it is read once.
    async fn open_jobs(&self, listing: &Listing, looks: bool) -> Result<Vec<Item>, PassStepError> {
        let mut keys = self.books.ledger.list(listing).await?;
        if !looks {
            let begun = self.memory.begun.borrow();
            keys.retain(|key| !matches!(key, Key::Job(job) if begun.contains(job)));
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.books.ledger.read_eventual(&keys).await?)
    }

    /// The jobs in progress that may have lost their runner, so that GitHub may have to be asked. Their runners are as
    /// a look has seen them, or are read.
    pub(crate) async fn left_in_progress(
        &self,
        snapshot: &LedgerSnapshot,
        seen: &Evidence,
        steps: &mut Steps,
    ) -> Vec<Job> {
        let runner_of = |job: &Job| job.runner.clone();
        let of_jobs = snapshot.in_progress.iter().filter_map(runner_of);
        let unseen = of_jobs.filter(|id| !seen.runners.contains_key(id)).map(Key::Runner);
        let read = self.read(&unseen.collect::<Vec<_>>()).await;
        let Some(read) = steps.note_common("runners of jobs", read) else { return Vec::new() };
        let read: BTreeMap<&RunnerId, &Runner> =
            read.iter().filter_map(Item::runner).map(|runner| (&runner.id, runner)).collect();
        let is_left = |job: &&Job| {
            let runner = job.runner.as_ref();
            let runner = runner.and_then(|id| seen.runners.get(id).or_else(|| read.get(id).copied()));
            is_left_in_progress(job, runner, seen.now)
        };
        snapshot.in_progress.iter().filter(is_left).cloned().collect()
    }

    /// The items of a listing, as the table has them: some may have left it since.
    pub(crate) async fn items(&self, listing: &Listing) -> Result<Vec<Item>, PassStepError> {
        let keys = self.books.ledger.list(listing).await?;
        self.read(&keys).await
    }

    /// What these keys hold. No keys are no call.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, PassStepError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.books.ledger.read(keys).await?)
    }
}
