//! What an item is, and what it says of itself.

use fleet::GithubRunnerId;
use fleet::delivery::DeliveryCursor;
use fleet::ledger::{Book, Budget, Fenced, Item, Job, Meter, Reading, Runner, RunnerState, UnservedReason};
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
fn a_fence_holds_only_for_who_leaves_without_a_jit_config() {
    let leaving = runner(RunnerState::Leaving);
    assert_eq!(Fenced::of(Some(leaving.clone())), Fenced::Holds(leaving.clone()));
    let registered = Runner { github_id: Some(GithubRunnerId(7)), ..leaving };
    for late in [registered, runner(RunnerState::Idle), runner(RunnerState::Stopped)] {
        assert_eq!(Fenced::of(Some(late.clone())), Fenced::TooLate(late));
    }
    assert_eq!(Fenced::of(None), Fenced::Unknown);
}

#[test]
fn why_nobody_takes_a_job_is_said_with_what_to_do() {
    for (reason, what_to_do) in [
        (UnservedReason::PublicRepository, "allow public repositories"),
        (UnservedReason::RunnerGroup, "add it in the settings of the group"),
    ] {
        assert!(reason.to_string().contains(what_to_do), "{reason}");
    }
}
