//! A task that waits for capacity: its five minutes, and what follows.

use fleet::ledger::{LeaveReason, RestCause, Runner, RunnerState};
use fleet::{JobId, PoolName};
use platform::scene::Scene;
use sandbox::ecs::{StopDetails, Task, TaskStatus};
use sandbox::{Fault, Rates};

const SPOT: &str = "ec2-x64-spot";

/// A job of the Spot pool, whose task stays PROVISIONING. Later launches do not.
fn waits(faults: Rates) -> (Scene, JobId) {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(faults);
    let job = scene.queue(&[SPOT]);
    scene.pass(10);
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64-spot"]);
    scene.world.sandbox().set_fault(Fault::TaskNeverStarts, 0.0);
    (scene, job)
}

fn first_task(scene: &Scene) -> Task {
    scene.world.sandbox().ecs().borrow().tasks().next().unwrap().clone()
}

fn first_runner(scene: &Scene) -> Runner {
    let id = first_task(scene).runner().unwrap();
    scene.world.sandbox().table().borrow().runner(&id).unwrap().clone()
}

/// Why a pool's capacity rests now: the cause, and the reason in ECS's words or ours.
fn rest(scene: &Scene, pool: &str) -> Option<(RestCause, String)> {
    let now = scene.world.sandbox().manual_clock().now();
    let table = scene.world.sandbox().table().borrow();
    let book = table.book(&PoolName::new(pool).unwrap())?;
    book.health.resting(now).map(|rest| (rest.cause, rest.reason.clone()))
}

#[test]
fn after_five_minutes_it_is_fenced_and_stopped_and_its_job_runs_on_the_fallback() {
    let (mut scene, job) = waits([(Fault::TaskNeverStarts, 1.0)].into());
    scene.pass(4 * 60 + 45);
    assert_eq!(first_task(&scene).status, TaskStatus::Provisioning);
    assert_eq!((first_runner(&scene).state, scene.tasks().len()), (RunnerState::Starting, 1), "its time");
    assert_eq!(rest(&scene, SPOT), None);

    scene.pass(75);
    let fenced = first_runner(&scene);
    assert_eq!(fenced.leaves, Some(LeaveReason::NoCapacity));
    let stop = first_task(&scene).stop.expect("it is stopped");
    assert_eq!(
        (stop.code, stop.reason.as_str()),
        ("UserInitiated", "fenced: no capacity within five minutes")
    );
    let (cause, reason) = rest(&scene, SPOT).expect("its capacity rests");
    assert_eq!(cause, RestCause::NoCapacity);
    assert!(reason.starts_with("no capacity within five minutes"), "{reason}");
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64-spot", "mayfly_ec2-x64"], "in the same minute");
    assert_eq!((scene.book(SPOT).0, scene.book(SPOT).1), (1, 1), "a runner of the pool");
    assert_eq!(scene.book("ec2-x64").2, 1, "on the other one's capacity");

    scene.pass(60);
    let other = scene.queue(&[SPOT]);
    scene.pass(10);
    assert_eq!(scene.tasks().last().map(String::as_str), Some("mayfly_ec2-x64"), "it still rests");
    scene.pass(3 * 60);
    assert_eq!(rest(&scene, SPOT), None, "three minutes, though its runners are up elsewhere");
    scene.queue(&[SPOT]);
    scene.pass(10);
    assert_eq!(scene.tasks().last().map(String::as_str), Some("mayfly_ec2-x64-spot"), "and is tried again");
    scene.rest();
    for job in [job, other] {
        let github = scene.world.sandbox().github().borrow();
        assert!(github.job(job).unwrap().started_at.is_some(), "{job} has run");
    }
}

#[test]
fn a_task_that_ecs_gave_up_silently_is_found_stopped_and_counts_as_lack_of_capacity() {
    let (mut scene, _) = waits([(Fault::TaskNeverStarts, 1.0), (Fault::StopEventLost, 1.0)].into());
    let (arn, now) = (first_task(&scene).arn, scene.world.sandbox().manual_clock().now());
    {
        let mut ecs = scene.world.sandbox().ecs().borrow_mut();
        ecs.begin_stop(&arn, StopDetails::failed_to_start("Capacity is unavailable at this time."));
        ecs.move_on(&arn, now);
    }
    scene.pass(2 * 60);
    assert_eq!(first_runner(&scene).state, RunnerState::Stopped, "the tick has found it");
    assert_eq!(
        rest(&scene, SPOT),
        Some((RestCause::NoCapacity, "Capacity is unavailable at this time.".to_owned()))
    );
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64-spot", "mayfly_ec2-x64"], "and its job is not kept waiting");
    scene.world.sandbox().set_faults(Rates::new());
}
