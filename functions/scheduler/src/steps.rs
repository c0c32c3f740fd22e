//! What a step of a tick fails with.

use control::{PostError, StepFailure};
use fleet::metric::Metric;
use fleet::ports::{EcsError, LedgerError, ScalingError};

use crate::metrics::STEPS_FAILED;

/// What one step of a pool fails with.
#[derive(Debug, thiserror::Error)]
pub enum TickStepError {
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

impl StepFailure for TickStepError {
    const COUNTED_BY: Metric = STEPS_FAILED;
}
