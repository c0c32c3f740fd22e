//! Fences, and the items that a posting returns.

use super::*;
use fleet::launch::{StopClass, TaskTimes};

/// One runner of `plain`, reserved.
fn reserved(table: &FaultyTable) -> RunnerId {
    settle_with(&launcher(1, table), &queued("plain", [1])).unwrap().reserved[0].id.clone()
}

fn fence(table: &FaultyTable, runner: &RunnerId, cause: FenceCause) -> Fence {
    fence_after(table, runner, cause, 0)
}

/// A fence this many seconds after the reservation.
fn fence_after(table: &FaultyTable, runner: &RunnerId, cause: FenceCause, seconds: i64) -> Fence {
    let fencer = LauncherBooks { ledger: table, system: NotingClock::of(2).after(seconds) };
    fencer.fence(&pools(), runner, cause, None).now_or_never().expect("nothing waits").unwrap()
}

/// The pool `plain`, if it is to be settled.
fn wanting(is_to_be_settled: bool) -> BTreeSet<PoolName> {
    is_to_be_settled.then(|| pool("plain")).into_iter().collect()
}

/// A runner as the table has it.
fn stored(table: &FaultyTable, id: &RunnerId) -> Runner {
    let read = table.read(&[Key::Runner(id.clone())]).now_or_never().expect("nothing waits");
    match read.unwrap().pop() {
        Some(Item::Runner(runner)) => runner,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fence_holds_for_a_runner_without_a_config_and_returns_the_runner() {
    let none = || asked("first", Listener::None);
    let stopped = || RunnerEvent::TaskStopped(StopClass::Ordinary, String::new(), TaskTimes::default());
    for (before, waits, holds, why) in [
        (vec![], false, true, "it has asked for nothing, and no job waits for it"),
        (vec![], true, false, "since it was found, a job has begun to wait for it"),
        (vec![RunnerEvent::CountedOut], true, true, "it leaves"),
        (vec![none()], false, false, "it asked first, and may have its config by now"),
        (vec![none(), registered("first", 7)], false, false, "it has its config"),
        (vec![none(), RunnerEvent::CountedOut], false, true, "it leaves, and will get no config"),
        (
            vec![none(), registered("first", 7), RunnerEvent::CountedOut],
            false,
            false,
            "it has one, and leaves",
        ),
        (vec![stopped()], true, false, "it has stopped"),
    ] {
        let table = FaultyTable::default();
        let runner = reserved(&table);
        let mut before: Vec<Event> = before.into_iter().map(|it| Event::Runner(runner.clone(), it)).collect();
        if !waits {
            before.push(Event::Job(job_event(JobAction::Completed, 1, "plain")));
        }
        post_with(&launcher(1, &table), &before).unwrap();
        let fence = fence(&table, &runner, FenceCause::NotNeeded);
        let stored = stored(&table, &runner);
        let is_replaced = waits && !stored.state.is_supply();
        let expected = if holds { Fenced::Holds(stored) } else { Fenced::TooLate(stored) };
        assert_eq!(fence.answer, expected, "{why}");
        assert_eq!(fence.wanting, wanting(is_replaced), "{why}");
        table.assert_balanced();
    }
    let table = FaultyTable::default();
    let nobody = fence(&table, &RunnerId::from_random(7), FenceCause::BootLimit);
    let (wanting, tidings) = (wanting(false), Tidings::default());
    assert_eq!(nobody, Fence { answer: Fenced::Unknown, wanting, tidings, conflicts: 0, wrote: false });
}

#[test]
fn a_runner_at_its_boot_limit_is_fenced_even_if_it_has_asked() {
    for (before, minutes, holds, why) in [
        (vec![], 14, false, "it may come up"),
        (vec![], 15, true, "it has asked for nothing"),
        (
            vec![asked("first", Listener::None)],
            15,
            true,
            "its last question is that long ago, and it has no config",
        ),
        (vec![asked("first", Listener::None), registered("first", 7)], 15, false, "it has its config"),
    ] {
        let table = FaultyTable::default();
        let runner = reserved(&table);
        let before: Vec<Event> = before.into_iter().map(|it| Event::Runner(runner.clone(), it)).collect();
        post_with(&launcher(1, &table), &before).unwrap();
        let fence = fence_after(&table, &runner, FenceCause::BootLimit, minutes * 60);
        let stored = stored(&table, &runner);
        let expected = if holds { Fenced::Holds(stored) } else { Fenced::TooLate(stored) };
        assert_eq!(fence.answer, expected, "after {minutes} minutes: {why}");
        assert_eq!(fence.wanting, wanting(holds), "its job gets another runner: {why}");
        table.assert_balanced();
    }
}

#[test]
fn a_question_between_a_fences_read_and_its_write_wins() {
    let table = FaultyTable::default();
    let runner = reserved(&table);
    let ended = [Event::Job(job_event(JobAction::Completed, 1, "plain")), bounds("plain", 1, 300)];
    post_with(&launcher(1, &table), &ended[..1]).unwrap();
    let asks = [ended[1].clone(), Event::Runner(runner.clone(), asked("first", Listener::None))];
    table.meets([CommitFault::meanwhile(move |table| drop(post_with(&launcher(1, table), &asks).unwrap()))]);
    let fence = fence(&table, &runner, FenceCause::NotNeeded);
    assert_eq!(fence.answer, Fenced::TooLate(stored(&table, &runner)));
    assert_eq!((fence.wanting, fence.conflicts), (wanting(false), 1));
}

#[test]
fn a_fence_between_a_questions_read_and_its_write_wins() {
    let table = FaultyTable::default();
    let runner = reserved(&table);
    let asks = [Event::Runner(runner.clone(), asked("first", Listener::None))];
    let fenced = runner.clone();
    table.meets([CommitFault::meanwhile(move |table| drop(fence(table, &fenced, FenceCause::NoCapacity)))]);
    let posted = post_with(&launcher(3, &table), &asks).unwrap();
    assert_eq!((posted.answers, posted.conflicts), (vec![LedgerAnswer::Ask(AskAnswer::Leave)], 1));
    assert_eq!(stored(&table, &runner).boot, None, "it is bound to no boot: its task is about to be stopped");
}

#[test]
fn a_fence_whose_answer_is_lost_holds() {
    let table = FaultyTable::default();
    let runner = reserved(&table);
    table.meets([CommitFault::lost()]);
    let fence = fence_after(&table, &runner, FenceCause::BootLimit, 15 * 60);
    assert_eq!(fence.answer, Fenced::Holds(stored(&table, &runner)));
    assert_eq!(fence.wanting, wanting(true), "its job still waits");
    assert_eq!(table.book("plain").unwrap().health.failures, 1, "which counts as one failed boot");
}

#[test]
fn a_fence_for_want_of_capacity_begins_a_rest() {
    let table = FaultyTable::default();
    let runner = reserved(&table);
    let fence = fence(&table, &runner, FenceCause::NoCapacity);
    assert_eq!(fence.wanting, wanting(false), "nothing may be reserved where there is no capacity");
    let book = settle_with(&launcher(1, &table), &queued("plain", [1])).unwrap().books.remove(&pool("plain"));
    let rest = book.unwrap().health.rest.unwrap();
    assert_eq!(rest.reason, "no capacity within five minutes");
}

#[test]
fn a_posting_returns_the_items_as_they_are_stored() {
    let table = FaultyTable::default();
    let runner = reserved(&table);
    let asks = [Event::Runner(runner.clone(), asked("first", Listener::Up))];
    for why in ["as it was written", "as it was read"] {
        let posted = post_with(&launcher(1, &table), &asks).unwrap();
        assert_eq!(posted.runners, [(runner.clone(), stored(&table, &runner))].into(), "{why}");
        for book in table.items().into_iter().filter(|item| matches!(item, Item::Book(_))) {
            assert_eq!(posted.books.values().cloned().map(Item::Book).collect::<Vec<_>>(), [book], "{why}");
        }
    }
    let touched = settle_with(&launcher(1, &table), &queued("spot", [2])).unwrap().books;
    let names: Vec<&str> = touched.keys().map(PoolName::as_str).collect();
    assert_eq!(names, ["plain", "spot"], "the fallback's too");
}
