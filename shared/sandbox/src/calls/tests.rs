//! Calls: their times, their counts, and who observes them.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::rc::Rc;

use fleet::PoolMap;
use fleet::ledger::Budget;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{DescribeTasks as _, Ledger as _};

use super::*;
use crate::{Delays, placement_of};

const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

fn sandbox(calls: Latencies) -> (Sandbox, PoolMap) {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    (Sandbox::new(1, START, Delays { calls, ..Delays::default() }, &pools), pools)
}

fn milliseconds(length: u64) -> Span {
    Span(Duration::from_millis(length)..=Duration::from_millis(length))
}

fn budget(version: u64) -> Put {
    Put(Item::Budget(Budget { version, ..Budget::default() }))
}

#[test]
fn each_operation_takes_its_own_time_half_of_it_before_its_effect_and_each_page_is_a_call() {
    let spans =
        BTreeMap::from([(Operation::PutItem, milliseconds(8)), (Operation::DescribeTasks, milliseconds(50))]);
    let (sandbox, pools) = sandbox(Latencies::Each(spans));
    let effect = Rc::new(Cell::new(None));
    let seen = Rc::clone(&effect);
    sandbox.observe(move |it| seen.set(Some(it.at)));
    sandbox.set_running(Some(FunctionName::Scheduler));
    let passed = || sandbox.manual_clock().now().duration_since(START).as_millis();

    sandbox.manual_clock().run(sandbox.commit(&[budget(1)])).unwrap().unwrap();
    assert_eq!((effect.get().unwrap().duration_since(START).as_millis(), passed()), (4, 8));
    sandbox.manual_clock().run(sandbox.read(&[Key::Budget])).unwrap().unwrap();
    assert_eq!(passed(), 8, "what is not named takes no time");

    let cluster = placement_of(pools.iter().next().unwrap()).cluster;
    for (tasks, calls, times) in
        [(0, 1, 1), (100, 1, 1), (101, 2, 1), (500, 5, 1), (501, 6, 2), (1100, 11, 3)]
    {
        let (before, counted) = (passed(), sandbox.calls_so_far());
        let of = |counts: &BTreeMap<_, u64>| {
            counts.get(&(FunctionName::Scheduler, Operation::DescribeTasks)).copied().unwrap_or(0)
        };
        let tasks = vec![fleet::TaskArn::new("arn:aws:ecs:us-east-1:123456789012:task/none"); tasks];
        sandbox.manual_clock().run(sandbox.describe_tasks(&cluster, &tasks)).unwrap().unwrap();
        assert_eq!(passed() - before, 50 * times, "{} tasks: five calls side by side", tasks.len());
        assert_eq!(of(&sandbox.calls_so_far()) - of(&counted), calls, "{} tasks", tasks.len());
    }
}

#[test]
fn whoever_observes_sees_what_was_there_and_whether_it_was_replaced() {
    let (sandbox, _) = sandbox(Latencies::None);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&seen);
    sandbox.observe(move |effect| {
        if let EffectOf::Written(before, puts, written) = effect.of {
            let versions = before.iter().map(|it| it.as_ref().map_or(0, Item::version)).collect::<Vec<_>>();
            notes.borrow_mut().push((versions, puts.len(), written.is_ok()));
        }
    });
    let commit = |put| sandbox.manual_clock().run(sandbox.commit(&[put])).unwrap();
    commit(budget(1)).unwrap();
    assert_eq!(commit(budget(1)), Err(LedgerError::Conflict));
    commit(budget(2)).unwrap();
    assert_eq!(*seen.borrow(), [(vec![0], 1, true), (vec![1], 1, false), (vec![1], 1, true)]);
}

#[test]
fn operations_are_found_by_their_names() {
    for operation in Operation::ALL {
        assert_eq!(Operation::of_name(operation.name()), Some(*operation));
    }
    assert_eq!(Operation::of_name("GetItem"), None, "the ledger reads by BatchGetItem alone");
}
