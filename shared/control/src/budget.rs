//! Keeps all functions together within GitHub's limits, over one item of the ledger.

use std::time::Duration;

use ::metrics::counter;
use fleet::ledger::{Budget, Item, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::Bookkeeper;
use crate::metrics::GITHUB_WAITS;
use crate::retry::{Backoff, retry};

/// A write takes a few milliseconds; whoever does not get through is answered to come again.
const BACKOFF: Backoff =
    Backoff { attempts: 12, first: Duration::from_millis(250), longest: Duration::from_millis(250) };

/// Why GitHub must not be called now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// The calls of this minute are used up, or GitHub has asked all of us to wait.
    #[error("no more calls to GitHub before {0}")]
    Spent(Timestamp),
    /// The ledger did not answer.
    #[error("the ledger is out of reach: {0}")]
    Ledger(#[from] LedgerError),
}

impl<L: Ledger, C: Clock + Random> Bookkeeper<L, C> {
    /// Takes this many calls to GitHub out of the minute's budget before they are made. A call that is
    /// taken and not made is lost until the minute is over.
    pub async fn spend(&self, calls: u32) -> Result<(), BudgetError> {
        let spent = self.change_budget(|budget| budget.spend(calls, self.system.now()).map(Some)).await?;
        spent.map_err(|until| {
            counter!(GITHUB_WAITS.name).increment(1);
            BudgetError::Spent(until)
        })
    }

    /// Writes down that GitHub wants to be left alone. Where that fails, GitHub says the same to the
    /// next one who asks.
    pub async fn remember_wait(&self, length: Duration) {
        counter!(GITHUB_WAITS.name).increment(1);
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        let longer = |budget: &Budget| Ok(budget.wait(length, self.system.now()));
        if let Err(error) = self.change_budget::<()>(longer).await {
            warn!(%error, "GitHub's wait is not written down");
        }
    }

    /// Reads the budget, changes it, and writes it if it is still the one that was read.
    async fn change_budget<E>(
        &self,
        change: impl Fn(&Budget) -> Result<Option<Budget>, E>,
    ) -> Result<Result<(), E>, LedgerError> {
        let attempt = async || {
            let items = self.ledger.read(&[Key::Budget]).await?;
            let budget = items.iter().find_map(Item::budget).cloned().unwrap_or_default();
            match change(&budget) {
                Ok(Some(changed)) => self.ledger.commit(&[Put(Item::Budget(changed))]).await.map(Ok),
                Ok(None) => Ok(Ok(())),
                Err(error) => Ok(Err(error)),
            }
        };
        retry(&self.system, BACKOFF, |_| true, attempt).await
    }
}
