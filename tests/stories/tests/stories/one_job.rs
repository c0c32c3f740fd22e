//! The life of one job, and of the runner started for it.

use sandbox::github::Phase;

#[test]
fn a_job_gets_a_task_and_the_task_is_gone_after_it() {
    let mut scene = stories::scene();
    let job = scene.queue(&["self-hosted", "linux", "arm64", "docker"]);
    scene.pass(5);
    assert_eq!(scene.tasks(), ["mayfly_ec2-arm64"]);
    assert_eq!(scene.book("ec2-arm64"), (1, 1, 1), "the job waits, its runner starts");
    scene.pass(90);
    assert_eq!(scene.book("ec2-arm64"), (0, 0, 1), "the job runs, none waits");
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    assert_eq!(github.job(job).map(|job| job.phase), Some(Phase::Completed { conclusion: "success" }));
    drop(github);
    assert_eq!(scene.book("ec2-arm64"), (0, 0, 0));
    assert_eq!(scene.tasks().len(), 1);
}

#[test]
fn a_job_that_is_cancelled_before_its_runner_asks_makes_the_runner_unneeded() {
    let mut scene = stories::scene();
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(5);
    scene.world.cancel_job(job);
    scene.rest();
    let ecs = scene.world.sandbox().ecs().borrow();
    let exits: Vec<_> = ecs.tasks().filter_map(|task| task.stop.clone()).map(|stop| stop.exit_code).collect();
    assert_eq!(exits, [Some(76)], "not needed");
    assert_eq!(scene.world.sandbox().github().borrow().runners().count(), 0, "it never registered");
}

#[test]
fn a_runner_whose_job_was_taken_by_another_leaves_or_takes_the_next_job() {
    let mut scene = stories::scene();
    // Both pools serve the first job's labels, so a runner of either may take it.
    scene.queue(&["linux", "x64"]);
    scene.queue(&["fargate-x64-spot"]);
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    assert!(github.jobs().all(|job| matches!(job.phase, Phase::Completed { .. })));
}

#[test]
fn an_idle_runner_that_is_not_needed_asks_and_leaves_within_a_minute_and_a_half() {
    let mut scene = stories::scene();
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(30);
    // GitHub gives the job to another system's runner just as ours comes up.
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().github().borrow_mut().taken_elsewhere(job, now);
    scene.pass(40);
    assert_eq!(scene.world.sandbox().github().borrow().runners().count(), 1, "ours is idle");
    scene.world.cancel_job(job);
    scene.pass(90);
    assert_eq!(scene.book("fargate-x64"), (0, 0, 0));
    let ecs = scene.world.sandbox().ecs().borrow();
    assert_eq!(ecs.tasks().next().and_then(|task| task.stop.clone()?.exit_code), Some(75), "let go idle");
}
