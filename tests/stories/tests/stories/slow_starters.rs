//! A task that comes up slowly, or hangs, delays no job.

use fleet::JobId;
use fleet::ledger::RunnerState;
use jiff::SignedDuration;
use platform::scene::Scene;
use sandbox::ecs::TaskStatus;
use sandbox::github::Phase;
use sandbox::{Fault, Rates};

/// Queues a job, and lets the faults strike only its runner.
fn job_behind(faults: &[Fault]) -> (Scene, JobId) {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(faults.iter().map(|&fault| (fault, 1.0)).collect());
    let job = scene.queue(&["ec2-x64"]);
    while scene.world.hung().is_empty() {
        scene.pass(1);
    }
    scene.world.sandbox().set_faults(Rates::new());
    (scene, job)
}

/// How many seconds a job waited before it ran.
fn waited(scene: &Scene, job: JobId) -> Option<i64> {
    let github = scene.world.sandbox().github().borrow();
    let job = github.job(job)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs())
}

#[test]
fn the_job_of_a_task_that_hangs_waits_for_minutes_and_not_for_the_boot_limit() {
    use Fault::{GithubFails, HangsWithoutConfig, TaskNeverAsks};
    for (faults, why) in [
        (&[TaskNeverAsks][..], "it hangs at its boot"),
        (&[GithubFails, HangsWithoutConfig], "it hangs between its first question and its registration"),
    ] {
        let (mut scene, job) = job_behind(faults);
        scene.pass(6 * 60);
        let seconds = waited(&scene, job).unwrap_or_else(|| panic!("{why}: the job still waits"));
        assert!(seconds < 6 * 60, "{why}: {seconds} s");
        assert_eq!(scene.tasks().len(), 2, "{why}: one to help");
        // The task that hangs reaches its boot limit.
        scene.pass(15 * 60);
        let ecs = scene.world.sandbox().ecs().borrow();
        assert!(ecs.tasks().all(|task| task.status == TaskStatus::Stopped), "{why}");
    }
}

#[test]
fn a_runner_that_waits_for_github_is_not_slow() {
    // It boots, and GitHub does not answer for a while.
    let mut scene = stories::scene();
    let job = scene.queue(&["ec2-x64"]);
    let until = scene.world.sandbox().manual_clock().now() + SignedDuration::from_mins(10);
    scene.world.sandbox().github().borrow_mut().set_outage(until);
    scene.pass(10 * 60);
    {
        let table = scene.world.sandbox().table().borrow();
        let states: Vec<_> = table.runners().map(|runner| (runner.state, runner.overdue_at)).collect();
        assert_eq!(states, [(RunnerState::Idle, None)], "it asks each minute, so it does not hang");
    }
    scene.rest();
    assert!(waited(&scene, job).is_some_and(|seconds| seconds < 12 * 60));
    assert_eq!(scene.tasks().len(), 1, "an outage of GitHub launches nothing");
}

#[test]
fn a_burst_beyond_githubs_budget_makes_no_runner_overdue() {
    let mut scene = stories::scene_of(&kit::maps::roomy());
    for _ in 0..600 {
        scene.queue(&["ec2-x64"]);
    }
    scene.rest();
    let table = scene.world.sandbox().table().borrow();
    assert!(table.runners().all(|runner| runner.overdue_at.is_none()));
    drop(table);
    assert_eq!(scene.tasks().len(), 600);
    let github = scene.world.sandbox().github().borrow();
    assert!(github.jobs().all(|job| job.phase == Phase::Completed { conclusion: "success" }));
}
