//! What a step of a pass fails with, and what ends the pass.

use control::{BudgetError, DeliveriesError, PostError, StepFailure, Steps};
use fleet::metric::Metric;
use fleet::ports::{EcsError, GithubError, LedgerError, QueueError};
use tracing::info;

use crate::metrics::STEPS_FAILED;

/// What one step fails with.
#[derive(Debug, thiserror::Error)]
pub enum PassStepError {
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
    /// The queue did not take what a sweep has found.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The deliveries could not be looked through, or not all of them.
    #[error(transparent)]
    Deliveries(#[from] DeliveriesError),
}

impl StepFailure for PassStepError {
    const COUNTED_BY: Metric = STEPS_FAILED;
}

impl PassStepError {
    /// Whether GitHub is to be left alone until the next pass.
    pub(crate) fn ends_calls(&self) -> bool {
        self.is_no_failure() || matches!(self, Self::Budget(_))
    }

    /// Whether calls or time were used up, which is not a failure: the next pass goes on.
    fn is_no_failure(&self) -> bool {
        match self {
            Self::Budget(problem) | Self::Deliveries(DeliveriesError::Budget(problem)) => {
                matches!(problem, BudgetError::Spent(_))
            }
            Self::Github(problem) | Self::Deliveries(DeliveriesError::Github(problem)) => {
                matches!(problem, GithubError::Wait(_))
            }
            Self::Deliveries(problem) => *problem == DeliveriesError::OutOfTime,
            Self::Post(_) | Self::Ledger(_) | Self::Ecs(_) | Self::Queue(_) => false,
        }
    }

    /// Says why a part of a pass ends before its work does.
    pub(crate) fn ends(self, part: &str, steps: &mut Steps) {
        if self.is_no_failure() {
            info!(part, reason = %self, "the next pass goes on");
        } else {
            steps.note_common::<(), _>(part, Err(self));
        }
    }
}
