//! Names, times and events for the ledger's tests.

use fleet::launch::FailureClass;
use fleet::ledger::{Event, JobAction, JobEvent, JobRunner, RunnerEvent};
use fleet::question::Listener;
use fleet::{BootDigest, BootId, GithubRunnerId, JobId, PoolMap, PoolName, Repository, RunnerId};
use jiff::Timestamp;

/// A time, in seconds after one that is the same in every test.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A pool's name.
pub fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

/// A runner's id; another one for each number.
pub fn runner_id(number: u128) -> RunnerId {
    RunnerId::from_random(number)
}

/// What the ledger keeps of a boot's id.
pub fn boot(name: &str) -> BootDigest {
    BootId::new(name).digest()
}

/// The question of a boot whose listener is so far.
pub fn asked(boot_name: &str, listener: Listener) -> RunnerEvent {
    RunnerEvent::Asked(boot(boot_name), listener, None)
}

/// The registration that follows a boot's question, with GitHub's id of it.
pub fn registered(boot_name: &str, github_id: u64) -> RunnerEvent {
    RunnerEvent::Registered(boot(boot_name), GithubRunnerId(github_id))
}

/// What GitHub says of a job that was routed to a pool and names no runner of ours.
pub fn job_event(action: JobAction, job: u64, pool_name: &str) -> JobEvent {
    JobEvent {
        action,
        job: JobId(job),
        pool: Some(pool(pool_name)),
        repository: Repository::new("octo-org/example"),
        is_public: false,
        labels: ["linux"].into_iter().collect(),
        runner: None,
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: fleet::ledger::JobNames::default(),
    }
}

/// The same, of a job that a runner took.
pub fn taken_by(event: JobEvent, runner: &RunnerId, github_id: u64) -> JobEvent {
    let named = JobRunner { github_id: GithubRunnerId(github_id), runner: runner.clone() };
    JobEvent { runner: Some(named), ..event }
}

/// Jobs of these numbers that begin to wait for a pool's runners.
pub fn queued(pool: &str, jobs: impl IntoIterator<Item = u64>) -> Vec<Event> {
    jobs.into_iter().map(|job| Event::Job(job_event(JobAction::Queued, job, pool))).collect()
}

/// A pool's minimum and maximum.
pub fn bounds(name: &str, minimum: u32, maximum: u32) -> Event {
    Event::Bounds { pool: pool(name), minimum, maximum, task_definition: None }
}

/// A runner's launch that failed for good.
pub fn launch_failed(runner: &RunnerId, class: FailureClass) -> Event {
    Event::Runner(runner.clone(), RunnerEvent::LaunchFailed(class, "RESOURCE:CPU".to_owned()))
}

/// A map of Fargate pools: name, fallback and maximum of each. The one that is called `spot` is Fargate Spot.
pub fn pool_map(pools: &[(&str, Option<&str>, u32)]) -> PoolMap {
    let entry = |(name, fallback, maximum): &(&str, Option<&str>, u32)| {
        let capacity = if *name == "spot" { "fargate-spot" } else { "fargate" };
        let mut entry = serde_json::json!({
            "labels": [], "architecture": "x86_64", "capacity": capacity, "cpu_units": 4096,
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
