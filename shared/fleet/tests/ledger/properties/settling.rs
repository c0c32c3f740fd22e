//! Settling any two books, one of which falls back on the other.

use std::collections::BTreeMap;

use fleet::ledger::settle::settle;
use fleet::ledger::{Book, Entries, Health, Item, Key, Permits, Rest, RestCause, TRANSACTION_LIMIT};
use proptest::prelude::*;
use proptest::sample::select;

use super::table::{assert_within_maximum, live};
use super::{MAP, POOLS, at, names, pool, runner_id};

proptest! {
    #[test]
    fn settling_fills_each_deficit_or_its_maximum_and_no_more(before in [book(POOLS[0]), book(POOLS[1])]) {
        for (before, after) in settled(before) {
            prop_assert!(after.deficit(at(0)) <= 0 || !after.has_room(), "{:?}", after);
            let launched = before.deficit(at(0)).min(before.maximum - before.live).max(0);
            let (supply, live) = (before.supply + launched, before.live + launched);
            let version = after.version;
            prop_assert_eq!(after, Book { supply, live, version, ..before });
        }
    }

    #[test]
    fn nothing_starts_on_a_resting_capacity_and_a_fallback_serves_only_jobs(
        before in [book(POOLS[0]), book(POOLS[1])],
        rests in [rest(), rest()],
    ) {
        let [spot, fallback] = settled([resting(&before[0], rests[0]), resting(&before[1], rests[1])]);
        for ((before, after), rest) in [&spot, &fallback].into_iter().zip(rests) {
            prop_assert!(rest.is_none() || before.live == after.live, "{:?}", after);
        }
        let (before, after) = spot;
        let launched = after.supply - before.supply;
        match rests[0] {
            None => prop_assert_eq!(launched, after.live - before.live, "on its own capacity"),
            Some(RestCause::NoCapacity) => {
                let room = before.unserved_jobs().min(fallback.0.maximum - fallback.0.live).max(0);
                prop_assert!(launched <= room, "{} on the fallback for {} jobs", launched, room);
            }
            Some(_) => prop_assert_eq!(launched, 0, "a fallback would hide what is broken"),
        }
    }
}

/// A book, within its maximum or over it.
fn book(name: &'static str) -> impl Strategy<Value = Book> {
    let totals = (0_i64..60, 0_i64..20, 0_i64..20, 0_i64..60, 0_i64..15, 0_i64..80);
    totals.prop_map(move |(queued, idle, starting, others, minimum, maximum)| Book {
        queued,
        supply: idle + starting,
        idle,
        live: idle + starting + others,
        minimum,
        maximum,
        ..Book::open(pool(name), 0)
    })
}

fn rest() -> impl Strategy<Value = Option<RestCause>> {
    use RestCause::{BootFailures, LaunchRefused, NoCapacity, RunFailures};
    select(vec![None, Some(NoCapacity), Some(LaunchRefused), Some(BootFailures), Some(RunFailures)])
}

fn resting(book: &Book, cause: Option<RestCause>) -> Book {
    let rest = cause.map(|cause| Rest { until: at(1), cause, reason: "in ECS's words".to_owned() });
    Book { health: Health { rest, ..Health::default() }, ..book.clone() }
}

/// Each book before and after both pools are settled, in as many transactions as it takes.
fn settled(books: [Book; 2]) -> [(Book, Book); 2] {
    let mut items: BTreeMap<Key, Item> =
        books.iter().cloned().map(Item::Book).map(|item| (item.key(), item)).collect();
    let mut ids = (0..).map(runner_id);
    loop {
        let mut entries = Entries::default();
        entries.extend(items.values().cloned());
        let before = live(&entries);
        let settled =
            settle(&mut entries, &names(), &MAP, at(0), &mut Permits::for_any(&MAP), || ids.next().unwrap());
        assert_within_maximum(&entries, &before);
        assert!(entries.puts().len() <= TRANSACTION_LIMIT, "one transaction");
        if settled.wanting.is_empty() {
            return books.map(|before| {
                let after = entries.book(&before.pool).unwrap().clone();
                (before, after)
            });
        }
        assert!(!settled.reserved.is_empty(), "each transaction makes progress");
        items.extend(entries.puts().into_iter().map(|put| (put.0.key(), put.0)));
    }
}
