//! Keeps all registrars together within GitHub's limits, over one item of the ledger.

use std::time::Duration;

use ::metrics::counter;
use fleet::ledger::{Budget, Item, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use jiff::SignedDuration;
use tracing::warn;

use crate::metrics::GITHUB_WAITS;
use crate::{Github, Later, Registrar};

/// How often the item is read and written before who asks is told to come again.
const ATTEMPTS: u32 = 12;

/// The longest wait before another attempt: a write takes a few milliseconds.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

impl<L: Ledger, C: Clock, R: Random, G: Github> Registrar<L, C, R, G> {
    /// Takes so many calls out of this minute's budget before they are made. One that is taken and
    /// not made is lost until the minute is over.
    pub(crate) async fn spend(&self, calls: u32) -> Result<(), Later> {
        let spent =
            self.change_budget(|budget| budget.spend(calls, self.books.clock.now()).map(Some)).await?;
        spent.map_err(|until| {
            counter!(GITHUB_WAITS).increment(1);
            Later::Budget(until)
        })
    }

    /// Writes down that GitHub wants to be left alone. Where that fails, the next one who asks GitHub
    /// is told the same.
    pub(crate) async fn remember_wait(&self, length: Duration) {
        counter!(GITHUB_WAITS).increment(1);
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        let longer = |budget: &Budget| Ok(budget.wait(length, self.books.clock.now()));
        if let Err(error) = self.change_budget::<()>(longer).await {
            warn!(%error, "GitHub's wait is not written down");
        }
    }

    /// Reads the budget, changes it, and writes it if it is still the one that was read.
    async fn change_budget<E>(
        &self,
        change: impl Fn(&Budget) -> Result<Option<Budget>, E>,
    ) -> Result<Result<(), E>, LedgerError> {
        let mut last_error = LedgerError::Conflict;
        for _ in 0..ATTEMPTS {
            match self.try_to_change(&change).await {
                Ok(changed) => return Ok(changed),
                Err(error) => last_error = error,
            }
            let part = u32::try_from(self.books.random.bits() & 0xffff).unwrap_or(0);
            self.books.clock.sleep(LONGEST_WAIT * part / 0x1_0000).await;
        }
        Err(last_error)
    }

    async fn try_to_change<E>(
        &self,
        change: &impl Fn(&Budget) -> Result<Option<Budget>, E>,
    ) -> Result<Result<(), E>, LedgerError> {
        let items = self.books.ledger.read(&[Key::Budget]).await?;
        let budget =
            items.into_iter().find_map(|item| if let Item::Budget(it) = item { Some(it) } else { None });
        match change(&budget.unwrap_or_default()) {
            Ok(Some(changed)) => self.books.ledger.commit(&[Put(Item::Budget(changed))]).await.map(Ok),
            Ok(None) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }
}
