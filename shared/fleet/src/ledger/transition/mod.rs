//! What one event does: the whole table of the ledger, as a pure function.
//!
//! Each function takes the items that an event names, and returns the changed ones and the answer for the
//! sender. Items that it does not return are unchanged. The books change by what the items count.

mod config_or_leave;
mod job;
mod runner;

use jiff::Timestamp;

pub use self::config_or_leave::BUSY_WITHOUT_WORKER;
pub use self::job::{
    of_another_try, of_found_unserved, of_found_waiting, of_job, of_passed_over, of_read, of_reroute,
};
use super::{Book, LeaveReason, LedgerAnswer, Outcome, Runner, RunnerEvent, RunnerState};

/// What a runner's event does to the runner. The runner comes with the book of the pool whose labels it has,
/// or is `None` if the ledger does not know it. If the runner is written, the times of its start are written
/// with it.
pub fn of_runner(known: Option<(&Runner, &Book)>, event: &RunnerEvent, now: Timestamp) -> Outcome {
    let mut outcome = runner::of_runner(known, event, now);
    if let Some(runner) = &mut outcome.runner {
        runner.times.note(event, runner.reserved_at, now);
    }
    outcome
}

/// The runner in this state, starting now if the state is new.
fn moved(runner: &Runner, state: RunnerState, now: Timestamp) -> Runner {
    let changed_at = if state == runner.state { runner.changed_at } else { now };
    Runner { state, changed_at, ..runner.clone() }
}

/// The runner has a job. Even if it was to leave, it stays.
fn busy(runner: &Runner, now: Timestamp) -> Runner {
    Runner { leaves: None, ..moved(runner, RunnerState::Busy, now) }
}

/// The runner leaves, for this reason.
fn leaving(runner: &Runner, reason: LeaveReason, answer: LedgerAnswer, now: Timestamp) -> Outcome {
    let left = Runner { leaves: Some(reason), ..moved(runner, RunnerState::Leaving, now) };
    Outcome::of_runner(left, answer)
}
