//! Holds each book against the items that it counts, and writes down one that differs twice.

use std::collections::BTreeSet;
use std::time::Duration;

use control::Steps;
use fleet::ledger::{Book, Event, Item, Key, Listing, Totals};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::repair::drift::{Drift, INDEX_IS_BEHIND, agree, drifts, left_alone};
use fleet::repair::suspicion::{Look, Source, Suspicion};
use futures_util::future::join_all;
use jiff::SignedDuration;
use metrics::counter;
use tracing::{info, warn};

use crate::metrics::LEDGER_DRIFT;
use crate::{CALLING_TIME, Ecs, Github, Pass, Reconciler, StepError};

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs, Q: SendMessage> Reconciler<L, C, G, T, Q> {
    /// Counts the items of the books that were left alone since the pass began, and writes down what they add
    /// up to where an earlier look has found the same difference.
    pub(crate) async fn count_books(&self, pass: &Pass<'_>, before: &[Book], steps: &mut Steps) {
        if self.books.system.now().duration_since(pass.began) > CALLING_TIME {
            return info!("there is no time to count the books; the next look does");
        }
        let counted = self.count(before).await;
        let Some((look, drifts)) = steps.note_common("count the books", counted) else { return };
        let confirmed = self.agree(&look, steps).await;
        for drift in drifts {
            let is_confirmed = confirmed.contains(&suspicion(&drift));
            self.mend_book(pass, drift, is_confirmed, steps).await;
        }
    }

    /// The books that differ from their items, and which books were held against them.
    async fn count(&self, before: &[Book]) -> Result<(Look, Vec<Drift>), StepError> {
        let left = self.memory.unchanged.borrow().time_left(INDEX_IS_BEHIND, self.books.system.now());
        if left > SignedDuration::ZERO {
            // Nothing is proved by the index, which may be behind. Where all agrees there is nothing to prove.
            let (items, now) = self.items_and_books(before).await?;
            if agree(&items, &now) {
                let unchanged = self.memory.unchanged.borrow();
                let is_quiet =
                    |book: &&Book| unchanged.is_for(book, INDEX_IS_BEHIND, self.books.system.now());
                let saw = now.iter().filter(is_quiet).map(|book| Source::Items(book.pool.clone())).collect();
                return Ok((Look { suspects: BTreeSet::new(), saw }, Vec::new()));
            }
            let left = self.memory.unchanged.borrow().time_left(INDEX_IS_BEHIND, self.books.system.now());
            self.books.system.sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
        let (items, after) = self.items_and_books(before).await?;
        let (drifts, held) = (drifts(before, &items, &after), left_alone(before, &after));
        let saw = held.map(|book| Source::Items(book.pool.clone())).collect();
        Ok((Look { suspects: drifts.iter().map(suspicion).collect(), saw }, drifts))
    }

    /// What counts in these books, and then the books as they are.
    async fn items_and_books(&self, of: &[Book]) -> Result<(Vec<Item>, Vec<Book>), StepError> {
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
        let posted = steps.note(&pool, "write the book anew", posted.map_err(StepError::from));
        let book = posted.as_ref().and_then(|posted| posted.books.get(&pool));
        // One that somebody has written meanwhile is counted at the next look.
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
    Listing::live_runners(&book.pool).chain([Listing::QueuedJobs(book.pool.clone())])
}
