//! What can go wrong below PID 1, and a job that comes just as it leaves.

use fleet::JobId;
use fleet::launch::exit_code::{DOCKER_UNAVAILABLE, JOB_DONE, RELEASED};
use platform::scene::Scene;
use sandbox::github::Phase;
use sandbox::{Fault, Rates};

fn strike(scene: &Scene, fault: Fault) {
    scene.world.sandbox().set_faults(Rates::from([(fault, 1.0)]));
}

fn clear(scene: &Scene) {
    scene.world.sandbox().set_faults(Rates::new());
}

/// The exit codes of the stopped tasks, in the order in which the tasks started.
fn exits(scene: &Scene) -> Vec<i64> {
    let ecs = scene.world.sandbox().ecs().borrow();
    ecs.tasks().filter_map(|task| task.stop.as_ref()?.exit_code).collect()
}

fn is_done(scene: &Scene, job: JobId) -> bool {
    let github = scene.world.sandbox().github().borrow();
    matches!(github.job(job).unwrap().phase, Phase::Completed { conclusion: "success" })
}

/// A scene with a runner that came up, but whose job went to another.
fn surplus() -> Scene {
    let mut scene = stories::scene();
    let job = scene.queue(&["ec2-x64"]);
    scene.pass(30);
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().github().borrow_mut().taken_elsewhere(job, now);
    scene.pass(30);
    scene.world.cancel_job(job);
    scene
}

#[test]
fn without_docker_a_runner_leaves_and_another_takes_the_job() {
    let mut scene = stories::scene();
    strike(&scene, Fault::PreparationFails);
    let job = scene.queue(&["ec2-x64"]);
    scene.pass(60);
    assert!(exits(&scene).is_empty(), "Docker is waited for");
    scene.pass(120);
    assert_eq!(exits(&scene), [DOCKER_UNAVAILABLE]);
    clear(&scene);
    scene.rest();
    assert!(is_done(&scene, job));
    assert_eq!(exits(&scene).last(), Some(&JOB_DONE));
}

#[test]
fn a_tool_cache_that_never_comes_costs_a_job_a_minute() {
    let mut scene = stories::scene();
    strike(&scene, Fault::RestoreHangs);
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(60);
    assert!(!is_done(&scene, job), "it is waited for");
    scene.rest();
    assert!(is_done(&scene, job));
    assert_eq!(exits(&scene), [JOB_DONE], "the first runner takes the job");
}

#[test]
fn a_silent_listener_is_inspected() {
    let mut scene = stories::scene();
    strike(&scene, Fault::ListenerSaysNothing);
    let job = scene.queue(&["ec2-x64"]);
    scene.rest();
    assert!(is_done(&scene, job));
    assert_eq!(exits(&scene), [JOB_DONE], "a look has found the worker");
}

#[test]
fn a_runner_that_cannot_be_frozen_does_not_leave() {
    let mut scene = surplus();
    strike(&scene, Fault::FreezeFails);
    scene.pass(20 * 60);
    assert!(exits(&scene).is_empty(), "it may have begun a job");
    clear(&scene);
    scene.rest();
    assert_eq!(exits(&scene), [RELEASED]);
}

#[test]
fn a_job_that_comes_just_as_its_runner_is_released_still_runs() {
    let mut scene = surplus();
    strike(&scene, Fault::JobGivenAtDeletion);
    scene.pass(90);
    clear(&scene);
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    let done = |phase: Phase| matches!(phase, Phase::Completed { conclusion: "success" });
    assert_eq!(github.jobs().filter(|job| done(job.phase)).count(), 1, "the job that came");
    drop(github);
    assert_eq!(exits(&scene)[0], JOB_DONE, "the runner that was released runs it");
}
