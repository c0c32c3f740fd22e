//! The kinds of items, and what they say about themselves.

use fleet::GithubRunnerId;
use fleet::delivery::DeliveryCursor;
use fleet::ledger::{
    Book, Budget, Fenced, Item, Job, JobTimes, Meter, Reading, Runner, RunnerState, StartTimes,
    UnservedReason,
};
use fleet::repair::suspicion::Suspicions;
use fleet::sweep::SweepCursor;
use kit::ledger::{at, pool, queued, runner_id};

use crate::written::Written;

/// A job of `spot` that waits.
fn job() -> Job {
    let mut ledger = Written::new();
    ledger.post(&queued("spot", [1])[0], 0);
    ledger.job(1).clone()
}

/// A runner of `spot` in this state.
fn runner(state: RunnerState) -> Runner {
    Runner { state, ..Runner::reserved(runner_id(1), pool("spot"), pool("spot"), at(0)) }
}

#[test]
fn an_item_is_of_one_kind_and_of_no_other() {
    let items = [
        Item::Book(Book::open(pool("spot"), 5)),
        Item::Job(job()),
        Item::Runner(runner(RunnerState::Idle)),
        Item::Budget(Budget::default()),
        Item::Meter(Reading { meter: Meter::RunTasks, spent: 7 }),
        Item::Deliveries(DeliveryCursor::default()),
        Item::Suspicions(Suspicions::default()),
        Item::Sweep(SweepCursor::default()),
    ];
    for (place, item) in items.iter().enumerate() {
        let kinds = [
            item.book().is_some(),
            item.job().is_some(),
            item.runner().is_some(),
            item.budget().is_some(),
            item.reading().is_some(),
            item.deliveries().is_some(),
            item.suspicions().is_some(),
            item.sweep().is_some(),
        ];
        let expected: Vec<bool> = (0..items.len()).map(|kind| kind == place).collect();
        assert_eq!(kinds.to_vec(), expected, "{item:?}");
    }
}

#[test]
fn a_fence_holds_only_for_a_leaving_runner_without_a_jit_config() {
    let leaving = runner(RunnerState::Leaving);
    assert_eq!(Fenced::of(Some(leaving.clone())), Fenced::Holds(leaving.clone()));
    let registered = Runner { github_id: Some(GithubRunnerId(7)), ..leaving };
    for late in [registered, runner(RunnerState::Idle), runner(RunnerState::Stopped)] {
        assert_eq!(Fenced::of(Some(late.clone())), Fenced::TooLate(late));
    }
    assert_eq!(Fenced::of(None), Fenced::Unknown);
}

#[test]
fn the_reason_why_a_job_is_unserved_says_what_to_do() {
    for (reason, what_to_do) in [
        (UnservedReason::PublicRepository, "allow public repositories"),
        (UnservedReason::RunnerGroup, "add it in the settings of the group"),
    ] {
        assert!(reason.to_string().contains(what_to_do), "{reason}");
    }
}

/// Each attribute of an item costs money with every write.
#[test]
fn unknown_times_are_not_written_and_known_ones_are_read_back() {
    let times = |item: &Item| serde_json::to_value(item).unwrap().get("times").is_some();
    let nothing_known = Runner::reserved(runner_id(1), pool("spot"), pool("spot"), at(0));
    let up =
        Runner { times: StartTimes { asked: Some(7), ..StartTimes::default() }, ..nothing_known.clone() };
    let begun = Job { times: JobTimes { begun_at: Some(at(9)), ..JobTimes::default() }, ..job() };
    let queued = Job { times: JobTimes::default(), ..job() };
    for (item, known) in [
        (Item::Runner(nothing_known), false),
        (Item::Runner(up), true),
        (Item::Job(begun), true),
        (Item::Job(queued), false),
    ] {
        assert_eq!(times(&item), known, "{item:?}");
        let read: Item = serde_json::from_value(serde_json::to_value(&item).unwrap()).unwrap();
        assert_eq!(read, item);
    }
}
