//! The steps of a tick, and what failed of them.

use std::fmt;

use control::PostError;
use fleet::PoolName;
use fleet::ports::{EcsError, LedgerError, ScalingError};
use metrics::counter;
use tracing::error;

use crate::metrics::STEPS_FAILED;

/// What one step of a pool fails with.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A transaction did not get through.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The ledger did not answer a read.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// ECS did not do it.
    #[error("ECS: {0}")]
    Ecs(#[from] EcsError),
    /// Auto Scaling did not do it.
    #[error("Auto Scaling: {0}")]
    Scaling(#[from] ScalingError),
}

/// Steps that failed; the others were taken all the same.
#[derive(Debug, thiserror::Error)]
pub struct Failed(pub Vec<String>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// What failed of the steps that were taken.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<String>);

impl Steps {
    /// Writes down how a step of a pool ended, and gives what came of it.
    pub(crate) fn note<T>(
        &mut self,
        pool: &PoolName,
        step: &str,
        done: Result<T, impl Into<StepError>>,
    ) -> Option<T> {
        done.map_err(|problem| {
            let problem: StepError = problem.into();
            error!(%pool, step, %problem, "a step of the scheduler failed");
            self.count(format!("{pool}, {step}: {problem}"));
        })
        .ok()
    }

    /// The same of a step that is of no pool.
    pub(crate) fn note_common<T>(&mut self, step: &str, done: Result<T, impl Into<StepError>>) -> Option<T> {
        done.map_err(|problem| {
            let problem: StepError = problem.into();
            error!(step, %problem, "a step of the scheduler failed");
            self.count(format!("{step}: {problem}"));
        })
        .ok()
    }

    fn count(&mut self, failed: String) {
        counter!(STEPS_FAILED.name).increment(1);
        self.0.push(failed);
    }

    /// Adds what failed of other steps.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How a tick of these steps ended.
    pub(crate) fn ended(self) -> Result<(), Failed> {
        if self.0.is_empty() { Ok(()) } else { Err(Failed(self.0)) }
    }
}
