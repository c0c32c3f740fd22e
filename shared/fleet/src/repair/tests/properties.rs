//! What holds whatever a pass may see.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::condition::{after, condition, snapshot};
use super::stage::*;
use crate::ids::{PoolName, RunnerId};
use crate::ledger::{Entries, Item, Runner, RunnerState, SLOW};
use crate::repair::{FenceCause, RULES, Repair, clusters_in_question, repairs};

/// What a repair does to whom.
fn key(repair: &Repair) -> (&'static str, PoolName, Option<RunnerId>, Option<u64>) {
    let job = if let Repair::Reroute { job, .. } = repair { Some(job.0) } else { None };
    (repair.name(), repair.pool().clone(), repair.runner().map(|runner| runner.id.clone()), job)
}

proptest! {
    #[test]
    fn no_runner_with_a_config_is_ended_and_each_runner_has_one_repair_at_most(condition in condition()) {
        let stage = BorrowedParts::new();
        let found = repairs(&snapshot(&stage, &condition));
        for repair in &found {
            let Some(runner) = repair.runner() else { continue };
            let is_spared = matches!(repair, Repair::CallOverdue { .. });
            prop_assert!(is_spared || runner.has_no_config(), "{:?}", found);
            prop_assert!(runner.state != RunnerState::Busy && !runner.listened, "{:?}", found);
            if let Repair::Fence { cause, .. } = repair {
                let slow = matches!(cause, FenceCause::BootLimit | FenceCause::SlowTwice);
                prop_assert!(slow || runner.boot.is_none(), "{:?}", found);
            }
        }
        let named: Vec<&Runner> = found.iter().filter_map(Repair::runner).collect();
        let ids: BTreeSet<&RunnerId> = named.iter().map(|runner| &runner.id).collect();
        prop_assert_eq!(ids.len(), named.len());
    }

    /// Never a runner that has asked for nothing and whose task is PROVISIONING or unknown; never twice; no
    /// more than jobs wait; and the ledger, which has its own conditions, records each once it has recorded
    /// the repairs before it.
    #[test]
    fn a_runner_becomes_overdue_only_if_it_is_slow_while_a_job_waits(condition in condition()) {
        let stage = BorrowedParts::new();
        let snapshot = snapshot(&stage, &condition);
        let mut entries = Entries::default();
        entries.extend(snapshot.books.values().cloned().map(Item::Book));
        entries.extend(snapshot.runners.values().cloned().map(Item::Runner));
        let mut overdue: BTreeMap<PoolName, i64> = BTreeMap::new();
        for repair in repairs(&snapshot) {
            if let Some(event) = repair.event() {
                entries.apply(&event, NOON);
            }
            let Repair::CallOverdue { runner } = &repair else { continue };
            *overdue.entry(runner.pool.clone()).or_default() += 1;
            let task = snapshot.sight(runner).task();
            let boots = task.is_some_and(|task| !task.is_provisioning() && !task.has_stopped());
            prop_assert!(runner.boot.is_some() || boots, "{:?} {:?}", runner, task);
            prop_assert!(runner.overdue_at.is_none() && runner.silence(NOON) >= SLOW, "{:?}", runner);
            let state = entries.runner(&runner.id).unwrap().state;
            prop_assert_eq!(state, RunnerState::Overdue, "{:?}", runner);
        }
        for (name, count) in overdue {
            let book = &snapshot.books[&name];
            prop_assert!(count <= book.queued, "{} overdue: {:?}", count, book);
        }
    }

    #[test]
    fn the_same_snapshot_gives_the_same_list(condition in condition()) {
        let stage = BorrowedParts::new();
        let (once, again) = (snapshot(&stage, &condition), snapshot(&stage, &condition));
        prop_assert_eq!(repairs(&once), repairs(&again));
    }

    #[test]
    fn a_repair_that_was_performed_is_not_found_again(condition in condition()) {
        let stage = BorrowedParts::new();
        let before = snapshot(&stage, &condition);
        let done = repairs(&before);
        let found = repairs(&after(&stage, &condition, &before, &done));
        let done: BTreeSet<_> = done.iter().map(key).collect();
        let again: Vec<_> = found.iter().filter(|repair| done.contains(&key(repair))).collect();
        prop_assert!(again.is_empty(), "{:?}", again);
    }

    #[test]
    fn only_tasks_that_ecs_was_asked_about_and_knows_are_stopped(condition in condition()) {
        let stage = BorrowedParts::new();
        let snapshot = snapshot(&stage, &condition);
        let asked = clusters_in_question(&snapshot);
        for repair in repairs(&snapshot) {
            if let Repair::Fence { task: Some(task), .. } | Repair::Stop { task, .. } = &repair {
                prop_assert!(asked.contains(task.cluster.as_str()), "{:?}", repair);
            }
        }
    }
}

#[test]
fn each_rule_says_what_it_mends() {
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert!(RULES.iter().all(|rule| !rule.mends.is_empty()));
}
