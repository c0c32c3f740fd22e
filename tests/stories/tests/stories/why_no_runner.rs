//! What `mayfly why` says of a job for which nothing is launched: the sentence, and what happens next.

use std::time::Duration;

use fleet::pools::DEFAULT_POOLS;
use fleet::status::Reason;
use fleet::{JobId, PoolMap, PoolName};
use platform::scene::{Scene, plan};
use sandbox::github::JobPlan;
use sandbox::{Fault, FunctionName, Rates};
use stories::asking::Asking;

const POOL: &str = "fargate-x64";
const FUNCTIONS: [FunctionName; 4] =
    [FunctionName::Registrar, FunctionName::Launcher, FunctionName::Scheduler, FunctionName::Webhook];

/// The seven default pools, with these lines instead of a pool's maximum.
fn map(pool: &str, lines: &str) -> String {
    let head = format!("[pools.{pool}]\n");
    let (before, after) = DEFAULT_POOLS.split_once(&head).unwrap();
    let maximum = after.lines().find(|line| line.starts_with("maximum = ")).unwrap();
    format!("{before}{head}{}", after.replacen(maximum, lines, 1))
}

/// A scene with this map and this many waiting jobs, and the question about the last of them.
fn waiting(map: &str, pool: &str, jobs: u64) -> (Scene, Asking) {
    let mut scene = stories::scene_of(map);
    for number in 1..=jobs {
        scene.world.queue_job(JobId(number), JobPlan { work: Duration::from_mins(20), ..plan(&[pool]) });
    }
    scene.pass(3);
    (scene, Asking::of(JobId(jobs), &PoolMap::from_toml(map).unwrap()))
}

/// Asks about the job that waits last in line.
fn last(scene: &mut Scene, asking: &Asking) -> Asking {
    let job = *asking.look(scene).waiting.last().unwrap();
    Asking { asked: control::JobQuery { job, ..asking.asked.clone() }, ..asking.clone() }
}

#[test]
fn a_pool_at_its_maximum_says_since_when_and_which_job_comes_first() {
    let (mut scene, asking) = waiting(&map(POOL, "maximum = 1"), POOL, 3);
    scene.pass(2 * 60);
    assert_eq!(
        last(&mut scene, &asking).said(&mut scene),
        [
            "pool fargate-x64 is at its maximum, 1/1 since 09:00:01; the job is number 2 of 2 that wait",
            "the next runner that ends makes room, mostly for the job that has waited longest"
        ]
    );
}

#[test]
fn a_pool_at_its_off_hours_maximum_says_when_another_holds() {
    let (mut scene, asking) = waiting(&map(POOL, "maximum = 15\noff_hours_maximum = 1"), POOL, 0);
    // Monday, 22:00 UTC.
    scene.pass(13 * 60 * 60);
    for number in 1..=2 {
        scene.world.queue_job(JobId(number), plan(&[POOL]));
    }
    scene.pass(10);
    let asking = Asking { asked: control::JobQuery { job: JobId(2), ..asking.asked.clone() }, ..asking };
    assert_eq!(
        asking.said(&mut scene),
        [
            "pool fargate-x64 is at its off-hours maximum, 1/1",
            "a runner that ends makes room; another maximum holds from 2026-10-06 08:00:00 on"
        ]
    );
}

#[test]
fn a_capacity_that_rests_says_until_when_and_what_its_fallback_is_at() {
    let (mut scene, asking) = waiting(DEFAULT_POOLS, "ec2-x64-spot", 0);
    scene.world.sandbox().set_faults([(Fault::TaskNeverStarts, 1.0)].into());
    scene.world.queue_job(JobId(1), plan(&["ec2-x64-spot"]));
    scene.pass(10);
    scene.world.sandbox().set_faults(Rates::new());
    let asking = Asking { asked: control::JobQuery { job: JobId(1), ..asking.asked.clone() }, ..asking };
    assert_eq!(
        asking.said_once(&mut scene, |it| matches!(it, Reason::CapacityRests { .. })),
        [
            "the capacity of ec2-x64-spot rests until 09:09:00 (no capacity within five minutes; group mayfly_ec2-x64-spot: Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket that the specified instance type belongs to.); of its fallback: the task of a runner on ec2-x64 has been waiting for capacity (PROVISIONING) for 0 s",
            "after five minutes its capacity rests, and the fallback is launched, if the pool has one"
        ]
    );
}

#[test]
fn a_capacity_that_rests_without_a_fallback_says_that_too() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults([(Fault::RunTaskNoCapacity, 1.0)].into());
    scene.world.queue_job(JobId(1), plan(&[POOL]));
    scene.pass(5);
    let asking = Asking::of(JobId(1), &PoolMap::from_toml(DEFAULT_POOLS).unwrap());
    assert_eq!(
        asking.said(&mut scene),
        [
            "the capacity of fargate-x64 rests until 09:03:01 (Capacity is unavailable at this time.), and no fallback serves meanwhile",
            "it is tried again at 09:03:01"
        ]
    );
    scene.world.sandbox().set_faults(Rates::new());
}

#[test]
fn an_open_breaker_says_what_fails_and_when_it_is_tried_again() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults([(Fault::RunTaskRefused, 1.0)].into());
    scene.world.queue_job(JobId(1), plan(&[POOL]));
    scene.pass(5);
    let asking = Asking::of(JobId(1), &PoolMap::from_toml(DEFAULT_POOLS).unwrap());
    assert_eq!(
        asking.said(&mut scene),
        [
            "pool fargate-x64 launches nothing until 09:01:01: ECS refuses its launches (AccessDeniedException: not authorized to perform: ecs:RunTask)",
            "one runner is tried at 09:01:01; what fails has to be mended"
        ]
    );
    scene.world.sandbox().set_faults(Rates::new());
}

#[test]
fn limits_that_all_pools_share_are_named() {
    let with = |limits: &str| map(POOL, "maximum = 200") + "\n[limits]\n" + limits + "\n";
    for (limits, jobs, said) in [
        (
            "run_tasks_at_once = 2\nrun_tasks_a_second = 1",
            60,
            [
                "launches of fargate-x64 wait for ECS's limit of RunTask calls",
                "the next call may be made at 09:00:03",
            ],
        ),
        (
            "github_calls_a_minute = 5",
            9,
            [
                "launches of fargate-x64 wait for GitHub's limit of runner registrations a minute",
                "the next runners are launched from 09:00:30 on",
            ],
        ),
    ] {
        let (mut scene, asking) = waiting(&with(limits), POOL, jobs);
        assert_eq!(last(&mut scene, &asking).said(&mut scene), said, "{limits}");
        (1..=jobs).for_each(|number| scene.world.cancel_job(JobId(number)));
    }
    let few = map("ec2-x64", "maximum = 15") + "\n[limits]\nprovisioning_tasks = 2\n";
    let (mut scene, asking) = waiting(&few, "ec2-x64", 3);
    assert_eq!(
        last(&mut scene, &asking).said(&mut scene),
        [
            "pool ec2-x64 has 1 starting, and no more than 1 may wait for instances at once",
            "as soon as one of them has asked, the next is launched"
        ]
    );
}

/// The pool changes while a job waits there, before the scheduler's next tick.
#[test]
fn a_pool_that_launches_nothing_says_why() {
    let one = map(POOL, "maximum = 1");
    let without = {
        let (before, after) = DEFAULT_POOLS.split_once("[pools.fargate-x64]\n").unwrap();
        let rest = after.split_once("[pools.").map_or("", |(_, rest)| rest);
        format!("{before}[pools.{rest}").replace("fallback = \"fargate-x64\"\n", "")
    };
    let next = "the scheduler routes it to another pool with its labels in the next minute, if there is one";
    let out_of_service = map(POOL, "maximum = 0").replace("fallback = \"fargate-x64\"\n", "");
    for (now, said) in [
        (without, "pool fargate-x64 was taken out of the map, and the job waits there"),
        (out_of_service, "pool fargate-x64 is out of service: its maximum in the map is 0"),
    ] {
        let (mut scene, asking) = waiting(&one, POOL, 2);
        scene.pass(10);
        let pools = PoolMap::from_toml(&now).unwrap();
        let asking = Asking { asked: control::JobQuery { pools, ..asking.asked.clone() }, ..asking };
        assert_eq!(asking.said(&mut scene), [said, next]);
    }
}

#[test]
fn a_pool_without_an_image_says_so() {
    let mut scene = stories::scene();
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let held = pools.clone().held_where(|pool| pool.name == PoolName::new(POOL).unwrap());
    for &function in &FUNCTIONS {
        scene.world.functions().use_map(function, &held);
    }
    scene.world.queue_job(JobId(1), plan(&[POOL]));
    scene.pass(70);
    assert_eq!(
        Asking::of(JobId(1), &pools).said(&mut scene),
        [
            "pool fargate-x64 launches nothing: the stack has no image for it, or another map is deployed",
            "nothing, until an image is deployed: the stack's output WithoutImages says which is missing"
        ]
    );
    for &function in &FUNCTIONS {
        scene.world.functions().use_map(function, &pools);
    }
}
