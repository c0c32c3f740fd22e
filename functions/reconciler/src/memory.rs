//! What an instance of the function remembers from one pass to the next. It saves calls, writes and waits, and
//! decides nothing: a new instance knows nothing of this, and finds the same.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use control::EarlierListings;
use control::deliveries::DeliveriesMemory;
use fleet::ports::RunId;
use fleet::repair::drift::Unchanged;
use fleet::sweep::SweepCursor;
use fleet::{JobId, Repository};

/// How the last sweep of this instance ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LastSweep {
    /// It had none; or it had, and the ledger has its begin.
    #[default]
    Unknown,
    /// It has not ended, and the ledger does not know that it began.
    CutOff,
    /// It came to its end.
    Ended,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) last_sweep: Cell<LastSweep>,
    /// How far the sweeps are, with what was not written down. Valid until another instance writes.
    pub(crate) cursor: RefCell<Option<SweepCursor>>,
    /// How far GitHub's list of deliveries was read.
    pub(crate) deliveries: DeliveriesMemory,
    /// Since when the books are as they are.
    pub(crate) unchanged: RefCell<Unchanged>,
    /// Of how many runs the last sweep has asked for the jobs.
    pub(crate) runs: Cell<u32>,
    /// The jobs in progress that the last look and the passes since have seen.
    pub(crate) begun: RefCell<BTreeSet<JobId>>,
    /// Whether runners or jobs may be listed where the version before listed them.
    pub(crate) earlier: EarlierListings,
    /// The runs of whose jobs nothing was untold, and nothing will be until GitHub's list of them is another.
    pub(crate) told: RefCell<ToldRuns>,
}

/// Runs that a sweep has found told, those of the sweep before it and its own.
#[derive(Debug, Default)]
pub(crate) struct ToldRuns {
    before: BTreeSet<(Repository, RunId)>,
    now: BTreeSet<(Repository, RunId)>,
}

impl ToldRuns {
    /// A sweep begins: what the one before the last has found is forgotten, as its runs may be over.
    pub(crate) fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Whether a run has been reported already.
    pub(crate) fn has(&self, repository: &Repository, run: RunId) -> bool {
        let run = (repository.clone(), run);
        self.before.contains(&run) || self.now.contains(&run)
    }

    /// A run has been reported.
    pub(crate) fn add(&mut self, repository: &Repository, run: RunId) {
        self.now.insert((repository.clone(), run));
    }

    /// Something of a run is not told, or may come to be untold.
    pub(crate) fn remove(&mut self, repository: &Repository, run: RunId) {
        let run = (repository.clone(), run);
        self.before.remove(&run);
        self.now.remove(&run);
    }
}
