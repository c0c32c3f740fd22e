//! Permits: a runner is reserved only if it can be launched at once, and registered when it comes up.

use super::*;
use fleet::ledger::{Budget, Meter, Put};

/// Capacity comes up after this many seconds, here and in these tests' map.
const UP: i64 = 30;

/// This many jobs of `plain`, not settled yet.
fn waiting(table: &FaultyTable, jobs: u64) {
    for first in (1..=jobs).step_by(20) {
        post_with(&launcher(1, table), &queued("plain", first..=jobs.min(first + 19))).unwrap();
    }
}

/// Settles `plain` at this second, with at most this many runners.
fn settle_at(table: &FaultyTable, second: i64, most: u32) -> Posted {
    let launcher = LauncherBooks {
        ledger: table,
        system: NotingClock::of(u128::from(table.spends()) + 7).after(second),
    };
    let events = [Event::Settle { pool: pool("plain") }];
    post_as(&launcher, &events, Settling::Now(most))
}

/// The registrations expected of runners launched at this second.
fn registrations(table: &FaultyTable, second: i64) -> i64 {
    table.meter(Meter::Registrations((at(second).as_second() + UP) / 60))
}

#[test]
fn reservations_stop_at_what_run_task_takes_at_once_and_the_pool_says_when_to_return() {
    let table = FaultyTable::default();
    waiting(&table, 250);
    let posted = settle_at(&table, 0, 1000);
    assert_eq!(posted.reserved.len(), 95);
    assert_eq!(posted.wanting, [pool("plain")].into());
    assert!(posted.again_in > Duration::ZERO && posted.again_in < Duration::from_millis(60), "{posted:?}");
    let posted = settle_at(&table, 1, 1000);
    assert_eq!((posted.reserved.len(), posted.wanting.len()), (19, 1), "what one second allows");
    table.assert_balanced();
}

#[test]
fn a_launcher_that_takes_a_share_leaves_the_rest_to_others_at_once() {
    let table = FaultyTable::default();
    waiting(&table, 30);
    let posted = settle_at(&table, 0, 10);
    assert_eq!((posted.reserved.len(), posted.again_in), (10, Duration::ZERO));
    assert_eq!(posted.wanting, [pool("plain")].into());
    let posted = settle_at(&table, 0, 20);
    assert_eq!((posted.reserved.len(), posted.wanting.len()), (20, 0));
    assert_eq!(registrations(&table, 0), 30);
}

#[test]
fn reservations_for_a_minute_stop_at_what_github_registers_and_the_rest_is_not_handed_on() {
    let table = FaultyTable::default();
    waiting(&table, 400);
    assert_eq!(settle_at(&table, 0, 1000).reserved.len(), 95);
    let posted = settle_at(&table, 10, 1000);
    assert_eq!(
        (posted.reserved.len(), posted.wanting.len()),
        (49, 0),
        "144 in all: the next tick hands on the rest"
    );
    assert_eq!(settle_at(&table, 15, 1000).reserved.len(), 0);
    let next = 60 - at(UP).as_second() % 60;
    let posted = settle_at(&table, next, 1000);
    assert_eq!(
        (posted.reserved.len(), registrations(&table, next)),
        (95, 95),
        "these come up a minute later"
    );
    assert_eq!(table.totals("plain").queued, 400);
    table.assert_balanced();
}

#[test]
fn while_github_asks_to_wait_only_runners_that_come_up_afterwards_are_reserved() {
    for (wait, reserved) in [(UP + 1, 0), (UP, 3)] {
        let table = FaultyTable::default();
        waiting(&table, 3);
        let budget = Budget { wait_until: Some(at(wait)), version: 1 };
        (&table).commit(&[Put(Item::Budget(budget))]).now_or_never().expect("nothing waits").unwrap();
        let posted = settle_at(&table, 0, 10);
        assert_eq!((posted.reserved.len(), posted.wanting.len()), (reserved, 0), "{wait} seconds");
    }
}

#[test]
fn a_pool_that_is_handed_on_takes_no_permits() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    let posted = post_as(&launcher, &queued("plain", 1..=3), Settling::HandedOn);
    assert_eq!((posted.reserved.len(), table.spends()), (0, 0));
    assert_eq!(posted.wanting, [pool("plain")].into());
    let read = settle_with(&launcher, &[Event::FoundWaiting { job: JobId(9), version: 1 }]).unwrap();
    assert_eq!((read.wanting.len(), table.spends()), (0, 0), "no permit is taken in vain");
}

#[test]
fn a_retried_transaction_keeps_its_permits_and_gives_back_those_it_no_longer_needs() {
    let table = FaultyTable::default();
    waiting(&table, 3);
    table.meets([CommitFault::conflict(), CommitFault::lost()]);
    assert_eq!(settle_at(&table, 0, 10).reserved.len(), 3);
    assert_eq!((registrations(&table, 0), table.spends()), (3, 2), "registrations, and calls: each once");

    let table = FaultyTable::default();
    waiting(&table, 3);
    table.meets([CommitFault::meanwhile(|table| drop(settle_at(table, 0, 2)))]);
    let calls = |table: &FaultyTable| table.meter(Meter::RunTasks) - at(0).as_microsecond();
    assert_eq!(settle_at(&table, 0, 10).reserved.len(), 1, "the other launcher has reserved two");
    assert_eq!(registrations(&table, 0), 3);
    assert_eq!(calls(&table), 3 * pools().limits().between_run_tasks());
    table.assert_balanced();
}
