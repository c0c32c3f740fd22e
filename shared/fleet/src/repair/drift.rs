//! Books that differ from the sums of their items.
//!
//! Every transaction writes a book together with its items. So a difference means that somebody wrote an item
//! or a book by hand, that one was lost, or that we have a bug. The items are found through an index that may
//! be a few seconds behind. So a book is compared with them only after nobody has written it for longer than
//! that, and is corrected only if two passes find the same difference.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ids::PoolName;
use crate::ledger::{Book, Item, Totals, recount};

/// How long a book must be unchanged before its items are listed: longer than the ledger's index lags.
pub const INDEX_IS_BEHIND: SignedDuration = SignedDuration::from_secs(15);

/// A book that differs from its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The pool.
    pub pool: PoolName,
    /// The book's version.
    pub version: u64,
    /// What its items add up to.
    pub counted: Totals,
    /// What must be added to the book.
    pub by: Totals,
}

/// How long each book has been unchanged, for a function that reads the books repeatedly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unchanged(BTreeMap<PoolName, (u64, Timestamp)>);

impl Unchanged {
    /// The books were read just now.
    pub fn saw(&mut self, books: &[Book], now: Timestamp) {
        let known = std::mem::take(&mut self.0);
        let since = |book: &Book| {
            let known = known.get(&book.pool).filter(|(version, _)| *version == book.version);
            known.map_or(now, |(_, since)| *since)
        };
        self.0 = books.iter().map(|book| (book.pool.clone(), (book.version, since(book)))).collect();
    }

    /// Whether this book has been unchanged for this long.
    pub fn is_for(&self, book: &Book, length: SignedDuration, now: Timestamp) -> bool {
        let known = self.0.get(&book.pool).filter(|(version, _)| *version == book.version);
        known.is_some_and(|(_, since)| now.duration_since(*since) >= length)
    }

    /// The time until each of them has been unchanged for this long.
    pub fn time_left(&self, length: SignedDuration, now: Timestamp) -> SignedDuration {
        let youngest = self.0.values().map(|(_, since)| now.duration_since(*since)).min();
        youngest.map_or(SignedDuration::ZERO, |age| {
            length.saturating_sub(age).clamp(SignedDuration::ZERO, length)
        })
    }
}

/// Whether all books match the sums of these items.
pub fn agree(items: &[Item], books: &[Book]) -> bool {
    agree_in(items, books, |totals| totals)
}

/// The same for a part of their totals.
pub fn agree_in<'a, T: PartialEq>(
    items: &[Item],
    books: impl IntoIterator<Item = &'a Book>,
    part: impl Fn(Totals) -> T,
) -> bool {
    let counted = recount(items);
    let says = |book: &Book| part(counted.get(&book.pool).copied().unwrap_or_default()) == part(book.into());
    books.into_iter().all(says)
}

/// The books that nobody wrote between the two readings.
pub fn left_alone<'a>(before: &[Book], after: &'a [Book]) -> impl Iterator<Item = &'a Book> {
    let versions: BTreeMap<&PoolName, u64> = before.iter().map(|book| (&book.pool, book.version)).collect();
    let is_left_alone = move |book: &&Book| versions.get(&book.pool) == Some(&book.version);
    after.iter().filter(is_left_alone)
}

/// The unchanged books that differ from their items. The items were read between the two readings, at least
/// [`INDEX_IS_BEHIND`] after `before`.
pub fn drifts(before: &[Book], items: &[Item], after: &[Book]) -> Vec<Drift> {
    let counted = recount(items);
    let drifted = left_alone(before, after).filter_map(|book| {
        let counted = counted.get(&book.pool).copied().unwrap_or_default();
        let mut by = counted;
        by -= Totals::from(book);
        let drift = Drift { pool: book.pool.clone(), version: book.version, counted, by };
        (by != Totals::default()).then_some(drift)
    });
    drifted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RunnerId;
    use crate::ledger::{Runner, RunnerState};

    fn pool(name: &str) -> PoolName {
        PoolName::new(name).unwrap()
    }

    fn book(name: &str, version: u64, supply: i64, live: i64) -> Book {
        Book { supply, live, version, ..Book::open(pool(name), 10) }
    }

    fn runner(id: u128, of: &str, capacity: &str, state: RunnerState) -> Item {
        let id = RunnerId::from_random(id);
        let reserved = Runner::reserved(id, pool(of), pool(capacity), Timestamp::UNIX_EPOCH);
        Item::Runner(Runner { state, ..reserved })
    }

    #[test]
    fn a_book_is_unchanged_since_its_version_was_first_seen() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let (length, secs) = (INDEX_IS_BEHIND, SignedDuration::from_secs);
        let mut unchanged = Unchanged::default();
        assert_eq!(unchanged.time_left(length, at(0)), SignedDuration::ZERO, "there is no book");
        let (one, other) = (book("ec2-x64", 3, 0, 0), book("ec2-x64-spot", 7, 0, 0));
        unchanged.saw(&[one.clone(), other.clone()], at(0));
        assert_eq!(unchanged.time_left(length, at(4)), secs(11));
        let written = Book { version: 8, ..other.clone() };
        unchanged.saw(&[one.clone(), written.clone()], at(60));
        assert_eq!(unchanged.time_left(length, at(61)), secs(14), "the one that was written");
        for (book, now, is_quiet, why) in [
            (&one, 61, true, "it is the same as a minute ago"),
            (&written, 74, false, "for fourteen seconds"),
            (&written, 75, true, "for fifteen"),
            (&other, 75, false, "it is another one by now"),
        ] {
            assert_eq!(unchanged.is_for(book, length, at(now)), is_quiet, "{why}");
        }
        assert_eq!(unchanged.time_left(length, at(50)), length, "a clock that goes back");
    }

    #[test]
    fn books_agree_with_the_sums_of_their_items() {
        let items = [runner(1, "ec2-x64", "ec2-x64", RunnerState::Starting)];
        let right = [book("ec2-x64", 3, 1, 1), book("ec2-x64-spot", 1, 0, 0)];
        assert!(agree(&items, &right));
        assert!(!agree(&items, &[book("ec2-x64", 3, 1, 2)]));
        assert!(!agree(&[], &right), "the index does not show it yet");
    }

    #[test]
    fn a_book_differs_only_if_nobody_has_written_it_since() {
        let items = [
            runner(1, "ec2-x64-spot", "ec2-x64", RunnerState::Starting),
            runner(2, "ec2-x64-spot", "ec2-x64-spot", RunnerState::Busy),
        ];
        let right = [book("ec2-x64", 3, 0, 1), book("ec2-x64-spot", 7, 1, 1)];
        assert_eq!(drifts(&right, &items, &right), []);

        let wrong = [book("ec2-x64", 3, 0, 1), book("ec2-x64-spot", 7, 0, 2)];
        let counted = Totals { supply: 1, live: 1, ..Totals::default() };
        let by = Totals { supply: 1, live: -1, ..Totals::default() };
        let drift = Drift { pool: pool("ec2-x64-spot"), version: 7, counted, by };
        assert_eq!(drifts(&wrong, &items, &wrong), [drift]);

        let written = [book("ec2-x64", 3, 0, 1), book("ec2-x64-spot", 8, 0, 2)];
        assert_eq!(drifts(&wrong, &items, &written), [], "a later pass compares it again");
        assert_eq!(drifts(&wrong[..1], &items, &wrong), [], "it was opened meanwhile");
    }

    #[test]
    fn a_book_without_items_must_be_empty() {
        let books = [book("gpu", 2, 2, 0)];
        let by = Totals { supply: -2, ..Totals::default() };
        let drift = Drift { pool: pool("gpu"), version: 2, counted: Totals::default(), by };
        assert_eq!(drifts(&books, &[], &books), [drift]);
    }
}
