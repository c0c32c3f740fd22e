//! A small platform for the tables: two pools in the map, and one that has left it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{BootId, GithubRunnerId, JobId, PoolName, Repository, RunnerId, TaskArn};
use crate::launch::{Placement, TaskTimes};
use crate::ledger::{Book, Item, Job, JobState, Runner, RunnerState, recount};
use crate::pools::PoolMap;
use crate::ports::TaskDescription;
use crate::repair::{Repair, Snapshot, repairs};

/// `small` is on EC2, two runners per instance; `plain` is on Fargate; `cheap` falls back on it. `old` is not
/// in the map, and so retired.
const POOLS: &str = r#"
[pools.small]
labels = ["docker"]
architecture = "x86_64"
capacity = "ec2"
instance_types = ["t3.2xlarge"]
runners_per_instance = 2
cpu_units = 4096
memory_mib = 15360
disk_gib = 120
runner_group = "ecs"
priority = 10
maximum = 10
working_hours_minimum = 6
off_hours_minimum = 2

[pools.plain]
labels = ["x"]
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 20
maximum = 10

[pools.cheap]
labels = ["cheap"]
architecture = "x86_64"
capacity = "fargate-spot"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 30
maximum = 10
fallback = "plain"
"#;

/// Noon of a Monday, in the zone of the schedule.
pub(super) const NOON: Timestamp = Timestamp::constant(1_774_267_200, 0);

/// What a snapshot borrows.
pub(super) struct BorrowedParts {
    pub(super) pools: PoolMap,
    pub(super) placements: BTreeMap<PoolName, Placement>,
}

impl BorrowedParts {
    pub(super) fn new() -> Self {
        let pools = PoolMap::from_toml(POOLS).unwrap();
        let placements = pools
            .iter()
            .map(|pool| (pool.name.clone(), Placement::in_stack("mayfly", pool, Some(1))))
            .collect();
        Self { pools, placements }
    }

    /// At noon, with an empty book for each pool.
    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        let mut snapshot = Snapshot::new(NOON, &self.pools, &self.placements);
        for (name, maximum) in [("small", 10), ("plain", 10), ("cheap", 10), ("old", 0)] {
            snapshot.books.insert(pool(name), Book::open(pool(name), maximum));
        }
        snapshot
    }
}

pub(super) fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

pub(super) fn id(number: u128) -> RunnerId {
    RunnerId::from_random(number)
}

/// The time this many seconds before noon.
pub(super) fn ago(seconds: i64) -> Timestamp {
    NOON - SignedDuration::from_secs(seconds)
}

/// A runner on its own pool's capacity, reserved this many seconds ago, that has asked for nothing.
pub(super) fn runner(number: u128, of: &str, state: RunnerState, age: i64) -> Runner {
    Runner { state, version: 1, ..Runner::reserved(id(number), pool(of), pool(of), ago(age)) }
}

/// The same, once it was called: its last question was this many seconds ago.
pub(super) fn called(runner: Runner, silence: i64) -> Runner {
    let state = if runner.state == RunnerState::Starting { RunnerState::Idle } else { runner.state };
    Runner { state, boot: Some(BootId::new("boot").digest()), asked_at: Some(ago(silence)), ..runner }
}

/// The same, once it got its JIT config.
pub(super) fn registered(runner: Runner, silence: i64) -> Runner {
    Runner { github_id: Some(GithubRunnerId(7)), ..called(runner, silence) }
}

/// The same, once its listener was up.
pub(super) fn listening(runner: Runner) -> Runner {
    Runner { listened: true, ..registered(runner, 0) }
}

/// A job that waits in a pool, with the pool's label.
pub(super) fn job(number: u64, in_pool: &str, label: &str) -> Job {
    Job {
        pool: Some(pool(in_pool)),
        version: 1,
        ..Job::new(
            JobId(number),
            JobState::Queued,
            Repository::new("octo-org/storefront"),
            [label].into_iter().collect(),
            ago(60),
        )
    }
}

/// A runner's task in a status.
pub(super) fn task(number: u128, status: &str) -> TaskDescription {
    TaskDescription {
        task: TaskArn::new(format!("task-{number}")),
        runner: Some(id(number)),
        last_status: status.to_owned(),
        times: TaskTimes::default(),
        stop: None,
        stack: Some("mayfly".to_owned()),
    }
}

/// A task's times, if ECS says when it began to pull the images.
pub(super) fn pulled_at(pull_started_at: Option<Timestamp>) -> TaskTimes {
    TaskTimes { pull_started_at, ..TaskTimes::default() }
}

/// The same, if ECS says when the task was created.
pub(super) fn created_at(created_at: Option<Timestamp>) -> TaskTimes {
    TaskTimes { created_at, ..TaskTimes::default() }
}

/// Adds runners to a snapshot.
pub(super) fn add(snapshot: &mut Snapshot<'_>, runners: impl IntoIterator<Item = Runner>) {
    snapshot.runners.extend(runners.into_iter().map(|runner| (runner.id.clone(), runner)));
}

/// Makes each book match the snapshot's runners, with this many waiting jobs in each open pool.
pub(super) fn count(snapshot: &mut Snapshot<'_>, jobs: i64) {
    let runners: Vec<Item> = snapshot.runners.values().cloned().map(Item::Runner).collect();
    let totals = recount(&runners);
    for (name, book) in &mut snapshot.books {
        let totals = totals.get(name).copied().unwrap_or_default();
        (book.supply, book.idle, book.live) = (totals.supply, totals.idle, totals.live);
        book.queued = if book.is_closed() { 0 } else { jobs };
    }
}

/// What all rules find, in words: runners by their numbers.
pub(super) fn found(snapshot: &Snapshot<'_>) -> Vec<String> {
    repairs(snapshot).iter().map(repair_text).collect()
}

/// A repair in words.
fn repair_text(repair: &Repair) -> String {
    let number = || {
        let named = repair.runner().unwrap();
        (0..100).find(|&number| id(number) == named.id).unwrap()
    };
    match repair {
        Repair::SetMinSize { group, from, to, .. } => format!("{group}: {from} to {to}"),
        Repair::Close { pool } => format!("close {pool}"),
        Repair::Reroute { job, from, to } => format!("job {job} from {from} to {to}"),
        Repair::Fence { cause, task: Some(task), .. } => {
            format!("fence {}, stop {}: {}", number(), task.task, cause.why())
        }
        Repair::Fence { cause, task: None, .. } => format!("fence {}: {}", number(), cause.why()),
        Repair::CallOverdue { .. } => format!("{} is overdue", number()),
        Repair::RunAgain { .. } => format!("run {} again", number()),
        Repair::Stop { task, .. } => format!("stop {}", task.task),
        Repair::NoteStopped { .. } => format!("{} has stopped", number()),
    }
}
