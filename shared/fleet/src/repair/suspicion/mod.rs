//! Two passes agree: what one look shows is only suspected, and what a later look still shows is confirmed.
//!
//! GitHub's and ECS's lists run behind, webhooks and stop events come late, and the ledger moves while it is
//! read: a single look proves nothing. So each looking pass says what it suspects. One item of the ledger
//! keeps since when each was suspected, in looks that follow one another without a break. What is suspected
//! at least [`APART`] after the first time is confirmed, and may be repaired.

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
    /// A runner is Idle, has a registration, and GitHub does not call it online.
    NotOnline(RunnerId),
    /// A runner is Leaving or Busy, and GitHub has no registration of it.
    NotRegistered(RunnerId),
    /// A runner is not Stopped, and ECS calls its task stopped, or does not know it.
    TaskGone(RunnerId),
    /// A task is of our stack, and no runner of the ledger needs it.
    StrayTask(TaskArn),
    /// A pool has more runners that listen than it wants: a live one would have asked, and left.
    Surplus(PoolName),
    /// A pool's book is not what its items add up to. Another difference is another suspicion.
    Drift {
        /// The pool.
        pool: PoolName,
        /// What would have to be added to the book.
        by: Totals,
    },
}

/// What has to be looked at for a suspicion.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SystemOfRecord {
    /// GitHub's list of runners.
    Github,
    /// ECS's tasks.
    Ecs,
    /// The runners of the ledger, and what the books want.
    Supply,
    /// A pool's book, left alone for a while, and all of its items.
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

    /// How long it is suspected before it is confirmed.
    pub fn patience(&self) -> SignedDuration {
        match self {
            // Each of them asks once a minute, and may fail to be answered for a while.
            Self::Surplus(_) => SignedDuration::from_mins(15),
            _ => APART,
        }
    }
}

/// What a pass saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// What it suspects. Only what was looked at belongs here, though the rest of its source was not.
    pub suspects: BTreeSet<Suspicion>,
    /// What it looked at as a whole: of such a source, what is not suspected is right.
    pub saw: BTreeSet<SystemOfRecord>,
}

#[cfg(test)]
mod tests;
