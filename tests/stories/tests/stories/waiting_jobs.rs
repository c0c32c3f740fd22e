//! Jobs whose changes no webhook reports: what is read from GitHub, and by when. Each story runs twice:
//! without the reconciler it ends badly.

use std::time::Duration;

use fleet::ledger::{JobState, RunnerState};
use fleet::{JobId, PoolName};
use jiff::SignedDuration;
use platform::scene::{Scene, plan};
use sandbox::github::{JobPlan, Phase};
use sandbox::{Fault, Rates};

const MINUTE: i64 = 60;
const JOB: JobId = JobId(1001);

/// A scene whose reconciler runs each minute, or not until the rest of the story is over.
fn scene(reconciles: bool) -> Scene {
    let scene = stories::scene();
    set(&scene, reconciles, &[]);
    scene
}

/// From now on exactly these faults always strike.
fn set(scene: &Scene, reconciles: bool, faults: &[Fault]) {
    let off = (!reconciles).then_some(Fault::ReconcilerPassMissed);
    let rates: Rates = faults.iter().copied().chain(off).map(|fault| (fault, 1.0)).collect();
    scene.world.sandbox().set_faults(rates);
}

/// The job's state in the ledger, and its pool's queued and live.
fn known(scene: &Scene) -> (Option<JobState>, i64, i64) {
    let (queued, _, live) = scene.book("ec2-x64");
    (scene.world.sandbox().table().borrow().job(JOB).map(|job| job.state), queued, live)
}

fn waited(scene: &Scene) -> Option<i64> {
    let github = scene.world.sandbox().github().borrow();
    let job = github.job(JOB)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs())
}

#[test]
fn a_job_behind_a_gate_keeps_no_runner() {
    for (reconciles, expected, why) in [
        (true, (Some(JobState::Waiting), 0, 0), "GitHub says that it waits for an approval"),
        (false, (Some(JobState::Queued), 1, 1), "a runner waits for it all day"),
    ] {
        let mut scene = scene(reconciles);
        scene.world.gate_job(JOB, plan(&["ec2-x64"]));
        scene.pass(10 * MINUTE);
        assert_eq!(known(&scene), expected, "{why}");
        scene.world.approve_job(JOB);
        scene.pass(2 * MINUTE);
        assert!(waited(&scene).is_some_and(|seconds| seconds < 90), "{why}: {:?}", waited(&scene));
        set(&scene, true, &[]);
    }
}

#[test]
fn an_approval_without_a_webhook_is_found() {
    for (reconciles, why) in [(true, "a read finds it queued"), (false, "it waits until GitHub gives it up")]
    {
        let mut scene = scene(true);
        scene.world.gate_job(JOB, plan(&["ec2-x64"]));
        scene.pass(10 * MINUTE);
        set(&scene, reconciles, &[Fault::WebhookDropped]);
        let ((), told) = kit::recording::record(|| {
            scene.world.approve_job(JOB);
            scene.pass(18 * MINUTE);
        });
        assert_eq!(waited(&scene).is_some(), reconciles, "{why}");
        assert_eq!(told.count("DemandFoundLate{Cause=Approval}"), u64::from(reconciles), "{why}");
        set(&scene, true, &[]);
    }
}

/// Each of these ends a waiting job without a webhook; the ledger knows it within this many minutes.
#[test]
fn a_job_that_ends_without_a_webhook_keeps_no_runner() {
    for (fault, within, why) in [
        (Fault::WebhookOfRunDropped, 4, "its completed is lost"),
        (Fault::JobForgotten, 4, "its repository is deleted"),
        (Fault::JobLeftQueued, 21, "GitHub ends its run, and leaves it queued for good"),
    ] {
        for reconciles in [true, false] {
            let mut scene = scene(reconciles);
            set(&scene, reconciles, &[fault]);
            scene.world.queue_job(JOB, plan(&["ec2-x64"]));
            // Nobody has taken it yet.
            scene.pass(5);
            scene.world.cancel_job(JOB);
            scene.pass(within * MINUTE);
            let expected = if reconciles { JobState::Completed } else { JobState::Queued };
            assert_eq!(known(&scene).0, Some(expected), "{why}");
            scene.pass(5 * MINUTE);
            let live = known(&scene).2;
            assert_eq!(live, i64::from(!reconciles), "{why}: no runner waits in vain, or one does");
            set(&scene, true, &[]);
        }
    }
}

#[test]
fn a_job_that_another_systems_runner_took_keeps_no_runner() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles);
        scene.world.queue_job(JOB, plan(&["ec2-x64"]));
        scene.pass(5);
        // No webhook reports it, and GitHub names no runner.
        let now = scene.world.sandbox().manual_clock().now();
        scene.world.sandbox().github().borrow_mut().taken_elsewhere(JOB, now);
        scene.pass(10 * MINUTE);
        let (state, live) = if reconciles { (JobState::InProgress, 0) } else { (JobState::Queued, 1) };
        assert_eq!((known(&scene).0, known(&scene).2), (Some(state), live));
        let now = scene.world.sandbox().manual_clock().now();
        scene.world.sandbox().github().borrow_mut().complete_job(JOB, "success", now);
        set(&scene, true, &[]);
    }
}

#[test]
fn a_job_that_names_no_runner_is_found_at_ours() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles);
        set(&scene, reconciles, &[Fault::WebhookNameless, Fault::GithubNamesNobody]);
        scene.world.queue_job(JOB, JobPlan { work: Duration::from_mins(30), ..plan(&["ec2-x64"]) });
        scene.pass(9 * MINUTE);
        let states: Vec<RunnerState> =
            scene.world.sandbox().table().borrow().runners().map(|runner| runner.state).collect();
        let (job, runner) = if reconciles {
            (JobState::InProgress, RunnerState::Busy)
        } else {
            (JobState::Queued, RunnerState::Idle)
        };
        assert_eq!((known(&scene).0, states), (Some(job), vec![runner]));
        set(&scene, true, &[]);
    }
}

#[test]
fn the_end_of_a_job_that_ran_is_found_even_if_its_webhook_is_lost() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles);
        scene.world.queue_job(JOB, plan(&["ec2-x64"]));
        scene.pass(2 * MINUTE);
        set(&scene, reconciles, &[Fault::WebhookOfRunDropped]);
        scene.pass(20 * MINUTE);
        let expected = if reconciles { JobState::Completed } else { JobState::InProgress };
        assert_eq!(known(&scene), (Some(expected), 0, 0));
        set(&scene, true, &[]);
    }
}

/// While GitHub is down, nothing is known and nothing is given up. Once it is back, everything is known soon.
#[test]
fn an_outage_of_github_ends_no_job() {
    let mut scene = scene(true);
    set(&scene, true, &[Fault::WebhookOfRunDropped]);
    let until = scene.world.sandbox().manual_clock().now() + SignedDuration::from_hours(1);
    scene.world.sandbox().github().borrow_mut().set_outage(until);
    scene.world.queue_job(JOB, plan(&["ec2-x64"]));
    scene.pass(5);
    scene.world.cancel_job(JOB);
    scene.pass(59 * MINUTE);
    assert_eq!(known(&scene).0, Some(JobState::Queued));
    scene.pass(17 * MINUTE);
    assert_eq!(known(&scene).0, Some(JobState::Completed));
}

#[test]
fn each_minute_reports_how_long_the_oldest_job_waits() {
    let mut scene = scene(true);
    let pool = PoolName::new("ec2-x64").unwrap();
    scene.world.queue_job(JOB, plan(&["ec2-x64"]));
    // Its capacity has none.
    let provider = sandbox::placements_of(&fleet::PoolMap::from_toml(fleet::pools::DEFAULT_POOLS).unwrap())
        [&pool]
        .capacity_provider
        .clone();
    scene.world.sandbox().ecs().borrow_mut().set_outage(
        &provider,
        Some(sandbox::ecs::RunTaskError::Exception("ServerException".to_owned(), "later".to_owned())),
    );
    let ((), told) = kit::recording::record(|| scene.pass(10 * MINUTE));
    let oldest = told.gauge("OldestUnservedSeconds");
    assert!((9.0 * 60.0..=10.0 * 60.0).contains(&oldest), "{oldest}");
    scene.world.sandbox().ecs().borrow_mut().set_outage(&provider, None);
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    assert_eq!(github.job(JOB).map(|job| job.phase), Some(Phase::Completed { conclusion: "success" }));
}
