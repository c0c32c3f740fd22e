//! Runners that differ from their item in the ledger, and tasks and registrations that nobody needs: list,
//! compare, repair.
//!
//! A look ([`Evidence`]) is the ledger, ECS and GitHub, read within seconds of each other but not at the same
//! instant. Every rule of [`LIES`] says what it suspects in a look, and what to do about a suspicion that two
//! looks share ([`super::suspicion`]). The rules are pure, and leave alone what could not be read.

mod evidence;
mod mend;
mod registrations;
mod silent;
mod strays;
mod surplus;
mod tasks;

use std::collections::BTreeSet;

pub use self::evidence::{Evidence, OurTask};
pub use self::mend::{CountedOut, Mend, StopCause, is_at_job};
use super::suspicion::{Look, Suspicion, SystemOfRecord};

/// What two looks agree on.
pub type Confirmed = BTreeSet<Suspicion>;

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Lie {
    /// Its name.
    pub name: &'static str,
    /// The loss or hang that it repairs.
    pub mends: &'static str,
    /// What it suspects in one look.
    suspects: fn(&Evidence) -> Vec<Suspicion>,
    /// What to do about suspicions that two looks share.
    find: fn(&Evidence, &Confirmed) -> Vec<Mend>,
}

/// Every case, in order of precedence: if several name a runner, the first counts.
pub const LIES: [Lie; 6] = [
    Lie {
        name: "stopped tasks",
        mends: "a task has stopped, and its event was lost: its runner would count for ever",
        suspects: tasks::suspects,
        find: tasks::find,
    },
    Lie {
        name: "stray tasks",
        mends: "a task runs for a runner that nobody knows, or whose launch was given back: it would cost \
                money for ever",
        suspects: strays::suspects,
        find: strays::find,
    },
    Lie {
        name: "offline runners",
        mends: "a runner waits for jobs, as the ledger has it, and GitHub does not see it: a job would wait \
                beside it",
        suspects: registrations::suspects,
        find: registrations::offline,
    },
    Lie {
        name: "dead registrations",
        mends: "a runner has stopped without a word, and GitHub keeps its registration for a day",
        suspects: |_| Vec::new(),
        find: registrations::dead,
    },
    Lie {
        name: "silent runners",
        mends: "PID 1 hangs after it was told to leave, or after its job: its task would run, and count, for \
                ever",
        suspects: silent::suspects,
        find: silent::find,
    },
    Lie {
        name: "runners that do not ask",
        mends: "PID 1 hangs beside its listener: the runner is never told to leave",
        suspects: surplus::suspects,
        find: surplus::find,
    },
];

/// What one look suspects.
pub fn look(seen: &Evidence) -> Look {
    let suspects = LIES.iter().flat_map(|lie| (lie.suspects)(seen)).collect();
    let mut saw = BTreeSet::new();
    // A runner that could not be read is not therefore fine.
    if seen.has_all_runners {
        saw.insert(SystemOfRecord::Supply);
        saw.extend(seen.saw_all_tasks.then_some(SystemOfRecord::Ecs));
        saw.extend(seen.registrations.is_some().then_some(SystemOfRecord::Github));
    }
    Look { suspects, saw }
}

/// Everything to do, in the order of the rules; at most one thing for each runner.
pub fn mends(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let mut named = BTreeSet::new();
    let found = LIES.iter().flat_map(|lie| (lie.find)(seen, confirmed));
    found.filter(|mend| named.insert(mend.runner().clone())).collect()
}
