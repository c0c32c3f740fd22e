//! How much of its quota a pool needs, in CPU units (1024 a vCPU).

use fleet::{Pool, PoolMap};
use jiff::{SignedDuration, Timestamp};
use platform::pools::instance_types;

use super::quotas::{self, Quota};

/// How far ahead to look for a minimum: a month, so that no holiday hides it.
const AHEAD: SignedDuration = SignedDuration::from_hours(28 * 24);

/// The source of the CPU of one instance, or of one task. EC2 itself is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuSource {
    /// The task's own size.
    Task,
    /// The table of instance types.
    Type,
    /// A lower bound: the runners that must fit on an instance.
    Runners,
}

/// What a pool needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The quota that it draws on; `None` if AWS names none.
    pub quota: Option<Quota>,
    /// CPU units of one instance, or of one task.
    pub each: u64,
    /// The source of that number.
    pub known: CpuSource,
    /// Runners on one instance; 1 for a task.
    pub runners: u32,
    /// Instances, or tasks, at the pool's maximum.
    pub most: u32,
    /// Whether it keeps runners waiting at some hour.
    pub keeps_runners: bool,
}

impl Need<'_> {
    /// CPU units at the pool's maximum.
    pub fn whole(&self) -> u64 {
        self.each * u64::from(self.most)
    }
}

/// What each pool in service needs, by name.
pub fn of(pools: &PoolMap, now: Timestamp) -> Vec<Need<'_>> {
    let need = |pool| of_pool(pool, pools.hours(pool).highest_minimum(now, AHEAD) > 0);
    pools.iter().filter(|pool| pool.maximum > 0).map(need).collect()
}

fn of_pool(pool: &Pool, keeps_runners: bool) -> Need<'_> {
    let runners = pool.runners_per_instance.unwrap_or(1).max(1);
    let at_least = u64::from(pool.cpu_units) * u64::from(runners);
    let sizes: Option<Vec<u64>> = pool.instance_types.iter().map(|it| cpu_units_of(it)).collect();
    // The group may launch any of its types; of the smallest it launches most.
    let smallest = sizes.and_then(|sizes| sizes.into_iter().min()).filter(|size| *size >= at_least);
    let (each, known) = match smallest {
        _ if pool.capacity.is_fargate() => (at_least, CpuSource::Task),
        Some(smallest) => (smallest, CpuSource::Type),
        None => (at_least, CpuSource::Runners),
    };
    let most = pool.maximum.div_ceil(runners);
    Need { pool, quota: quotas::of(pool), each, known, runners, most, keeps_runners }
}

/// CPU units of an instance of this type, if the table knows it.
fn cpu_units_of(instance_type: &str) -> Option<u64> {
    instance_types::of(instance_type).map(|known| u64::from(known.vcpus) * 1024)
}
