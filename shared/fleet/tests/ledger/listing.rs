//! Which items the index lists, and under which listing.

use std::collections::BTreeSet;

use fleet::ledger::{Item, Job, JobState, Listing, Runner, RunnerState};
use kit::ledger::{at, pool, queued, runner_id};

use crate::written::Written;

/// A job of `spot` that last changed at the start.
fn job(state: JobState) -> Item {
    let mut ledger = Written::new();
    ledger.post(&queued("spot", [1])[0], 0);
    Item::Job(Job { state, ..ledger.job(1).clone() })
}

/// A runner of `spot` on the capacity of `plain`, since the start.
fn runner(state: RunnerState, listened: bool) -> Item {
    let reserved = Runner::reserved(runner_id(1), pool("spot"), pool("plain"), at(0));
    Item::Runner(Runner { state, listened, ..reserved })
}

#[test]
fn an_item_is_listed_by_its_own_pool_and_its_state() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};
    let (moving, serving) = (|| Some(Listing::Moving(pool("spot"))), || Some(Listing::Serving(pool("spot"))));
    for (item, expected) in [
        (job(JobState::Queued), Some(Listing::OpenJobs(pool("spot")))),
        (job(JobState::InProgress), Some(Listing::OpenJobs(pool("spot")))),
        (job(JobState::Waiting), Some(Listing::WaitingJobs)),
        (job(JobState::Unserved), Some(Listing::WaitingJobs)),
        (job(JobState::Completed), None),
        (runner(Starting, false), moving()),
        (runner(Idle, false), moving()),
        (runner(Idle, true), serving()),
        (runner(Overdue, false), moving()),
        (runner(Busy, false), serving()),
        (runner(Busy, true), serving()),
        (runner(Leaving, true), moving()),
        (runner(Stopped, true), None),
    ] {
        assert_eq!(Listing::of(&item), expected.map(|listing| (listing, at(0))), "{item:?}");
    }
}

/// Each move of an entry takes two writes of the index. An entry that stays in its listing keeps its place.
#[test]
fn a_runner_keeps_its_place_in_a_listing_whatever_else_becomes_of_it() {
    let place = |state, listened, seconds| {
        let Item::Runner(runner) = runner(state, listened) else { unreachable!("it is one") };
        Listing::of(&Item::Runner(Runner { changed_at: at(seconds), ..runner }))
    };
    for (before, after, why) in [
        ((RunnerState::Starting, false), (RunnerState::Idle, false), "it is answered a JIT config"),
        ((RunnerState::Idle, false), (RunnerState::Overdue, false), "it is slow"),
        ((RunnerState::Starting, false), (RunnerState::Leaving, false), "it is fenced"),
        ((RunnerState::Idle, true), (RunnerState::Busy, true), "it has begun a job"),
    ] {
        assert_eq!(place(before.0, before.1, 0), place(after.0, after.1, 60), "{why}");
    }
    assert_ne!(place(RunnerState::Idle, false, 0), place(RunnerState::Idle, true, 0), "it listens");
}

#[test]
fn a_read_of_a_pools_live_runners_misses_none_and_reads_no_other() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting};
    let all =
        [(Starting, false), (Idle, false), (Idle, true), (Overdue, false), (Busy, true), (Leaving, true)];
    let live = all.into_iter().filter_map(|(state, listened)| Listing::of(&runner(state, listened)));
    let listings: BTreeSet<Listing> = live.map(|(listing, _)| listing).collect();
    assert_eq!(BTreeSet::from(Listing::live_runners(&pool("spot"))), listings);
}
