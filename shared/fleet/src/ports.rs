//! What the functions need of the world, each named by its verb.
//!
//! `shared/aws` and `shared/github` implement these over the wire, `shared/sandbox` in memory. An
//! implementation of [`RunTask`] needs the permission `ecs:RunTask`, and so on: a function's
//! permissions are the ports it takes.

use std::time::Duration;

use jiff::Timestamp;

use crate::ids::TaskArn;
use crate::launch::{LaunchFailure, RunTaskRequest};
use crate::ledger::{Item, JobMessage, Key, Put};

/// What time it is, and how to wait.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, length: Duration);
}

/// Where random bits come from.
pub trait Random {
    /// 128 random bits.
    fn bits(&self) -> u128;
}

/// The ledger's table.
pub trait Ledger {
    /// Reads items, strongly consistent; those that are not there are left out.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError>;

    /// Writes items, all or none, each on the condition of [`Put`]; at most
    /// [`crate::ledger::TRANSACTION_LIMIT`] of them.
    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError>;
}

/// Why the ledger did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// An item was written by somebody else since it was read: read again.
    #[error("an item was changed meanwhile")]
    Conflict,
    /// The ledger did not answer. A write may have been made all the same.
    #[error("{0}")]
    Unavailable(String),
}

/// The queue from the webhook to the launcher (SQS: `SendMessage`).
pub trait SendMessage {
    /// Puts a message on the queue. `Ok` means that it is safe there.
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError>;
}

/// The queue did not take a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not take the message: {0}")]
pub struct QueueError(pub String);

/// ECS's `RunTask`, for one task.
pub trait RunTask {
    /// Starts a task, or finds the one that the same `clientToken` started before.
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure>;
}

impl<T: Clock> Clock for &T {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep(&self, length: Duration) {
        (**self).sleep(length).await;
    }
}
