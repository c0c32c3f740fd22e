//! Idle runners that GitHub removes: they are replaced at once, but beyond a limit their places rest.

use fleet::launch::{Ending, StopClass, TaskTimes};
use fleet::ledger::RunnerEvent;
use fleet::question::Listener;
use kit::ledger::{asked, at, bounds, pool, registered};

use crate::written::{PostedEvents, Written};

const MINUTE: i64 = 60;

/// A pool with this minimum.
fn keeping(minimum: u32) -> Written {
    let mut ledger = Written::new();
    ledger.post(&bounds("spot", minimum, 9), 0);
    ledger
}

/// Lets GitHub remove a runner that waits.
fn reap(ledger: &mut Written, runner: u128, seconds: i64) -> PostedEvents {
    ledger.reserve(runner, "spot", seconds);
    ledger.says(runner, asked("first", Listener::None), seconds);
    ledger.says(runner, registered("first", 7), seconds);
    ledger.says(runner, asked("first", Listener::Up), seconds);
    ledger.says(runner, removed(), seconds)
}

fn removed() -> RunnerEvent {
    RunnerEvent::TaskStopped(
        StopClass::Ended(Ending::Removed),
        "exit code 78".to_owned(),
        TaskTimes::default(),
    )
}

#[test]
fn four_times_the_minimum_an_hour_may_be_removed_and_each_one_beyond_rests_a_place() {
    for (minimum, allowed) in [(1, 4), (2, 8), (3, 12)] {
        let mut ledger = keeping(minimum);
        for number in 1..=allowed + 2 {
            let told = reap(&mut ledger, number, 600).tidings;
            assert_eq!(told.reaped, [(pool("spot"), 1)].into(), "each is counted");
            let rests = number > allowed;
            assert_eq!(told.places_resting.get(&pool("spot")), rests.then_some(&1), "{number} of {minimum}");
        }
        let kept = (i64::from(minimum) - 2).max(1);
        assert_eq!(
            ledger.book("spot").kept(at(600)),
            kept,
            "two places of {minimum} rest, but never the last"
        );
    }
}

#[test]
fn no_place_rests_once_the_minimum_is_gone() {
    let mut ledger = keeping(3);
    for number in 1..=3 {
        ledger.reserve(number, "spot", 600);
        ledger.says(number, asked("first", Listener::None), 600);
    }
    ledger.post(&bounds("spot", 0, 9), 600);
    for number in 1..=3 {
        let told = ledger.says(number, removed(), 600).tidings;
        assert_eq!((told.reaped, told.places_resting), ([(pool("spot"), 1)].into(), [].into()), "{number}");
    }
}

#[test]
fn an_ordinary_one_is_replaced_at_once() {
    let mut ledger = keeping(2);
    reap(&mut ledger, 1, 600);
    let book = ledger.book("spot");
    assert_eq!((book.kept(at(600)), book.deficit(at(600)), book.health.run_failure_thirds), (2, 2, 0));
}

#[test]
fn a_place_rests_for_a_quarter_of_an_hour() {
    let mut ledger = keeping(3);
    for number in 1..=14 {
        reap(&mut ledger, number, 0);
    }
    for (minutes, kept) in [(0, 1), (14, 1), (16, 3), (60, 3)] {
        assert_eq!(ledger.book("spot").kept(at(minutes * MINUTE)), kept, "after {minutes} minutes");
    }
}

#[test]
fn those_of_more_than_an_hour_ago_no_longer_count() {
    for (minutes, rests) in [(30, true), (59, true), (62, false)] {
        let mut ledger = keeping(1);
        for number in 1..=4 {
            reap(&mut ledger, number, 0);
        }
        let told = reap(&mut ledger, 5, minutes * MINUTE).tidings;
        assert_eq!(!told.places_resting.is_empty(), rests, "the fifth after {minutes} minutes");
    }
}

#[test]
fn a_pool_without_a_minimum_rests_no_place() {
    let mut ledger = keeping(0);
    for number in 1..=20 {
        let told = reap(&mut ledger, number, 0).tidings;
        assert_eq!(told.places_resting, [].into(), "the {number}th");
    }
    assert_eq!(ledger.book("spot").kept(at(0)), 0);
}

#[test]
fn a_place_that_rests_makes_no_need_and_no_deficit_and_jobs_go_on() {
    let mut ledger = keeping(2);
    for number in 1..=9 {
        reap(&mut ledger, number, 0);
    }
    ledger.reserve(20, "spot", MINUTE);
    ledger.reserve(21, "spot", MINUTE);
    let resting = ledger.book("spot").clone();
    assert_eq!(
        (resting.kept(at(MINUTE)), resting.demand(at(MINUTE)), resting.deficit(at(MINUTE))),
        (1, 1, -1)
    );
    let over = at(20 * MINUTE);
    assert_eq!((resting.kept(over), resting.demand(over), resting.deficit(over)), (2, 2, 0));

    let busy = fleet::ledger::Book { queued: 3, ..resting };
    assert_eq!(busy.demand(at(MINUTE)), 4, "three jobs, and the remaining place");
}
