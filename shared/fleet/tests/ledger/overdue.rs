//! How many runners may be Overdue, and what is reported of them.

use fleet::ledger::{Key, RunnerEvent, RunnerState};
use fleet::question::Listener;
use kit::ledger::{asked, pool, queued};

use crate::written::Written;

const MINUTE: i64 = 60;

/// A ledger with this number of jobs waiting in `spot`, and this number of runners reserved there.
fn waiting(jobs: u64, runners: u128) -> Written {
    let mut ledger = Written::new();
    for event in queued("spot", 1..=jobs) {
        ledger.post(&event, 0);
    }
    for runner in 1..=runners {
        ledger.reserve(runner, "spot", 0);
    }
    ledger
}

fn overdue(ledger: &mut Written, runners: impl IntoIterator<Item = u128>, seconds: i64) -> Vec<u128> {
    let is_overdue = |runner: &u128| {
        ledger.says(*runner, RunnerEvent::Overdue, seconds);
        ledger.runner(*runner).state == RunnerState::Overdue
    };
    runners.into_iter().filter(is_overdue).collect()
}

#[test]
fn as_many_are_overdue_as_jobs_wait() {
    for (jobs, runners, expected) in [(1, 4, 1), (2, 4, 2), (4, 4, 4), (5, 4, 4), (0, 4, 0)] {
        let mut ledger = waiting(jobs, runners);
        let found = overdue(&mut ledger, 1..=runners, 3 * MINUTE);
        assert_eq!(found.len(), expected, "{jobs} jobs, {runners} runners");
        let totals = (ledger.book("spot").supply, ledger.book("spot").live);
        let expected = i64::try_from(expected).unwrap();
        assert_eq!(totals, (4 - expected, 4), "they live, but are no supply");
    }
}

#[test]
fn those_of_the_last_quarter_of_an_hour_count_against_the_next_and_older_ones_do_not() {
    for (minutes, may, why) in [
        (3, false, "the first one has a spare by now"),
        (14, false, "within the quarter"),
        (16, true, "what was overdue that long ago no longer counts"),
        (60, true, "the same"),
    ] {
        let mut ledger = waiting(1, 2);
        assert_eq!(overdue(&mut ledger, [1], 3 * MINUTE), [1]);
        let found = overdue(&mut ledger, [2], (3 + minutes) * MINUTE);
        assert_eq!(!found.is_empty(), may, "after {minutes} minutes: {why}");
    }
}

#[test]
fn one_that_came_back_still_counts_and_is_overdue_only_once() {
    let mut ledger = waiting(2, 3);
    assert_eq!(overdue(&mut ledger, [1], 3 * MINUTE), [1]);
    ledger.says(1, asked("first", Listener::None), 4 * MINUTE);
    assert_eq!(ledger.runner(1).state, RunnerState::Idle, "a job still waits for it");
    assert_eq!(overdue(&mut ledger, [1], 8 * MINUTE), [0; 0], "it is silent again, but was Overdue before");
    assert_eq!(overdue(&mut ledger, [2, 3], 8 * MINUTE), [2], "two jobs, and the first one counts");
}

/// It changes no total of its pool's book. But the book said that it is not needed, so nobody may change the book in
/// between.
#[test]
fn one_that_leaves_is_written_with_its_pools_book_and_one_that_stays_is_not() {
    let mut ledger = waiting(1, 1);
    assert_eq!(overdue(&mut ledger, [1], 3 * MINUTE), [1]);
    let book = Key::Book(pool("spot"));
    let stays = ledger.says(1, RunnerEvent::LaunchTried(Some("throttled".to_owned())), 4 * MINUTE);
    assert_eq!(ledger.runner(1).put_off.as_deref(), Some("throttled"));
    assert!(!stays.wrote.contains(&book), "{:?}", stays.wrote);
    let leaves = ledger.says(1, RunnerEvent::CountedOut, 5 * MINUTE);
    assert_eq!(ledger.runner(1).state, RunnerState::Leaving);
    assert!(leaves.wrote.contains(&book), "{:?}", leaves.wrote);
}

#[test]
fn a_burst_that_waits_for_githubs_budget_makes_nobody_overdue() {
    let mut ledger = waiting(3, 3);
    for minute in 1..=10 {
        for runner in 1..=3 {
            ledger.says(runner, asked("first", Listener::None), minute * MINUTE);
            assert_eq!(overdue(&mut ledger, [runner], minute * MINUTE + 59), [0; 0], "it asks each minute");
        }
    }
}

#[test]
fn each_runner_that_becomes_overdue_is_reported() {
    let mut ledger = waiting(2, 2);
    for (runner, told) in [(1, Some(1)), (1, None), (2, Some(1))] {
        let posted = ledger.says(runner, RunnerEvent::Overdue, 3 * MINUTE);
        let expected = told.map(|count| (pool("spot"), count)).into_iter().collect();
        assert_eq!(posted.tidings.overdue, expected, "runner {runner}");
    }
}

#[test]
fn a_plain_wait_writes_nothing_but_the_first_and_that_the_listener_is_up() {
    use Listener::{None, Starting, Up};
    let mut ledger = waiting(1, 1);
    for (minute, listener, wrote, why) in [
        (1, None, 2, "the first: its boot, and its place in the book"),
        (2, None, 1, "GitHub could not make its config: the time of its question"),
        (3, Starting, 0, "a read"),
        (4, Starting, 0, "a read"),
        (5, Up, 1, "its listener is up"),
        (6, Up, 0, "a read"),
        (7, Up, 0, "a read"),
    ] {
        let posted = ledger.says(1, asked("first", listener), minute * MINUTE);
        // The start is also news for the capacity's book, which is the same book here.
        assert_eq!(posted.wrote.len(), wrote, "minute {minute}, {listener:?}: {why}");
    }
}
