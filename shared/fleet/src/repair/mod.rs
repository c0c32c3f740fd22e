//! What a crash, a lost answer or ECS left half done, and what is done about it: list, compare, repair.
//!
//! A pass reads a [`Snapshot`], runs every rule of [`RULES`] over it, and performs what they find. A
//! rule is a pure function: what is missing in the snapshot it leaves alone. A further case is a
//! further row of the table.

mod act;
pub mod drift;
mod late;
mod leaving;
pub mod lying;
mod min_size;
mod overdue;
mod quiet;
mod removed_pools;
mod snapshot;
mod surplus;
pub mod suspicion;
pub mod waiting;

use std::collections::BTreeSet;

use jiff::SignedDuration;

pub use self::act::{FenceCause, Repair};
pub use self::quiet::may_have_runners;
pub use self::removed_pools::{Stranded, stranded};
pub use self::snapshot::{SeenTask, Sight, Snapshot};
use crate::ledger::Runner;

/// How long a launch, or a stop, is left to the function that began it.
const OWN_MATTER: SignedDuration = SignedDuration::from_mins(1);

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Which crash or loss it mends.
    pub mends: &'static str,
    /// The runners whose tasks it wants to know: ECS is asked about no others.
    looks_at: for<'a> fn(&'a Snapshot<'_>) -> Vec<&'a Runner>,
    /// What is to be done.
    find: fn(&Snapshot<'_>) -> Vec<Repair>,
}

/// Every case, in the order of precedence: of several rules that name a runner the first one counts.
pub const RULES: [Rule; 6] = [
    Rule {
        name: "floors",
        mends: "MinSize is not what the hour, and the runners still alive, ask for: instances would \
                come after their runners, or stay for nobody",
        looks_at: |_| Vec::new(),
        find: min_size::find,
    },
    Rule {
        name: "retired pools",
        mends: "a pool was taken out of the map: its jobs would wait for ever, and its runners boot \
                to be told that they are not needed",
        looks_at: removed_pools::unasked,
        find: removed_pools::find,
    },
    Rule {
        name: "surplus",
        mends: "jobs were cancelled, or a minimum fell, while their runners boot: they would make an \
                Auto Scaling group grow",
        looks_at: surplus::unneeded,
        find: surplus::find,
    },
    Rule {
        name: "late starters",
        mends: "a launcher crashed between the reservation and RunTask; RunTask's answer, or the stop \
                event, was lost; ECS finds no capacity, or puts the launch off; PID 1 hangs before it has a \
                JIT config",
        looks_at: late::late,
        find: late::find,
    },
    Rule {
        name: "slow starters",
        mends: "a task boots slowly, or hangs, and jobs wait beside it",
        looks_at: overdue::slow,
        find: overdue::find,
    },
    Rule {
        name: "leaving",
        mends: "whoever fenced a runner crashed before StopTask, PID 1 hangs after it was told to \
                leave, or the stop event was lost",
        looks_at: leaving::left,
        find: leaving::find,
    },
];

/// Everything to do, in the order of the rules; at most one repair for each runner.
pub fn repairs(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    let mut named = BTreeSet::new();
    let mut is_first = |repair: &Repair| repair.runner().is_none_or(|runner| named.insert(runner.id.clone()));
    RULES.iter().flat_map(|rule| (rule.find)(snapshot)).filter(|repair| is_first(repair)).collect()
}

/// The clusters whose tasks a rule needs; none if ECS need not be asked.
pub fn clusters_in_question<'a>(snapshot: &'a Snapshot<'_>) -> BTreeSet<&'a str> {
    let runners = RULES.iter().flat_map(|rule| (rule.looks_at)(snapshot));
    runners.flat_map(|runner| snapshot.clusters(runner)).collect()
}

#[cfg(test)]
mod tests;
