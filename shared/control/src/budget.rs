//! Keeps all functions together within the limits of GitHub and ECS, by means of meters in the ledger.

use std::time::Duration;

use ::metrics::{counter, histogram};
use fleet::ledger::{Item, Key, Left, Put, Spend};
use fleet::limits::Limits;
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::Bookkeeper;
use crate::metrics::{GITHUB_CALLS_LEFT, GITHUB_WAITS, RUN_TASKS_LEFT};
use crate::retry::{Backoff, retry};

/// A write takes a few milliseconds. A caller that does not get through must try again later.
const BACKOFF: Backoff =
    Backoff { attempts: 12, first: Duration::from_millis(250), longest: Duration::from_millis(250) };

/// Why GitHub must not be called now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// This minute's calls are used up, or GitHub has asked every function to wait.
    #[error("no more calls to GitHub before {0}")]
    Spent(Timestamp),
    /// The ledger did not answer.
    #[error("the ledger is out of reach: {0}")]
    Ledger(#[from] LedgerError),
}

impl<L: Ledger, C: Clock + Random> Bookkeeper<L, C> {
    /// Takes this many GitHub calls out of the minute's budget before they are made. Calls that are taken but
    /// not made are lost until the minute is over.
    pub async fn spend(&self, limits: &Limits, calls: u32) -> Result<(), BudgetError> {
        let spent = self.spend_or_wait(limits, calls).await?;
        spent.map_err(|until| {
            counter!(GITHUB_WAITS.name).increment(1);
            BudgetError::Spent(until)
        })
    }

    async fn spend_or_wait(&self, limits: &Limits, calls: u32) -> Result<Result<(), Timestamp>, LedgerError> {
        if let Some(until) = self.github_waits_until().await? {
            return Ok(Err(until));
        }
        let now = self.system.now();
        let spend = limits.spend_github_calls(calls, now);
        let done = retry(&self.system, BACKOFF, |_| true, async || self.ledger.spend(&spend).await).await?;
        let (Ok(Left(left)) | Err(Left(left))) = done;
        histogram!(GITHUB_CALLS_LEFT.name).record(headroom(left));
        Ok(done.map(drop).map_err(|_| next_minute(now)))
    }

    /// The end of the wait that GitHub has asked for, unless it is over. A caller that misses a wait written
    /// a moment ago hears of it from GitHub itself.
    pub(crate) async fn github_waits_until(&self) -> Result<Option<Timestamp>, LedgerError> {
        let read = async || self.ledger.read_eventual(&[Key::Budget]).await;
        let items = retry(&self.system, BACKOFF, |_| true, read).await?;
        Ok(items.iter().find_map(Item::budget).and_then(|budget| budget.waits_until(self.system.now())))
    }

    /// Takes as many units of this amount as are left, up to a limit. Returns how many it took, and what is
    /// left.
    pub(crate) async fn take(&self, spend: Spend, each: i64, count: u32) -> Result<(u32, Left), LedgerError> {
        let left = match self.ledger.spend(&spend).await? {
            Ok(left) => return Ok((count, left)),
            Err(left) => left,
        };
        let fewer = u32::try_from(left.0 / each).unwrap_or(0);
        if fewer == 0 {
            return Ok((0, left));
        }
        let taken = self.ledger.spend(&spend.of(i64::from(fewer) * each)).await?;
        Ok(taken.map_or_else(|left| (0, left), |left| (fewer, left)))
    }

    /// Takes up to this many `RunTask` calls, which may be made at once. Returns how many it took, and how
    /// long until more are available.
    pub(crate) async fn take_run_tasks(
        &self,
        limits: &Limits,
        count: u32,
    ) -> Result<(u32, Duration), LedgerError> {
        let each = limits.between_run_tasks();
        let spend = limits.spend_run_tasks(count, self.system.now());
        let (taken, Left(left)) = self.take(spend, each, count).await?;
        histogram!(RUN_TASKS_LEFT.name).record(headroom(left / each));
        let missing = u64::try_from(each.saturating_sub(left)).unwrap_or(0);
        Ok((taken, Duration::from_micros(missing)))
    }

    /// Writes down that GitHub asked us to wait. If that write fails, GitHub tells the next caller the same.
    pub async fn remember_wait(&self, length: Duration) {
        counter!(GITHUB_WAITS.name).increment(1);
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        let attempt = async || {
            let items = self.ledger.read(&[Key::Budget]).await?;
            let budget = items.iter().find_map(Item::budget).cloned().unwrap_or_default();
            match budget.wait(length, self.system.now()) {
                Some(longer) => self.ledger.commit(&[Put(Item::Budget(longer))]).await,
                None => Ok(()),
            }
        };
        if let Err(error) = retry(&self.system, BACKOFF, |_| true, attempt).await {
            warn!(%error, "GitHub's wait is not written down");
        }
    }
}

/// The start of the minute after this moment.
fn next_minute(now: Timestamp) -> Timestamp {
    let next = now.as_second().div_euclid(60).saturating_add(1).saturating_mul(60);
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}

/// What is left of a limit, as a gauge shows it: never below 0.
pub fn headroom(left: i64) -> f64 {
    f64::from(i32::try_from(left.max(0)).unwrap_or(i32::MAX))
}
