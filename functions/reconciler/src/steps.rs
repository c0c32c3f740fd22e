//! What a step of a pass fails with, and what ends the pass.

use control::{BudgetError, PostError, StepFailure};
use fleet::metric::Metric;
use fleet::ports::{EcsError, GithubError, LedgerError};

use crate::metrics::STEPS_FAILED;

/// What one step fails with.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A transaction did not get through.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The ledger did not answer a read.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// GitHub did not answer.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// ECS did not answer.
    #[error("ECS: {0}")]
    Ecs(#[from] EcsError),
    /// GitHub must not be called now.
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

impl StepFailure for StepError {
    const COUNTED_BY: Metric = STEPS_FAILED;
}

impl StepError {
    /// Whether GitHub is to be left alone until the next pass.
    pub(crate) fn ends_calls(&self) -> bool {
        matches!(self, Self::Budget(_) | Self::Github(GithubError::Wait(_)))
    }
}
