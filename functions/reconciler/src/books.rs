//! Holds each book against the items that it counts, and writes down one that differs twice.

use std::collections::BTreeSet;
use std::time::Duration;

use control::Steps;
use fleet::ledger::{Book, Event, Item, Key, Listing, Totals};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::repair::drift::{Drift, INDEX_IS_BEHIND, agree, agree_in, drifts, left_alone};
use fleet::repair::lying::Evidence;
use fleet::repair::suspicion::{Look, Suspicion, SystemOfRecord};
use futures_util::future::join_all;
use jiff::SignedDuration;
use metrics::counter;
use tracing::{info, warn};

use crate::metrics::LEDGER_DRIFT;
use crate::snapshot::LedgerSnapshot;
use crate::{CALLING_TIME, Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Counts the items of the books that were left alone since the pass began, and writes down what they add
    /// up to where an earlier look has found the same difference.
    pub(crate) async fn count_books(
        &self,
        pass: &Pass<'_>,
        snapshot: &LedgerSnapshot,
        seen: &Evidence,
        steps: &mut Steps,
    ) {
        if self.books.system.now().duration_since(pass.began) > CALLING_TIME {
            return info!("there is no time to count the books; the next look does");
        }
        let counted = match self.agree_as_seen(snapshot, seen) {
            Some(look) => Ok((look, Vec::new())),
            None => self.count(&snapshot.books).await,
        };
        let Some((look, drifts)) = steps.note_common("count the books", counted) else { return };
        let confirmed = self.agree(&look, steps).await;
        for drift in drifts {
            let is_confirmed = confirmed.contains(&suspicion(&drift));
            self.mend_book(pass, drift, is_confirmed, steps).await;
        }
    }

    /// Whether the books agree with what this pass has read already: of the runners what the look at those that lie
    /// saw, of the jobs what the snapshot has, each with the books that were read just before. Who agrees need not be
    /// read again.
    fn agree_as_seen(&self, snapshot: &LedgerSnapshot, seen: &Evidence) -> Option<Look> {
        let jobs: Vec<Item> = snapshot.jobs.iter().cloned().map(Item::Job).collect();
        let runners: Vec<Item> = seen.runners.values().cloned().map(Item::Runner).collect();
        let agree = seen.has_all_runners
            && agree_in(&jobs, &snapshot.books, |totals| totals.queued)
            && agree_in(&runners, seen.books.values(), |it| (it.supply, it.idle, it.live));
        agree.then(|| Look { suspects: BTreeSet::new(), saw: self.quiet(seen.books.values()).collect() })
    }

    /// The books that have been left alone for so long that the index shows all of their items.
    fn quiet<'a>(&self, books: impl IntoIterator<Item = &'a Book>) -> impl Iterator<Item = SystemOfRecord> {
        let (unchanged, now) = (self.memory.unchanged.borrow().clone(), self.books.system.now());
        let is_quiet = move |book: &&Book| unchanged.is_for(book, INDEX_IS_BEHIND, now);
        books.into_iter().filter(is_quiet).map(|book| SystemOfRecord::Items(book.pool.clone()))
    }

    /// The books that differ from their items, and which books were held against them.
    async fn count(&self, before: &[Book]) -> Result<(Look, Vec<Drift>), PassStepError> {
        let left = self.memory.unchanged.borrow().time_left(INDEX_IS_BEHIND, self.books.system.now());
        if left > SignedDuration::ZERO {
            // Nothing is proved by the index, which may be behind. Where all agrees there is nothing to prove.
            let (items, now) = self.items_and_books(before).await?;
            if agree(&items, &now) {
                let saw = self.quiet(&now).collect();
                return Ok((Look { suspects: BTreeSet::new(), saw }, Vec::new()));
            }
            let left = self.memory.unchanged.borrow().time_left(INDEX_IS_BEHIND, self.books.system.now());
            self.books.system.sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
        let (items, after) = self.items_and_books(before).await?;
        let (drifts, held) = (drifts(before, &items, &after), left_alone(before, &after));
        let saw = held.map(|book| SystemOfRecord::Items(book.pool.clone())).collect();
        Ok((Look { suspects: drifts.iter().map(suspicion).collect(), saw }, drifts))
    }

    /// What counts in these books, and then the books as they are.
    async fn items_and_books(&self, of: &[Book]) -> Result<(Vec<Item>, Vec<Book>), PassStepError> {
        let listed = join_all(of.iter().flat_map(counted_in).map(async |it| self.items(&it).await)).await;
        let items: Vec<Item> = listed.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        let keys: Vec<Key> = of.iter().map(|book| Key::Book(book.pool.clone())).collect();
        let books = self.read(&keys).await?.iter().filter_map(Item::book).cloned().collect();
        Ok((items, books))
    }

    async fn mend_book(&self, pass: &Pass<'_>, drift: Drift, is_confirmed: bool, steps: &mut Steps) {
        let Drift { pool, version, counted, by } = drift;
        if !is_confirmed {
            return info!(%pool, ?by, "a book differs from its items; the next look tells");
        }
        let event = Event::Recounted { pool: pool.clone(), version, totals: counted };
        let posted = self.books.post(&pass.settings.pools, &[event]).await;
        let posted = steps.note(&pool, "write the book anew", posted.map_err(PassStepError::from));
        let book = posted.as_ref().and_then(|posted| posted.books.get(&pool));
        // If another function has written the book meanwhile, the next look counts it.
        if book.is_some_and(|book| book.version == version + 1 && Totals::from(book) == counted) {
            warn!(%pool, ?by, ?counted, "a book did not say what its items add up to, and does now");
            counter!(LEDGER_DRIFT.name).increment(1);
        }
    }
}

fn suspicion(drift: &Drift) -> Suspicion {
    Suspicion::Drift { pool: drift.pool.clone(), by: drift.by }
}

/// Where everything is listed that counts in some book for this pool's sake.
fn counted_in(book: &Book) -> impl Iterator<Item = Listing> {
    let (runners, earlier) = (Listing::live_runners(&book.pool), Listing::earlier(&book.pool));
    runners.into_iter().chain(earlier).chain([Listing::OpenJobs(book.pool.clone())])
}
