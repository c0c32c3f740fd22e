//! Pools: runners that are alike, and the one map that holds them all.
//!
//! A pool is data. [`PoolMap::from_toml`] reads `pools.toml`, [`PoolMap::from_json`] the same map as it
//! is deployed to the functions; both report every error of the map at once.

mod caches;
mod checks;
mod fallbacks;
mod fargate_sizes;
mod fields;
mod image;
mod instances;
mod lines;
mod parse;
mod problems;
mod runtimes;
mod spelling;
mod toml_text;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::caches::{CacheGroup, CachedRepository};
pub(crate) use self::fields::Fields;
pub use self::instances::{About, Finding, InstanceCheck, OnInstances};
pub(crate) use self::lines::PathStep;
pub use self::parse::{ParsedMap, TASK_HOUR};
pub(crate) use self::problems::Problems;
pub use self::problems::{PoolMapError, Problem};
pub use self::runtimes::{Runtime, RuntimesFrom};
pub use self::toml_text::toml_as_json;
pub(crate) use self::values::DAYS;
use crate::cost::NanoDollars;
use crate::ids::PoolName;
use crate::label::{Label, Labels};
use crate::limits::Limits;
use crate::schedule::{Hours, Schedule};

/// The pool map that Mayfly ships: `pools.toml` at the root of the project.
pub const DEFAULT_POOLS: &str = include_str!("../../../../pools.toml");

/// A runner's instruction set, in ECS's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm (Graviton).
    Arm64,
}

impl Architecture {
    /// Every spelling of the architecture that workflows use as a label.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &["x64", "x86_64", "amd64"],
            Self::Arm64 => &["arm64", "aarch64"],
        }
    }

    /// Both architectures.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// The ECS capacity provider of a pool's tasks: where they run, and how that is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityProvider {
    /// Fargate, on demand.
    Fargate,
    /// Fargate Spot.
    FargateSpot,
    /// An Auto Scaling group of on-demand EC2 instances of the pool's own.
    Ec2,
    /// An Auto Scaling group of EC2 spot instances of the pool's own.
    Ec2Spot,
}

impl CapacityProvider {
    /// Whether tasks run on Fargate, not on instances of an Auto Scaling group.
    pub fn is_fargate(self) -> bool {
        matches!(self, Self::Fargate | Self::FargateSpot)
    }

    /// From `RunTask` to the first question at the soonest, about, in a burst: Fargate finds capacity, pulls the
    /// image and boots; on EC2 an instance is started first. It decides in which minute's registrations a launch
    /// is counted: a runner that comes up later than that mostly still comes in that minute, and one that came up
    /// sooner would find the minute before used up.
    pub fn comes_up_in(self) -> SignedDuration {
        SignedDuration::from_secs(if self.is_fargate() { 30 } else { 60 })
    }

    /// Whether AWS may take it back at any time.
    pub fn is_spot(self) -> bool {
        matches!(self, Self::FargateSpot | Self::Ec2Spot)
    }
}

impl fmt::Display for CapacityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fargate => "fargate",
            Self::FargateSpot => "fargate-spot",
            Self::Ec2 => "ec2",
            Self::Ec2Spot => "ec2-spot",
        })
    }
}

/// Runners that are alike: one entry of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The pool's name, which is one of its labels too.
    pub name: PoolName,
    /// Everything its runners carry: `self-hosted`, `linux`, the architecture's aliases, the
    /// pool's name, and the labels of its entry.
    pub labels: Labels,
    /// The instruction set of its tasks.
    pub architecture: Architecture,
    /// Where its tasks run.
    pub capacity: CapacityProvider,
    /// The EC2 instance types of its Auto Scaling group, the preferred one first; empty on Fargate.
    pub instance_types: Vec<String>,
    /// How many runners fit on one instance; `None` on Fargate.
    pub runners_per_instance: Option<u32>,
    /// CPU of one task in ECS's CPU units, 1024 a vCPU.
    pub cpu_units: u32,
    /// Memory of one task in MiB.
    pub memory_mib: u32,
    /// Ephemeral disk in GiB: of one task on Fargate, of one instance on EC2.
    pub disk_gib: u32,
    /// The GitHub runner group that its runners join.
    pub runner_group: String,
    /// Of several pools that serve a job, the one with the lowest number takes it.
    pub priority: u32,
    /// The pool whose capacity runs this pool's queued jobs while there is none of its own.
    pub fallback: Option<PoolName>,
    /// Most runners that may live at once on this pool's capacity. 0: the pool is out of service.
    pub maximum: u32,
    /// The maximum out of working hours, where it differs.
    pub off_hours_maximum: Option<u32>,
    /// Runners to keep waiting in working hours.
    pub working_hours_minimum: u32,
    /// Runners to keep waiting out of working hours.
    pub off_hours_minimum: u32,
    /// When its working hours are, where not as the platform's.
    pub schedule: Option<Schedule>,
    /// Whether `sudo` works in a job.
    pub sudo: bool,
    /// Whether a job's own summary at GitHub says where its time went and what that cost.
    pub job_summary: bool,
    /// Whether it takes jobs of public repositories, whose pull requests anybody may open.
    pub public_repositories: bool,
    /// The image of its runners, where it is not Mayfly's own.
    pub image: Option<String>,
    /// What an hour of one of its tasks costs; `None` where nobody has said so.
    pub task_hour: Option<NanoDollars>,
    /// Where its runners get the map's runtimes from.
    pub runtimes_from: RuntimesFrom,
}

impl Pool {
    /// The labels that make up a pool's identity without being written in its entry.
    fn implied_labels(name: &PoolName, architecture: Architecture) -> Labels {
        let words = ["self-hosted", "linux", name.as_str()];
        words.into_iter().chain(architecture.aliases().iter().copied()).collect()
    }

    /// The architecture that a label names, if it names one.
    pub(crate) fn architecture_of(label: &Label) -> Option<Architecture> {
        Architecture::ALL.into_iter().find(|architecture| architecture.aliases().contains(&label.as_str()))
    }
}

/// The one map of pools, by name, with the platform's schedule and the account's limits.
///
/// A pool with the maximum 0 is out of service, as if it were not in the map: no job is routed to it, nothing
/// is launched, and what waits there goes elsewhere. What it runs on is kept until it leaves the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolMap {
    pools: BTreeMap<PoolName, Pool>,
    retiring: BTreeMap<PoolName, Pool>,
    schedule: Schedule,
    limits: Limits,
    caches: BTreeMap<String, CacheGroup>,
    runtimes: Vec<Runtime>,
}

impl PoolMap {
    /// The pool of this name, if it is in service.
    pub fn get(&self, name: &PoolName) -> Option<&Pool> {
        self.pools.get(name)
    }

    /// A pool of the map, in service or not.
    pub fn placed(&self, name: &PoolName) -> Option<&Pool> {
        self.pools.get(name).or_else(|| self.retiring.get(name))
    }

    /// Every pool that is in service, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Pool> {
        self.pools.values()
    }

    /// Every pool of the map, by name, also those that are out of service.
    pub fn with_retiring(&self) -> impl Iterator<Item = &Pool> {
        let mut all: Vec<&Pool> = self.pools.values().chain(self.retiring.values()).collect();
        all.sort_by_key(|pool| &pool.name);
        all.into_iter()
    }

    /// The same map with nothing to be launched in the pools that this holds for: the jobs that are
    /// routed to them wait.
    #[must_use]
    pub fn held_where(mut self, holds: impl Fn(&Pool) -> bool) -> Self {
        for pool in self.pools.values_mut().filter(|pool| holds(pool)) {
            (pool.maximum, pool.off_hours_maximum, pool.schedule) = (0, None, None);
            (pool.working_hours_minimum, pool.off_hours_minimum) = (0, 0);
        }
        self
    }

    /// A pool of the map with the schedule that it follows.
    pub fn hours<'a>(&'a self, pool: &'a Pool) -> Hours<'a> {
        Hours { pool, schedule: pool.schedule.as_ref().unwrap_or(&self.schedule) }
    }

    /// The schedule of the pools that have none of their own.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The groups of repositories that share a dependency cache, by name.
    pub fn caches(&self) -> &BTreeMap<String, CacheGroup> {
        &self.caches
    }

    /// The runtimes that runners find in their tool cache.
    pub fn runtimes(&self) -> &[Runtime] {
        &self.runtimes
    }

    /// What AWS and GitHub take of the account.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The pools whose capacity may run a runner of `pool`, in the order to try: its own, its
    /// fallback's, and so on. Empty when the map does not know the pool.
    pub fn capacity_chain(&self, pool: &PoolName) -> impl Iterator<Item = &Pool> {
        std::iter::successors(self.get(pool), |at| self.get(at.fallback.as_ref()?))
    }

    /// These pools, whether the map knows them or not, and all whose capacity may run their runners.
    pub fn with_capacities(&self, names: &BTreeSet<PoolName>) -> BTreeSet<PoolName> {
        let capacities =
            names.iter().flat_map(|name| self.capacity_chain(name)).map(|pool| pool.name.clone());
        names.iter().cloned().chain(capacities).collect()
    }
}

#[cfg(test)]
mod tests;
