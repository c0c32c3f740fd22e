//! Two passes agree: what one look shows is only suspected; what a later look still shows is confirmed.
//!
//! GitHub's and ECS's lists lag, webhooks and stop events come late, and the ledger changes while it is read,
//! so a single look proves nothing. Each pass that looks says what it suspects. One item of the ledger
//! records since when each thing has been suspected, in consecutive looks. A suspicion that still holds at
//! least [`APART`] after it arose is confirmed, and may be repaired.

mod memory;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::memory::{APART, LONGEST_GAP, ROOM, Suspected, Suspicions};
use crate::ids::{PoolName, RunnerId, TaskArn};
use crate::ledger::Totals;

/// Something that is wrong, as far as one look can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// A runner is Idle and has a registration, but GitHub does not report it as online.
    NotOnline(RunnerId),
    /// A runner is Leaving or Busy, but GitHub has no registration for it.
    NotRegistered(RunnerId),
    /// A runner is not Stopped, but ECS reports its task as stopped, or does not know it.
    TaskGone(RunnerId),
    /// A task belongs to our stack, but no runner in the ledger needs it.
    StrayTask(TaskArn),
    /// A pool has more listening runners than it wants: a live one would have asked, and left.
    Surplus(PoolName),
    /// A pool's book differs from the sum of its items. A different difference is another suspicion.
    Drift {
        /// The pool.
        pool: PoolName,
        /// What must be added to the book.
        by: Totals,
    },
}

/// What a suspicion requires to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SystemOfRecord {
    /// GitHub's list of runners.
    Github,
    /// ECS's tasks.
    Ecs,
    /// The runners of the ledger, and what the books want.
    Supply,
    /// A pool's book that nobody has written for a while, and all of its items.
    Items(PoolName),
}

impl Suspicion {
    /// Where it shows.
    pub fn source(&self) -> SystemOfRecord {
        match self {
            Self::NotOnline(_) | Self::NotRegistered(_) => SystemOfRecord::Github,
            Self::TaskGone(_) | Self::StrayTask(_) => SystemOfRecord::Ecs,
            Self::Surplus(_) => SystemOfRecord::Supply,
            Self::Drift { pool, .. } => SystemOfRecord::Items(pool.clone()),
        }
    }

    /// How long a thing is suspected before it is confirmed.
    pub fn patience(&self) -> SignedDuration {
        match self {
            // Each of them asks once a minute, and may get no answer for a while.
            Self::Surplus(_) => SignedDuration::from_mins(15),
            _ => APART,
        }
    }
}

/// What a pass saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// What it suspects. Only what was looked at belongs here, even if the rest of its source was not read.
    pub suspects: BTreeSet<Suspicion>,
    /// What it read completely: what is not suspected there is fine.
    pub saw: BTreeSet<SystemOfRecord>,
}

#[cfg(test)]
mod tests;
