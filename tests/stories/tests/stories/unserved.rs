//! Jobs that GitHub gives to no runner, though runners that could serve them listen. Each story runs twice:
//! without the reconciler it ends badly.

use fleet::JobId;
use fleet::Repository;
use fleet::ledger::{JobState, UnservedReason};
use fleet::pools::DEFAULT_POOLS;
use platform::scene::{Scene, plan};
use sandbox::github::Phase;
use sandbox::{Fault, Rates};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const JOB: JobId = JobId(1001);

fn set(scene: &Scene, reconciles: bool) {
    let off = (!reconciles).then_some((Fault::ReconcilerPassMissed, 1.0));
    scene.world.sandbox().set_faults(off.into_iter().collect::<Rates>());
}

/// The runner group is for other repositories, or takes no job of this one again.
fn refuse(scene: &Scene, is_refused: bool) {
    let repository = Repository::new("octo-org/storefront");
    scene.world.sandbox().github().borrow_mut().refuse(repository, is_refused);
}

/// The seven pools, whose map says that those on EC2 take jobs of public repositories. GitHub's group does not.
fn taking_public_ones() -> String {
    DEFAULT_POOLS.replace("runner_group = \"ecs\"", "runner_group = \"ecs\"\npublic_repositories = true")
}

fn state(scene: &Scene) -> Option<JobState> {
    scene.world.sandbox().table().borrow().job(JOB).map(|job| job.state)
}

fn has_run(scene: &Scene) -> bool {
    let github = scene.world.sandbox().github().borrow();
    github.job(JOB).is_some_and(|job| job.started_at.is_some())
}

#[test]
fn a_job_that_the_runner_group_does_not_take_is_unserved_with_the_likely_reason() {
    for is_public in [false, true] {
        let mut scene = stories::scene_of(&taking_public_ones());
        refuse(&scene, true);
        if is_public {
            let repository = Repository::new("octo-org/storefront");
            scene.world.sandbox().github().borrow_mut().publish(repository);
        }
        scene.world.queue_job(JOB, plan(&["ec2-x64"]));
        let ((), told) = kit::recording::record(|| scene.pass(35 * MINUTE));
        let job = scene.world.sandbox().table().borrow().job(JOB).cloned().unwrap();
        let reason = if is_public { UnservedReason::PublicRepository } else { UnservedReason::RunnerGroup };
        assert_eq!((job.state, job.unserved), (JobState::Unserved, Some(reason)));
        assert_eq!(told.count("JobsGivenToNobody"), 1);
        assert!(told.log.contains(&format!("\"reason\":\"{reason}\"")), "the log says why");
        assert_eq!(scene.tasks().len(), 3, "two replacements");
        scene.pass(2 * MINUTE);
        assert_eq!(scene.book("ec2-x64"), (0, 0, 0), "no runner waits for it");
        scene.pass(20 * HOUR);
        assert!(scene.tasks().len() <= 10, "it is tried again, and costs little: {}", scene.tasks().len());
        scene.pass(5 * HOUR);
        assert_eq!(state(&scene), Some(JobState::Completed), "GitHub gives it up after a day");
    }
}

#[test]
fn without_the_reconciler_nobody_is_told_and_a_runner_waits_all_day() {
    let mut scene = stories::scene();
    set(&scene, false);
    refuse(&scene, true);
    scene.world.queue_job(JOB, plan(&["ec2-x64"]));
    scene.pass(20 * HOUR);
    assert_eq!((state(&scene), scene.book("ec2-x64").2), (Some(JobState::Queued), 1));
    set(&scene, true);
    scene.pass(6 * HOUR);
}

/// Whether somebody changes the group, or GitHub had given jobs to nobody: the job is tried again.
#[test]
fn a_job_that_may_be_served_after_all_is() {
    let mut scene = stories::scene();
    refuse(&scene, true);
    scene.world.queue_job(JOB, plan(&["ec2-x64"]));
    scene.pass(40 * MINUTE);
    assert_eq!(state(&scene), Some(JobState::Unserved));
    refuse(&scene, false);
    scene.pass(65 * MINUTE);
    assert!(has_run(&scene));
}

/// A runner that GitHub calls online and gives no job to.
#[test]
fn a_runner_that_listens_in_vain_is_replaced_and_the_job_runs() {
    for reconciles in [true, false] {
        let mut scene = stories::scene();
        set(&scene, reconciles);
        refuse(&scene, true);
        scene.world.queue_job(JOB, plan(&["ec2-x64"]));
        scene.pass(2 * MINUTE);
        {
            let mut github = scene.world.sandbox().github().borrow_mut();
            let listening: Vec<_> = github.runners().map(|runner| runner.id).collect();
            assert_eq!(listening.len(), 1);
            github.lose_assignment(listening[0]);
        }
        refuse(&scene, false);
        scene.pass(10 * MINUTE);
        assert_eq!(has_run(&scene), reconciles);
        if !reconciles {
            scene.pass(10 * HOUR);
            assert!(!has_run(&scene), "it waits as long as GitHub lets it");
        }
        set(&scene, true);
        scene.rest();
        let phase = scene.world.sandbox().github().borrow().job(JOB).map(|job| job.phase);
        assert_eq!(phase, Some(Phase::Completed { conclusion: "success" }));
    }
}
