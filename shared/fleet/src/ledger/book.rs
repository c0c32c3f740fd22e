//! A pool's book: its totals, and the deficit that follows from them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::recent::Recent;
use super::{Health, Runner, RunnerState, Totals, difference};
use crate::ids::PoolName;

/// How long a runner that became Overdue counts against the number that still may.
const OVERDUE_COUNTS: SignedDuration = SignedDuration::from_mins(15);

/// How long an idle runner that GitHub removed counts.
const REAPED_COUNTS: SignedDuration = SignedDuration::from_hours(1);

/// How many may be removed in that time, for each runner of the minimum.
const REAPED_ALLOWED: i64 = 4;

/// How long the place of each further one rests.
const PLACE_RESTS: SignedDuration = SignedDuration::from_mins(15);

/// A pool's totals. Counts are signed, so that a mistake shows as a negative number rather than a crash; the
/// audit and the simulation look for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// The pool.
    pub pool: PoolName,
    /// Jobs that wait.
    pub queued: i64,
    /// Runners Starting or Idle that have the pool's labels.
    pub supply: i64,
    /// Runners Idle that have the pool's labels.
    #[serde(default)]
    pub idle: i64,
    /// Runners not yet Stopped that use the pool's capacity.
    pub live: i64,
    /// Runners to keep waiting at this hour.
    pub minimum: i64,
    /// Most runners that may live at once at this hour; 0 if the pool is out of the map.
    pub maximum: i64,
    /// Whether the pool's capacity works, or rests.
    #[serde(default)]
    pub health: Health,
    /// Runners that became Overdue recently.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub overdue: Recent,
    /// Idle runners that GitHub removed recently.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub reaped: Recent,
    /// Places of the minimum that recently began to rest, because GitHub removes the runners that wait there.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub resting: Recent,
    /// The task definition that launches the pool's runners, as the scheduler last saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// How often the book was written; 0 if never.
    pub version: u64,
}

impl Book {
    /// A book without entries.
    pub fn open(pool: PoolName, maximum: u32) -> Self {
        let (queued, supply, idle, live, minimum) = (0, 0, 0, 0, 0);
        Self {
            pool,
            queued,
            supply,
            idle,
            live,
            minimum,
            maximum: maximum.into(),
            health: Health::default(),
            overdue: Recent::default(),
            reaped: Recent::default(),
            resting: Recent::default(),
            task_definition: None,
            version: 0,
        }
    }

    /// Runners to keep waiting now: the minimum less the places that rest, but always at least one.
    pub fn kept(&self, now: Timestamp) -> i64 {
        let resting = i64::from(self.resting.within(PLACE_RESTS, now));
        if resting == 0 { self.minimum } else { (self.minimum - resting).max(self.minimum.min(1)) }
    }

    /// The runners that the pool wants on their way or waiting.
    pub fn demand(&self, now: Timestamp) -> i64 {
        self.queued + self.kept(now)
    }

    /// How many runners the pool is short of. A negative number is a surplus.
    pub fn deficit(&self, now: Timestamp) -> i64 {
        self.demand(now) - self.supply
    }

    /// Whether the pool needs the runner that asks: the others Idle are fewer than the pool wants.
    pub fn needs(&self, asking: &Runner, now: Timestamp) -> bool {
        self.demand(now) > self.idle_beside(asking)
    }

    /// Whether the pool has more runners than it wants.
    pub fn has_surplus(&self, now: Timestamp) -> bool {
        self.deficit(now) < 0
    }

    /// Whether more jobs wait than the other Idle runners can take.
    pub fn jobs_wait_beside(&self, runner: &Runner) -> bool {
        self.queued > self.idle_beside(runner)
    }

    /// Whether one more runner may become Overdue: recently, fewer have than jobs wait.
    pub fn may_have_another_overdue(&self, now: Timestamp) -> bool {
        i64::from(self.overdue.within(OVERDUE_COUNTS, now)) < self.queued
    }

    /// An Idle runner is in the supply too. A book that says otherwise is wrong, and must not send away the
    /// runners that it launches.
    fn idle_beside(&self, runner: &Runner) -> i64 {
        let idle = self.idle - i64::from(runner.state == RunnerState::Idle);
        idle.min(self.supply - i64::from(runner.state.is_supply()))
    }

    /// The queued jobs for which no runner of the pool is on its way. A fallback serves these, never a
    /// minimum.
    pub fn unserved_jobs(&self) -> i64 {
        self.queued - self.supply
    }

    /// The runners on their way that have not reported yet.
    pub fn starting(&self) -> i64 {
        self.supply - self.idle
    }

    /// Whether the pool's capacity has room for one more runner.
    pub fn has_room(&self) -> bool {
        self.live < self.maximum
    }

    /// Whether the pool was taken out of the map: no pool in the map has a maximum of 0.
    pub fn is_closed(&self) -> bool {
        self.maximum == 0
    }

    /// The book once this runner is Overdue.
    pub(crate) fn expect_overdue(&mut self, runner: &Runner, now: Timestamp) {
        let overdue = Runner { state: RunnerState::Overdue, ..runner.clone() };
        for (pool, change) in difference(runner.counts(), overdue.counts()) {
            if pool == self.pool {
                self.post(change);
            }
        }
        self.note_overdue(now);
    }

    /// A runner became Overdue.
    pub(super) fn note_overdue(&mut self, now: Timestamp) {
        self.overdue.add(now, OVERDUE_COUNTS);
    }

    /// GitHub removed an idle runner. If more than four times the minimum are removed within an hour, the
    /// place of each rests. Returns whether this one does.
    pub(super) fn note_reaped(&mut self, now: Timestamp) -> bool {
        self.reaped.add(now, REAPED_COUNTS);
        let reaped = i64::from(self.reaped.within(REAPED_COUNTS, now));
        let rests = self.minimum > 0 && reaped > self.minimum.saturating_mul(REAPED_ALLOWED);
        if rests {
            self.resting.add(now, PLACE_RESTS);
        }
        rests
    }

    /// The totals, as the pool's items add up to them.
    pub(super) fn recounted(&mut self, counted: Totals) {
        let Totals { queued, supply, idle, live } = counted;
        (self.queued, self.supply, self.idle, self.live) = (queued, supply, idle, live);
    }

    /// Applies a change.
    pub(super) fn post(&mut self, change: Totals) {
        self.queued += change.queued;
        self.supply += change.supply;
        self.idle += change.idle;
        self.live += change.live;
    }
}
