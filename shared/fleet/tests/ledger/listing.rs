//! Which items the index lists, and under what.

use std::collections::BTreeSet;

use fleet::ledger::{Item, Job, JobState, Listing, Runner, RunnerState};
use kit::ledger::{at, pool, queued, runner_id};

use crate::written::Written;

/// A job of `spot` that changed last at the start.
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
fn an_item_is_listed_by_its_state_and_its_own_pool_since_its_last_change() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};
    let runners = |state| Some(Listing::Runners(pool("spot"), state));
    for (item, expected) in [
        (job(JobState::Queued), Some(Listing::QueuedJobs(pool("spot")))),
        (job(JobState::InProgress), Some(Listing::JobsInProgress(pool("spot")))),
        (job(JobState::Waiting), Some(Listing::WaitingJobs)),
        (job(JobState::Unserved), Some(Listing::WaitingJobs)),
        (job(JobState::Completed), None),
        (runner(Starting, false), runners(Starting)),
        (runner(Idle, false), Some(Listing::Called(pool("spot")))),
        (runner(Idle, true), runners(Idle)),
        (runner(Overdue, false), runners(Overdue)),
        (runner(Busy, true), runners(Busy)),
        (runner(Leaving, true), runners(Leaving)),
        (runner(Stopped, true), None),
    ] {
        assert_eq!(Listing::of(&item), expected.map(|listing| (listing, at(0))), "{item:?}");
    }
}

#[test]
fn whoever_reads_the_live_runners_of_a_pool_misses_none_and_reads_no_other() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting};
    let all =
        [(Starting, false), (Idle, false), (Idle, true), (Overdue, false), (Busy, true), (Leaving, true)];
    let live = all.into_iter().filter_map(|(state, listened)| Listing::of(&runner(state, listened)));
    let listings: BTreeSet<Listing> = live.map(|(listing, _)| listing).collect();
    assert_eq!(Listing::live_runners(&pool("spot")).collect::<BTreeSet<_>>(), listings);
}
