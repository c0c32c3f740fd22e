//! A scene for stories: the platform with Mayfly's functions on it, and nothing left over at the end.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a story that cannot be told fails")]

use std::time::Duration;

use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, PoolName, Repository};
use jiff::{SignedDuration, Timestamp};
use sandbox::github::JobPlan;
use sandbox::{Delays, Sandbox};

use crate::{Platform, PlatformWorld, leftovers};

/// Monday, 5 October 2026, 09:00 UTC.
pub const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// The secret that the stories' GitHub signs with.
pub const WEBHOOK_SECRET: &str = "a story's secret";

/// How long a job works.
pub const WORK: Duration = Duration::from_mins(2);

/// A world for a story. One that is dropped with a task, runner, message or total unaccounted for
/// fails its test.
pub struct Scene {
    /// The world.
    pub world: PlatformWorld,
    jobs: u64,
}

impl Scene {
    /// The seven default pools.
    pub fn new() -> Self {
        Self::of(DEFAULT_POOLS)
    }

    /// The pools of a map.
    pub fn of(pools: &str) -> Self {
        let pools = PoolMap::from_toml(pools).expect("the story's pool map reads");
        let sandbox = Sandbox::new(1, START, Delays::default(), &pools);
        Self { world: Platform::world(sandbox, &pools, &WEBHOOK_SECRET.into()), jobs: 0 }
    }

    /// Queues a job with these labels at GitHub.
    pub fn queue(&mut self, labels: &[&str]) -> JobId {
        self.jobs += 1;
        let id = JobId(self.jobs);
        self.world.queue_job(id, plan(labels));
        id
    }

    /// Lets this much time pass.
    pub fn pass(&mut self, seconds: i64) {
        let now = self.world.sandbox().manual_clock().now();
        self.world.run_until(now + SignedDuration::from_secs(seconds));
    }

    /// Lets time pass until the platform is at rest.
    pub fn rest(&mut self) {
        assert!(self.world.run_to_rest(SignedDuration::from_hours(6)), "the platform does not come to rest");
    }

    /// The capacity providers of the tasks that were ever started, in their order.
    pub fn tasks(&self) -> Vec<String> {
        self.world.sandbox().ecs().borrow().tasks().map(|task| task.capacity_provider().to_owned()).collect()
    }

    /// A pool's queued, supply and live.
    pub fn book(&self, pool: &str) -> (i64, i64, i64) {
        let pool = PoolName::new(pool).expect("a pool's name");
        let table = self.world.sandbox().table().borrow();
        table.book(&pool).map_or((0, 0, 0), |book| (book.queued, book.supply, book.live))
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.rest();
            let left = leftovers(self.world.sandbox());
            assert!(left.is_empty(), "left over: {left:#?}");
        }
    }
}

/// A job of the stories' repository.
pub fn plan(labels: &[&str]) -> JobPlan {
    JobPlan {
        repository: Repository::new("octo-org/storefront"),
        labels: labels.iter().collect(),
        work: WORK,
    }
}
