//! Events of jobs and runners whose pool was taken out of the map.

use fleet::PoolMap;
use fleet::ledger::RunnerState;
use fleet::pools::DEFAULT_POOLS;
use serde_json::{Value, json};

use crate::fake::{LauncherStage, job_event};

const GONE: &str = "fargate-x64";

/// A runner of the pool that has registered as GitHub's runner 7, for job 1; then the pool goes.
fn stage() -> (LauncherStage, fleet::RunnerId) {
    let mut stage = LauncherStage::new();
    let runner = stage.runner_on_instance(1, GONE);
    stage.register(&runner, 7);
    let rest = DEFAULT_POOLS.find("[pools.fargate-arm64]").unwrap();
    stage.settings.0.pools = PoolMap::from_toml(&DEFAULT_POOLS[rest..]).unwrap();
    stage.settings.0.placements.retain(|pool, _| stage.settings.0.pools.get(pool).is_some());
    (stage, runner)
}

/// The message of a job whose labels no pool has any longer.
fn unrouted(action: &str, job: u64) -> Value {
    let mut message = job_event(action, job, GONE, None);
    message["job_event"]["pool"] = Value::Null;
    message
}

#[test]
fn a_job_that_was_routed_by_the_map_of_before_waits_and_launches_nothing() {
    let (stage, _) = stage();
    for pool in [GONE, "never-seen"] {
        assert_eq!(stage.handle(&[job_event("queued", 2, pool, None)]), [] as [usize; 0], "{pool}");
        assert_eq!(stage.ecs.launched.borrow().len(), 1, "{pool}: job 1's alone");
    }
    assert_eq!(stage.totals(GONE), (2, 1, 1));
}

#[test]
fn its_jobs_and_runners_go_on_to_their_end_in_its_book() {
    let (stage, runner) = stage();
    let named = Some((&runner, 7));
    for (message, totals, state) in [
        (job_event("in_progress", 1, GONE, named), (0, 0, 1), RunnerState::Busy),
        (job_event("completed", 1, GONE, named), (0, 0, 1), RunnerState::Busy),
        (
            json!({"detail-type": "ECS Task State Change", "detail": {
                "lastStatus": "STOPPED", "startedBy": runner.as_str(), "stopCode": "EssentialContainerExited",
            }}),
            (0, 0, 0),
            RunnerState::Stopped,
        ),
    ] {
        assert_eq!(stage.handle(std::slice::from_ref(&message)), [] as [usize; 0], "{message}");
        assert_eq!((stage.totals(GONE), stage.state(&runner)), (totals, state), "{message}");
    }
}

#[test]
fn a_job_that_ends_without_a_pool_is_no_longer_waited_for() {
    let (stage, _) = stage();
    assert_eq!(stage.handle(&[unrouted("completed", 1), unrouted("completed", 99)]), [] as [usize; 0]);
    assert_eq!(stage.totals(GONE), (0, 1, 1), "and of a job that is not known nothing is written");
}
