//! `maximum = 0`: a pool is out of service, and comes back.

use std::time::Duration;

use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap};
use platform::scene::{Scene, plan};
use sandbox::FunctionName;
use sandbox::github::{JobPlan, Phase};

/// Both `ec2-x64` and `ec2-arm64` serve it, in this order of priority.
const EITHER: &[&str] = &["docker", "on-demand"];

/// In the order in which a deploy updates them: the webhook last.
const UPDATED: [FunctionName; 4] =
    [FunctionName::Registrar, FunctionName::Launcher, FunctionName::Scheduler, FunctionName::Webhook];

/// The seven default pools, with these lines instead of the maximum of `ec2-x64`.
fn map(maximum: &str) -> String {
    let (before, after) = DEFAULT_POOLS.split_once("[pools.ec2-x64]\n").unwrap();
    format!("{before}[pools.ec2-x64]\n{}", after.replacen("maximum = 15", maximum, 1))
}

fn update(scene: &Scene, functions: &[FunctionName], maximum: &str) {
    let pools = PoolMap::from_toml(&map(maximum)).unwrap();
    for &function in functions {
        scene.world.functions().use_map(function, &pools);
    }
}

fn queue(scene: &mut Scene, id: u64, minutes: u64) -> JobId {
    let work = Duration::from_mins(minutes);
    scene.world.queue_job(JobId(id), JobPlan { work, ..plan(EITHER) });
    JobId(id)
}

fn phase(scene: &Scene, job: JobId) -> Phase {
    scene.world.sandbox().github().borrow().job(job).unwrap().phase
}

#[test]
fn a_busy_runner_works_on_and_waiting_jobs_go_elsewhere_until_the_pool_is_back() {
    let mut scene = stories::scene_of(&map("maximum = 1"));
    let long = queue(&mut scene, 1, 30);
    scene.pass(90);
    let waiting = queue(&mut scene, 2, 2);
    scene.pass(30);
    assert_eq!(scene.book("ec2-x64"), (1, 0, 1), "one job runs, and there is no room for the other");

    let (webhook, first) = UPDATED.split_last().unwrap();
    update(&scene, first, "maximum = 0");
    let between = queue(&mut scene, 3, 2);
    scene.pass(90);
    assert_eq!(scene.book("ec2-x64"), (0, 0, 1), "the job that the old webhook routed there has moved too");
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64", "mayfly_ec2-arm64", "mayfly_ec2-arm64"]);

    update(&scene, &[*webhook], "maximum = 0");
    let after = queue(&mut scene, 4, 2);
    scene.pass(6 * 60);
    assert!([waiting, between, after].iter().all(|&job| phase(&scene, job) != phase(&scene, long)));
    assert_eq!(scene.book("ec2-x64"), (0, 0, 1), "the long job goes on");
    assert_eq!(scene.tasks().len(), 4);
    assert_eq!(scene.tasks().last().unwrap(), "mayfly_ec2-arm64");

    update(&scene, &UPDATED, "maximum = 15");
    let back = queue(&mut scene, 5, 2);
    scene.pass(90);
    assert_eq!(scene.tasks().last().unwrap(), "mayfly_ec2-x64", "it is in service again");
    scene.rest();
    for job in [long, waiting, between, after, back] {
        assert_eq!(phase(&scene, job), Phase::Completed { conclusion: "success" }, "{job}");
    }
    assert_eq!(scene.tasks().len(), 5, "one task a job: nothing was started in vain");
}

#[test]
fn its_idle_runners_leave_and_wait_again_when_it_is_back() {
    let three = "maximum = 15\nworking_hours_minimum = 3\noff_hours_minimum = 3";
    let mut scene = stories::scene_of(&map(three));
    scene.pass(5 * 60);
    assert_eq!(scene.book("ec2-x64"), (0, 3, 3));

    update(&scene, &UPDATED, &three.replace("15", "0"));
    scene.pass(5 * 60);
    assert_eq!(scene.book("ec2-x64"), (0, 0, 0), "whatever its minimum says");
    assert_eq!(scene.world.sandbox().github().borrow().runners().count(), 0);
    assert_eq!(scene.tasks().len(), 3, "and no other is started");

    update(&scene, &UPDATED, three);
    scene.pass(5 * 60);
    assert_eq!(scene.book("ec2-x64"), (0, 3, 3));
    update(&scene, &UPDATED, "maximum = 15");
}
