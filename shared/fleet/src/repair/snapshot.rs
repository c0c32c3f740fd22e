//! What a pass of repairs looks at, as of one moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ids::{PoolName, RunnerId, TaskArn};
use crate::launch::{Placement, SeenStop, TaskTimes};
use crate::ledger::{Book, Job, Runner};
use crate::pools::PoolMap;
use crate::ports::TaskDescription;
use crate::schedule::GroupSizes;

/// What a pass of repairs looks at. What could not be read is missing, and no rule treats its absence as a
/// fact.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// When the pass began.
    pub now: Timestamp,
    /// The map of pools.
    pub pools: &'a PoolMap,
    /// Where ECS places each pool's tasks.
    pub placements: &'a BTreeMap<PoolName, Placement>,
    /// The books that were read, of pools that are in the map or once were.
    pub books: BTreeMap<PoolName, Book>,
    /// The jobs that wait in pools which have left the map.
    pub waiting: Vec<Job>,
    /// The runners that were read.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// The sizes of the pools' Auto Scaling groups.
    pub groups: BTreeMap<PoolName, GroupSizes>,
    /// The runners' tasks with desired status RUNNING, of each cluster that was asked.
    tasks: BTreeMap<String, BTreeMap<RunnerId, SeenTask>>,
}

/// A runner's task, as ECS described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTask {
    /// The cluster that it is in.
    pub cluster: String,
    /// The task.
    pub task: TaskArn,
    /// ECS's `lastStatus`.
    pub last_status: String,
    /// ECS's `createdAt`, if ECS has it.
    pub created_at: Option<Timestamp>,
    /// ECS's `pullStartedAt`, which is when the task left PROVISIONING; `None` before that, or if ECS does
    /// not say.
    pub pull_started_at: Option<Timestamp>,
    /// Why it stops, if it does.
    pub stop: Option<SeenStop>,
}

impl SeenTask {
    /// A task of this cluster.
    pub(super) fn of(cluster: &str, described: TaskDescription) -> Self {
        let TaskDescription { task, last_status, times, stop, .. } = described;
        let stop = stop.map(|stop| SeenStop::of(stop.code.as_deref(), &stop.reason, stop.exit_code, times));
        let TaskTimes { created_at, pull_started_at, .. } = times;
        Self { cluster: cluster.to_owned(), task, last_status, created_at, pull_started_at, stop }
    }

    /// Whether it has ended.
    pub fn has_stopped(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// Why it stopped.
    pub fn why_stopped(&self) -> SeenStop {
        self.stop.clone().unwrap_or_else(SeenStop::unknown)
    }

    /// Whether it waits for capacity.
    pub fn is_provisioning(&self) -> bool {
        self.last_status == "PROVISIONING"
    }
}

/// What is known of a runner's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight<'a> {
    /// ECS described this task.
    Task(&'a SeenTask),
    /// ECS lists none that should run. There may be one all the same: lists lag.
    NotListed,
    /// ECS was not asked, or did not answer.
    Unknown,
}

impl<'a> Sight<'a> {
    /// The task, if it is known.
    pub fn task(self) -> Option<&'a SeenTask> {
        if let Self::Task(task) = self { Some(task) } else { None }
    }
}

impl<'a> Snapshot<'a> {
    /// A snapshot of this moment that holds nothing yet.
    pub fn new(now: Timestamp, pools: &'a PoolMap, placements: &'a BTreeMap<PoolName, Placement>) -> Self {
        Self {
            now,
            pools,
            placements,
            books: BTreeMap::new(),
            waiting: Vec::new(),
            runners: BTreeMap::new(),
            groups: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }

    /// Adds what ECS lists of a cluster; tasks that are not our runners are left out.
    pub fn see(&mut self, cluster: &str, tasks: impl IntoIterator<Item = TaskDescription>) {
        let seen = tasks.into_iter().filter_map(|described| {
            let runner = described.runner.clone()?;
            Some((runner, SeenTask::of(cluster, described)))
        });
        self.tasks.entry(cluster.to_owned()).or_default().extend(seen);
    }

    /// What remains to look at once `RunTask` has returned tasks that ECS did not list: their runners, each
    /// with its task, and nothing else.
    #[must_use]
    pub fn narrowed(&self, found: impl IntoIterator<Item = (String, Vec<TaskDescription>)>) -> Self {
        let mut narrowed = Self::new(self.now, self.pools, self.placements);
        for (cluster, tasks) in found {
            narrowed.see(&cluster, tasks);
        }
        let known = narrowed.tasks.values().flat_map(BTreeMap::keys);
        narrowed.runners = known.filter_map(|id| self.runners.get_key_value(id)).map(cloned).collect();
        narrowed
    }

    /// What is known of a runner's task.
    pub fn sight(&self, runner: &Runner) -> Sight<'_> {
        let clusters = self.clusters(runner);
        let lists = || clusters.iter().map(|&cluster| self.tasks.get(cluster));
        let seen = lists().flatten().find_map(|tasks| tasks.get(&runner.id));
        match seen {
            Some(task) => Sight::Task(task),
            None if lists().all(|tasks| tasks.is_some()) => Sight::NotListed,
            None => Sight::Unknown,
        }
    }

    /// Where a runner's task may be: in the cluster of its capacity or, if that has left the map, in any
    /// cluster that we know.
    pub(super) fn clusters(&self, runner: &Runner) -> BTreeSet<&'a str> {
        let own = self.placements.get(&runner.capacity).map(|placement| placement.cluster.as_str());
        let all = || self.placements.values().map(|placement| placement.cluster.as_str()).collect();
        own.map_or_else(all, |cluster| BTreeSet::from([cluster]))
    }

    /// The runners that may still come to take a job, in the order of their reservations.
    pub(super) fn on_their_way(&self) -> Vec<&Runner> {
        self.by_reservation(|runner| runner.state.is_on_its_way())
    }

    /// Those that have asked for nothing.
    pub(super) fn unasked(&self) -> Vec<&Runner> {
        self.by_reservation(|runner| runner.state.is_on_its_way() && runner.boot.is_none())
    }

    /// The runners of one kind, in the order of their reservations.
    pub(super) fn by_reservation(&self, fits: impl Fn(&&Runner) -> bool) -> Vec<&Runner> {
        let mut runners: Vec<&Runner> = self.runners.values().filter(fits).collect();
        runners.sort_by_key(|runner| runner.reserved_at);
        runners
    }

    /// How long ago a runner was reserved.
    pub(super) fn age(&self, runner: &Runner) -> SignedDuration {
        self.now.duration_since(runner.reserved_at)
    }

    /// Whether a pool has left the map.
    pub(super) fn is_retired(&self, pool: &PoolName) -> bool {
        self.pools.get(pool).is_none()
    }
}

fn cloned((id, runner): (&RunnerId, &Runner)) -> (RunnerId, Runner) {
    (id.clone(), runner.clone())
}
