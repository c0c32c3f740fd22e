//! A pool's book: its totals, and the deficit that follows from them.

use serde::{Deserialize, Serialize};

use super::{Health, Totals};
use crate::ids::PoolName;

/// A pool's totals. Counts are signed, so that a mistake shows as a number below zero and not as
/// a crash; the audit and the simulation look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// The pool.
    pub pool: PoolName,
    /// Jobs that wait.
    pub queued: i64,
    /// Runners Starting or Idle that carry the pool's labels.
    pub supply: i64,
    /// Runners not yet Stopped that use the pool's capacity.
    pub live: i64,
    /// Runners to keep waiting at this hour.
    pub minimum: i64,
    /// Most runners that may live at once at this hour; 0 of a pool that is out of the map.
    pub maximum: i64,
    /// Whether the pool's capacity works, or rests.
    #[serde(default)]
    pub health: Health,
    /// How often the book was written; 0 before the first time.
    pub version: u64,
}

impl Book {
    /// A book without entries.
    pub fn open(pool: PoolName, maximum: u32) -> Self {
        let (queued, supply, live, minimum) = (0, 0, 0, 0);
        Self {
            pool,
            queued,
            supply,
            live,
            minimum,
            maximum: maximum.into(),
            health: Health::default(),
            version: 0,
        }
    }

    /// The runners that the pool is short of; below zero, the runners that are not needed.
    pub fn deficit(&self) -> i64 {
        self.queued + self.minimum - self.supply
    }

    /// The queued jobs that no runner of the pool is on its way for. A fallback serves these, never
    /// a minimum.
    pub fn unserved_jobs(&self) -> i64 {
        self.queued - self.supply
    }

    /// Whether one more runner may live on the pool's capacity.
    pub fn has_room(&self) -> bool {
        self.live < self.maximum
    }

    /// Whether the pool was taken out of the map: no pool of the map has a maximum of 0.
    pub fn is_closed(&self) -> bool {
        self.maximum == 0
    }

    /// Posts a change.
    pub(super) fn post(&mut self, change: Totals) {
        self.queued += change.queued;
        self.supply += change.supply;
        self.live += change.live;
    }
}
