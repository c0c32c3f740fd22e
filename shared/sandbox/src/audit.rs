//! Holds every transaction against what must always be so.

use std::collections::{BTreeMap, BTreeSet};

use fleet::PoolName;
use fleet::ledger::{Book, Item, Put, Rest, RunnerState, Totals};

/// Something that must never be, and was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule, in a few words that stay the same.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

/// The auditor of a table. It counts along, so that a check costs what the transaction costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    totals: BTreeMap<PoolName, Totals>,
    violations: Vec<Violation>,
}

/// Whether an item is counted, or no longer.
#[derive(Debug, Clone, Copy)]
enum Count {
    In,
    Out,
}

impl Audit {
    /// What was found so far.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Looks at one transaction: each item as it was, with its write. `book` gives a book as it is
    /// once the transaction is written.
    pub(crate) fn transaction<'a>(
        &mut self,
        writes: &[(Option<Item>, &Put)],
        book: impl Fn(&PoolName) -> Option<&'a Book>,
    ) {
        let mut touched = BTreeSet::new();
        for (before, Put(after)) in writes {
            if let Some(before) = before {
                self.count(before, Count::Out, &mut touched);
            }
            self.count(after, Count::In, &mut touched);
            self.check_states(before.as_ref(), after);
            self.check_growth(before.as_ref(), after);
            self.check_leave(before.as_ref(), after, &book);
        }
        self.check_reservations(writes);
        for pool in touched {
            let counted = self.totals.get(&pool).copied().unwrap_or_default();
            let says = book(&pool).map(Totals::from).unwrap_or_default();
            if says != counted {
                self.note(
                    "books equal their items",
                    format!("{pool}: the book says {says:?}, the items {counted:?}"),
                );
            }
        }
    }

    fn count(&mut self, item: &Item, by: Count, touched: &mut BTreeSet<PoolName>) {
        for (pool, counts) in item.counts() {
            let totals = self.totals.entry(pool.clone()).or_default();
            match by {
                Count::In => *totals += counts,
                Count::Out => *totals -= counts,
            }
            touched.insert(pool.clone());
        }
    }

    /// A job only moves forward, and a stopped runner stays so.
    fn check_states(&mut self, before: Option<&Item>, after: &Item) {
        match (before, after) {
            (Some(Item::Job(before)), Item::Job(after)) if after.state < before.state => {
                let found =
                    format!("job {} went from {:?} back to {:?}", after.id, before.state, after.state);
                self.note("states only move forward", found);
            }
            (Some(Item::Runner(before)), Item::Runner(after))
                if before.state == RunnerState::Stopped && after.state != RunnerState::Stopped =>
            {
                let found = format!("runner {} was stopped and is {:?}", after.id, after.state);
                self.note("states only move forward", found);
            }
            _ => {}
        }
    }

    /// Nothing is reserved on a capacity whose breaker is open, unless the same write closes it.
    fn check_reservations(&mut self, writes: &[(Option<Item>, &Put)]) {
        let breaker = |book: &'_ Book| book.health.rest.clone().filter(Rest::is_breaker);
        let rests = writes.iter().filter_map(|(before, Put(after))| {
            breaker(after.book()?)?;
            let book = before.as_ref()?.book()?;
            Some((&book.pool, breaker(book)?))
        });
        let rests: BTreeMap<_, _> = rests.collect();
        let reserved = writes.iter().filter(|(before, _)| before.is_none());
        for runner in reserved.filter_map(|(_, put)| put.0.runner()) {
            if let Some(rest) = rests.get(&runner.capacity).filter(|rest| runner.reserved_at < rest.until) {
                let found = format!("{}: it rests until {}, {:?}", runner.capacity, rest.until, rest.cause);
                self.note("nothing is launched while a breaker is open", found);
            }
        }
    }

    /// Live grows up to the maximum, supply grows up to the demand.
    fn check_growth(&mut self, before: Option<&Item>, after: &Item) {
        let Item::Book(after) = after else { return };
        let (live, supply) = match before {
            Some(Item::Book(before)) => (before.live, before.supply),
            _ => (0, 0),
        };
        if after.live > live && after.live > after.maximum {
            let found = format!("{}: {} live, at most {}", after.pool, after.live, after.maximum);
            self.note("live stays within the maximum", found);
        }
        if after.supply > supply && after.deficit() < 0 {
            let found = format!("{}: reserved down to a deficit of {}", after.pool, after.deficit());
            self.note("no runner is launched twice for one demand", found);
        }
    }

    /// An idle runner leaves only where its pool has runners enough without it.
    ///
    /// One that is about to lose its instance leaves all the same. Another one is reserved in the same
    /// write, so that no deficit is left, but where the capacity has no room, or has rested.
    fn check_leave<'a>(
        &mut self,
        before: Option<&Item>,
        after: &Item,
        book: impl Fn(&PoolName) -> Option<&'a Book>,
    ) {
        if let (Some(Item::Runner(before)), Item::Runner(after)) = (before, after)
            && before.state.is_supply()
            && after.state == RunnerState::Leaving
            && let Some(book) = book(&after.pool)
            && book.deficit() > 0
            && book.has_room()
            && book.health.rest.is_none()
        {
            let found =
                format!("runner {} left {} with a deficit of {}", after.id, after.pool, book.deficit());
            self.note("only a surplus runner is released", found);
        }
    }

    fn note(&mut self, rule: &'static str, found: String) {
        self.violations.push(Violation { rule, found });
    }
}
