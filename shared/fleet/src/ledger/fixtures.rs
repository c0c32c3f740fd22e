//! Names, times and events for the ledger's tests.

use jiff::Timestamp;

use super::{Event, JobAction, JobEvent, JobRunner, RunnerEvent};
use crate::ids::{BootId, GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::launch::FailureClass;
use crate::pools::PoolMap;

/// A time, in seconds after one that is the same in every test.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(super) fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

pub(super) fn runner_id(number: u128) -> RunnerId {
    RunnerId::from_random(number)
}

pub(super) fn boot(name: &str) -> BootId {
    BootId::new(name)
}

/// What GitHub says of a job that was routed to a pool and names no runner of ours.
pub(super) fn job_event(action: JobAction, job: u64, pool_name: &str) -> JobEvent {
    JobEvent {
        action,
        job: JobId(job),
        pool: Some(pool(pool_name)),
        repository: Repository::new("octo-org/example"),
        labels: ["linux"].into_iter().collect(),
        runner: None,
        may_not_have_run: false,
        created_at: None,
    }
}

/// The same, of a job that a runner took.
pub(super) fn taken_by(event: JobEvent, runner: &RunnerId, github_id: u64) -> JobEvent {
    let named = JobRunner { github_id: GithubRunnerId(github_id), runner: runner.clone() };
    JobEvent { runner: Some(named), ..event }
}

/// Jobs of these numbers that begin to wait for a pool's runners.
pub(super) fn queued(pool: &str, jobs: impl IntoIterator<Item = u64>) -> Vec<Event> {
    jobs.into_iter().map(|job| Event::Job(job_event(JobAction::Queued, job, pool))).collect()
}

/// A pool's minimum and maximum.
pub(super) fn bounds(name: &str, minimum: u32, maximum: u32) -> Event {
    Event::Bounds { pool: pool(name), minimum, maximum }
}

/// A runner's launch that failed for good.
pub(super) fn launch_failed(runner: &RunnerId, class: FailureClass) -> Event {
    Event::Runner(runner.clone(), RunnerEvent::LaunchFailed(class, "RESOURCE:CPU".to_owned()))
}

/// A map of Fargate pools: name, fallback and maximum of each.
pub(super) fn pool_map(pools: &[(&str, Option<&str>, u32)]) -> PoolMap {
    let entry = |(name, fallback, maximum): &(&str, Option<&str>, u32)| {
        let mut entry = serde_json::json!({
            "labels": [], "architecture": "x86_64", "capacity": "fargate", "cpu_units": 4096,
            "memory_mib": 16384, "disk_gib": 60, "runner_group": "fargate", "priority": 1,
            "maximum": maximum,
        });
        if let Some(fallback) = fallback {
            entry["fallback"] = serde_json::json!(fallback);
        }
        ((*name).to_owned(), entry)
    };
    PoolMap::from_entries(pools.iter().map(entry)).unwrap()
}
