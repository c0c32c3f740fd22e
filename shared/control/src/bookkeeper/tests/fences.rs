//! Fences, and what a posting carries of what its transaction held.

use super::*;
use fleet::launch::StopClass;
use fleet::ledger::Item;

/// One runner of `plain`, reserved.
fn reserved(table: &Table) -> RunnerId {
    settle_with(&launcher(1, table), &queued("plain", [1])).unwrap().reserved[0].id.clone()
}

fn fence(table: &Table, runner: &RunnerId, cause: FenceCause) -> Fence {
    launcher(2, table).fence(&pools(), runner, cause).now_or_never().expect("nothing waits").unwrap()
}

/// A runner as the table has it.
fn stored(table: &Table, id: &RunnerId) -> Runner {
    let read = table.read(&[Key::Runner(id.clone())]).now_or_never().expect("nothing waits");
    match read.unwrap().pop() {
        Some(Item::Runner(runner)) => runner,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fence_says_whether_it_holds_and_gives_the_runner_as_it_is() {
    let claim = || RunnerEvent::Claim(boot("first"));
    let stopped = || RunnerEvent::TaskStopped(StopClass::Ordinary, String::new());
    for (before, holds, replaced, why) in [
        (vec![], true, 1, "it never claimed, and its job still waits"),
        (vec![RunnerEvent::Fenced], true, 1, "somebody else fenced it, and did not settle"),
        (vec![claim()], false, 0, "it claimed first"),
        (vec![claim(), RunnerEvent::Registered(boot("first"), GithubRunnerId(7))], false, 0, "it is Idle"),
        (vec![claim(), RunnerEvent::CountedOut], false, 1, "it claimed, and leaves by itself"),
        (vec![stopped()], false, 1, "it has stopped"),
    ] {
        let table = Table::default();
        let runner = reserved(&table);
        let before: Vec<Event> = before.into_iter().map(|it| Event::Runner(runner.clone(), it)).collect();
        post_with(&launcher(1, &table), &before).unwrap();
        let fence = fence(&table, &runner, FenceCause::NotNeeded);
        let stored = stored(&table, &runner);
        let expected = if holds { Fenced::Holds(stored) } else { Fenced::TooLate(stored) };
        assert_eq!((fence.answer, fence.reserved.len()), (expected, replaced), "{why}");
        table.assert_balanced();
    }
    let table = Table::default();
    let nobody = fence(&table, &RunnerId::from_random(7), FenceCause::BootLimit);
    assert_eq!(
        nobody,
        Fence { answer: Fenced::Unknown, reserved: vec![], breakers: BTreeMap::new(), conflicts: 0 }
    );
}

#[test]
fn a_claim_that_comes_between_a_fence_and_its_read_wins() {
    let table = Table::default();
    let runner = reserved(&table);
    let claimed = runner.clone();
    table.meets([Fault::meanwhile(move |table| {
        let claim = Event::Runner(claimed, RunnerEvent::Claim(boot("first")));
        post_with(&launcher(1, table), &[claim]).unwrap();
    })]);
    let fence = fence(&table, &runner, FenceCause::BootLimit);
    assert_eq!(fence.answer, Fenced::TooLate(stored(&table, &runner)));
    assert_eq!((fence.reserved, fence.conflicts), (vec![], 1));
}

#[test]
fn a_fence_whose_answer_is_lost_holds() {
    let table = Table::default();
    let runner = reserved(&table);
    table.meets([Fault::lost()]);
    let fence = fence(&table, &runner, FenceCause::BootLimit);
    assert_eq!(fence.answer, Fenced::Holds(stored(&table, &runner)));
    assert_eq!(fence.reserved.len(), 1, "its replacement is given back once");
}

#[test]
fn no_capacity_begins_a_rest_with_the_fence() {
    let table = Table::default();
    let runner = reserved(&table);
    let fence = fence(&table, &runner, FenceCause::NoCapacity);
    assert_eq!(fence.reserved, [], "its replacement is not reserved where there is no capacity");
    let book = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap().books.remove(&pool("plain"));
    let rest = book.unwrap().health.rest.unwrap();
    assert_eq!(rest.reason, "no capacity within five minutes");
}

#[test]
fn a_posting_carries_the_items_as_they_are_stored() {
    let table = Table::default();
    let runner = reserved(&table);
    let claim = [Event::Runner(runner.clone(), RunnerEvent::Claim(boot("first")))];
    for why in ["as it was written", "as it was read"] {
        let posted = post_with(&launcher(1, &table), &claim).unwrap();
        assert_eq!(posted.runners, [(runner.clone(), stored(&table, &runner))].into(), "{why}");
        for book in table.items().into_iter().filter(|item| matches!(item, Item::Book(_))) {
            assert_eq!(posted.books.values().cloned().map(Item::Book).collect::<Vec<_>>(), [book], "{why}");
        }
    }
    let touched = settle_with(&launcher(1, &table), &queued("spot", [2])).unwrap().books;
    let names: Vec<&str> = touched.keys().map(PoolName::as_str).collect();
    assert_eq!(names, ["plain", "spot"], "the fallback's too");
}
