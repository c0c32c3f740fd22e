//! For any order of events, and however often each arrives: the jobs end in the same states, every book equals the
//! sum of its items, and no pool launches over its maximum.

mod history;
mod rules;
mod settling;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fleet::ledger::{Event, JobState, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::{PoolMap, PoolName, RunnerId};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use self::history::{delivered, ends, history, lateness};
use self::table::CheckedTable;

/// The pools that take part; the first falls back on the second.
const POOLS: [&str; 2] = ["fargate-x64-spot", "fargate-x64"];

static MAP: LazyLock<PoolMap> = LazyLock::new(|| PoolMap::from_toml(DEFAULT_POOLS).unwrap());

fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

fn names() -> BTreeSet<PoolName> {
    POOLS.into_iter().map(pool).collect()
}

fn runner_id(number: usize) -> RunnerId {
    RunnerId::from_random(number as u128)
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
}

proptest! {
    #[test]
    fn any_order_of_the_same_events_ends_with_the_same_jobs_and_in_balance(
        history in history(),
        deliveries in [lateness(), lateness()],
        batch in 1_usize..=6,
    ) {
        for lateness in deliveries {
            let mut table = CheckedTable::with_runners();
            let events = delivered(&history, &lateness);
            table.run(&events, batch);
            for (job, end) in ends(&history) {
                let found = table.jobs()[&job];
                // A read of GitHub may have come last for a job that waits.
                let waits =
                    matches!(found, JobState::Waiting | JobState::Unserved) && end == JobState::Queued;
                prop_assert!(found == end || waits, "job {} is {:?} and not {:?}", job, found, end);
            }
            table.redeliver(&said_of_jobs(&events));
            let mut found = table.jobs();
            // A repeated event of an unserved job is no reason to try it again.
            found.values_mut().filter(|it| **it == JobState::Unserved).for_each(|it| *it = JobState::Queued);
            prop_assert_eq!(found, ends(&history));
        }
    }

    #[test]
    fn what_github_says_of_jobs_moves_nothing_once_it_is_known(history in history(), late in lateness()) {
        let mut table = CheckedTable::with_runners();
        let events = delivered(&history, &late);
        table.run(&events, 10);
        let said = said_of_jobs(&events);
        // Some events may have come before their runner was registered, and are new now.
        table.redeliver(&said);
        let before = table.settled();
        table.redeliver(&said);
        prop_assert_eq!(table.settled(), before);
    }
}

/// GitHub's own events.
fn said_of_jobs(events: &[Event]) -> Vec<Event> {
    events.iter().filter(|event| matches!(event, Event::Job(_))).cloned().collect()
}

/// The properties above mean something only if runners reach every state in the histories.
#[test]
fn in_most_histories_each_state_of_a_runner_is_reached() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};
    let mut random = TestRunner::deterministic();
    let mut histories = BTreeMap::new();
    for _ in 0..50 {
        let history = history().new_tree(&mut random).unwrap().current();
        let lateness = lateness().new_tree(&mut random).unwrap().current();
        let mut table = CheckedTable::with_runners();
        table.run(&delivered(&history, &lateness), 3);
        for state in table.reached() {
            *histories.entry(state).or_insert(0) += 1;
        }
    }
    for state in [Starting, Idle, Overdue, Busy, Leaving, Stopped] {
        let reached = histories.get(&state).copied().unwrap_or(0);
        assert!(reached >= 25, "{state:?} is reached in {reached} of 50 histories");
    }
}
