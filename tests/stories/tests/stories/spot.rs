//! An EC2 Spot instance is taken back: its warning, and its end two minutes later.

use std::time::Duration;

use fleet::{InstanceId, JobId};
use platform::scene::{Scene, plan};
use sandbox::ecs::{StopDetails, Task, TaskStatus};
use sandbox::github::{JobPlan, Phase};
use sandbox::{Fault, Rates};

const POOL: &str = "ec2-x64-spot";

/// The instance of the first two runners.
fn first_instance() -> InstanceId {
    InstanceId::new("i-00000000000000001")
}

fn task(scene: &Scene, place: usize) -> Task {
    scene.world.sandbox().ecs().borrow().tasks().nth(place).unwrap().clone()
}

fn stop(scene: &Scene, place: usize) -> StopDetails {
    task(scene, place).stop.expect("it stops")
}

/// A job that takes this many minutes.
fn queue(scene: &mut Scene, job: u64, minutes: u64) {
    let work = Duration::from_mins(minutes);
    scene.world.queue_job(JobId(job), JobPlan { work, ..plan(&[POOL]) });
}

fn conclusion(scene: &Scene, job: u64) -> &'static str {
    let github = scene.world.sandbox().github().borrow();
    match github.job(JobId(job)).unwrap().phase {
        Phase::Completed { conclusion } => conclusion,
        other => panic!("job {job} is {other:?}"),
    }
}

#[test]
fn an_idle_runner_on_an_interrupted_instance_leaves_at_once() {
    let mut scene = stories::scene();
    queue(&mut scene, 1, 1);
    scene.pass(30);
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().github().borrow_mut().taken_elsewhere(JobId(1), now);
    scene.pass(40);
    assert_eq!(
        scene.book(POOL),
        (1, 1, 1),
        "the runner is idle; the webhook of its job's end is still to come"
    );
    scene.world.cancel_job(JobId(1));
    scene.pass(5);
    assert!(scene.world.interrupt_instance(&first_instance()));
    scene.pass(1);
    assert_eq!((stop(&scene, 0).code, stop(&scene, 0).exit_code), ("UserInitiated", Some(143)));
    // Its registration stays until GitHub forgets it.
    scene.pass(25 * 60 * 60);
    assert_eq!(scene.tasks().len(), 1, "no job waits, so nothing replaces it");
}

#[test]
fn a_starting_runner_is_replaced_before_its_instance_is_gone() {
    let mut scene = stories::scene();
    queue(&mut scene, 1, 1);
    scene.pass(12);
    assert_eq!(task(&scene, 0).status, TaskStatus::Pending);
    assert!(scene.world.interrupt_instance(&first_instance()));
    scene.pass(2);
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64-spot"; 2], "in the same batch");
    assert_eq!(scene.book(POOL).1, 1, "the first no longer counts");
    scene.pass(60);
    assert_ne!(task(&scene, 1).container_instance, task(&scene, 0).container_instance);
    scene.rest();
    assert_eq!(conclusion(&scene, 1), "success");
    assert_eq!(stop(&scene, 0).reason, "its instance i-00000000000000001 is interrupted");
}

#[test]
fn a_busy_runner_keeps_its_job_until_it_ends_or_until_shortly_before_the_instance_is_lost() {
    let mut scene = stories::scene();
    queue(&mut scene, 1, 3);
    queue(&mut scene, 2, 60);
    scene.pass(60);
    queue(&mut scene, 3, 5);
    scene.pass(70);
    let on = [0, 1, 2].map(|place| task(&scene, place).container_instance.unwrap());
    assert!(on[0] == on[1] && on[0] != on[2], "two of the runners share an instance");
    assert!(scene.world.interrupt_instance(&first_instance()));
    scene.pass(100);
    assert_eq!(conclusion(&scene, 1), "success");
    assert_eq!(scene.book(POOL), (0, 0, 2), "the second job goes on");
    scene.pass(15);
    assert_eq!(conclusion(&scene, 2), "cancelled", "before ECS, or EC2, kills its runner");
    assert_eq!(stop(&scene, 1).exit_code, Some(0));
    scene.rest();
    assert_eq!(conclusion(&scene, 3), "success");
    assert_eq!(scene.tasks().len(), 3);
}

#[test]
fn a_warning_that_is_handled_too_late_costs_no_more_than_the_instances_end() {
    let mut scene = stories::scene();
    queue(&mut scene, 1, 60);
    scene.pass(70);
    // The ledger is down for as long as the warning would be of use.
    scene.world.sandbox().set_faults(Rates::from([(Fault::LedgerReadFails, 1.0)]));
    assert!(scene.world.interrupt_instance(&first_instance()));
    assert!(!scene.world.interrupt_instance(&first_instance()), "once");
    scene.pass(119);
    assert_eq!(task(&scene, 0).stop, None);
    scene.pass(60);
    assert_eq!(stop(&scene, 0).code, "TerminationNotice");
    scene.world.sandbox().set_faults(Rates::new());
    scene.rest();
    assert_eq!(conclusion(&scene, 1), "failure", "GitHub gives it up");
    assert_eq!(scene.book(POOL), (0, 0, 0));
    assert!(scene.world.sandbox().queue().borrow().dead_letters().is_empty());
}
