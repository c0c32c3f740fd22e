//! How items count, and their sums.

use fleet::ledger::{Entries, Event, Job, JobAction, Runner, RunnerState};
use fleet::ledger::{Item, JobState, Totals, recount};
use kit::ledger::{at, bounds, job_event, pool, pool_map, runner_id};

/// One job and one runner, in whatever states, with the books that were written with them.
fn items(job: JobState, runner: RunnerState) -> Vec<Item> {
    let mut entries = Entries::default();
    let pools = pool_map(&[("spot", None, 5), ("plain", None, 5), ("idle", None, 5)]);
    entries.open_books(&["spot", "plain", "idle"].map(pool).into(), &pools);
    entries.apply(&bounds("idle", 1, 5), at(0));
    entries.apply(&Event::Job(job_event(JobAction::Queued, 1, "spot")), at(0));
    entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
    let moved = |item| match item {
        Item::Job(it) => Item::Job(Job { state: job, ..it }),
        Item::Runner(it) => Item::Runner(Runner { state: runner, ..it }),
        other => other,
    };
    entries.puts().into_iter().map(|put| moved(put.0)).collect()
}

#[test]
fn a_job_counts_while_it_waits() {
    for (state, queued) in [
        (JobState::Waiting, 0),
        (JobState::Queued, 1),
        (JobState::Unserved, 0),
        (JobState::InProgress, 0),
        (JobState::Completed, 0),
    ] {
        let totals = recount(&items(state, RunnerState::Stopped));
        assert_eq!(totals[&pool("spot")].queued, queued, "{state:?}");
    }
}

#[test]
fn a_runner_counts_in_its_pools_supply_and_idle_and_lives_on_its_capacity() {
    for (state, supply, idle, live) in [
        (RunnerState::Starting, 1, 0, 1),
        (RunnerState::Idle, 1, 1, 1),
        (RunnerState::Overdue, 0, 0, 1),
        (RunnerState::Busy, 0, 0, 1),
        (RunnerState::Leaving, 0, 0, 1),
        (RunnerState::Stopped, 0, 0, 0),
    ] {
        let totals = recount(&items(JobState::Completed, state));
        assert_eq!(totals[&pool("spot")], Totals { supply, idle, ..Totals::default() }, "{state:?}");
        assert_eq!(totals[&pool("plain")], Totals { live, ..Totals::default() }, "{state:?}");
        assert_eq!(totals[&pool("idle")], Totals::default(), "a book without items counts nothing");
    }
}
