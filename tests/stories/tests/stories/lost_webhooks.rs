//! Jobs that no webhook ever reports: a sweep finds them. Each story runs twice: without the reconciler
//! nothing finds them.

use fleet::JobId;
use fleet::Repository;
use fleet::ledger::{JobState, RunnerState};
use jiff::{SignedDuration, Timestamp};
use platform::scene::{START, Scene, plan};
use sandbox::github::JobPlan;
use sandbox::{Fault, Rates};

const MINUTE: i64 = 60;
const POOL: &str = "fargate-x64";

/// A scene in which these faults always strike. Its reconciler runs each minute, or never.
fn scene(reconciles: bool, faults: &[Fault]) -> Scene {
    let scene = stories::scene();
    set(&scene, reconciles, faults);
    scene
}

fn set(scene: &Scene, reconciles: bool, faults: &[Fault]) {
    let off = (!reconciles).then_some(Fault::ReconcilerPassMissed);
    let rates: Rates = faults.iter().copied().chain(off).map(|fault| (fault, 1.0)).collect();
    scene.world.sandbox().set_faults(rates);
}

/// Whatever is still unknown, a pass finds.
fn ends(mut scene: Scene) {
    set(&scene, true, &[]);
    scene.pass(5 * MINUTE);
}

/// A job of a repository by its number.
fn of_repository(number: u64) -> JobPlan {
    JobPlan { repository: Repository::new(format!("octo-org/r{number}")), ..plan(&[POOL]) }
}

fn now(scene: &Scene) -> Timestamp {
    scene.world.sandbox().manual_clock().now()
}

/// Seconds from a job's creation to its start.
fn waited(scene: &Scene, job: JobId) -> Option<i64> {
    let github = scene.world.sandbox().github().borrow();
    let job = github.job(job)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs())
}

/// Seconds from a time to the first launch.
fn launched(scene: &Scene, since: Timestamp) -> Option<i64> {
    let ecs = scene.world.sandbox().ecs().borrow();
    let first = ecs.tasks().map(|task| task.started_at).min()?;
    Some(first.duration_since(since).as_secs())
}

fn state(scene: &Scene, job: JobId) -> Option<JobState> {
    scene.world.sandbox().table().borrow().job(job).map(|job| job.state)
}

#[test]
fn a_job_without_any_webhook_is_launched_for_within_a_minute() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles, &[Fault::WebhookDropped]);
        scene.pass(7);
        let queued_at = now(&scene);
        let ((), told) = kit::recording::record(|| {
            scene.world.queue_job(JobId(1001), of_repository(1));
            scene.pass(30 * MINUTE);
        });
        let launch = launched(&scene, queued_at);
        assert_eq!(launch.is_some_and(|seconds| seconds <= 60), reconciles, "{launch:?}");
        assert_eq!(waited(&scene, JobId(1001)).is_some(), reconciles);
        assert_eq!(scene.tasks().len(), usize::from(reconciles), "one task a job");
        assert_eq!(told.count("DemandFoundLate{Cause=NoDelivery}"), u64::from(reconciles));
        ends(scene);
    }
}

/// In this case its run has the status `in_progress`, so no list of queued runs has it.
#[test]
fn a_job_is_found_although_its_run_is_already_running_another() {
    for reconciles in [true, false] {
        let mut scene = scene(true, &[]);
        scene.world.queue_job(JobId(1002), of_repository(1));
        scene.pass(MINUTE);
        assert_eq!(state(&scene, JobId(1002)), Some(JobState::InProgress));
        set(&scene, reconciles, &[Fault::WebhookDropped]);
        scene.world.queue_job(JobId(1003), of_repository(1));
        scene.pass(10 * MINUTE);
        let waited = waited(&scene, JobId(1003));
        assert_eq!(waited.is_some_and(|seconds| seconds < 2 * MINUTE), reconciles, "{waited:?}");
        ends(scene);
    }
}

#[test]
fn a_runner_whose_job_no_webhook_reports_is_busy_within_a_minute() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles, &[Fault::WebhookOfRunDropped]);
        scene.world.queue_job(JobId(1001), of_repository(1));
        // The job begins after half a minute. Two minutes after its creation it would be read anyway.
        scene.pass(2 * MINUTE - 5);
        let states: Vec<RunnerState> =
            scene.world.sandbox().table().borrow().runners().map(|runner| runner.state).collect();
        let (job, runner) = if reconciles {
            (JobState::InProgress, RunnerState::Busy)
        } else {
            (JobState::Queued, RunnerState::Idle)
        };
        assert_eq!((state(&scene, JobId(1001)), states), (Some(job), vec![runner]));
        ends(scene);
    }
}

/// All webhooks are lost, with one job a minute. From the second job on, sweeps half a minute apart find
/// them.
#[test]
fn while_webhooks_are_lost_sweeps_come_twice_a_minute() {
    let mut scene = scene(true, &[Fault::WebhookDropped, Fault::WebhookOfRunDropped]);
    scene.world.queue_job(JobId(1), of_repository(1));
    scene.pass(2 * MINUTE);
    let ((), told) = kit::recording::record(|| {
        for number in 2..12 {
            // Just after the minute's sweep.
            scene.pass(5);
            scene.world.queue_job(JobId(10 * number), of_repository(number));
            scene.pass(MINUTE - 5);
        }
    });
    scene.pass(3 * MINUTE);
    for number in 2..12 {
        let waited = waited(&scene, JobId(10 * number));
        // From its launch to its job, a runner takes at least half a minute.
        assert!(waited.is_some_and(|seconds| seconds < 80), "{number}: {waited:?}");
    }
    assert!((told.gauge("WebhooksLost") - 1.0).abs() < f64::EPSILON);
    assert_eq!(told.count("DemandFoundLate{Cause=NoDelivery}"), 10);
    set(&scene, true, &[]);
    // Once webhooks arrive again, nothing suggests that they are lost.
    let ((), told) = kit::recording::record(|| {
        scene.world.queue_job(JobId(1000), of_repository(1));
        scene.pass(3 * MINUTE);
    });
    assert!(told.gauge("WebhooksLost").abs() < f64::EPSILON);
}

#[test]
fn a_webhook_that_comes_after_the_sweep_changes_nothing() {
    let mut scene = scene(true, &[Fault::WebhookDropped]);
    scene.world.queue_job(JobId(1001), of_repository(1));
    scene.pass(MINUTE + 5);
    set(&scene, true, &[]);
    scene.world.redeliver(JobId(1001));
    scene.pass(10 * MINUTE);
    assert_eq!(scene.tasks().len(), 1);
    assert!(waited(&scene, JobId(1001)).is_some());
}

#[test]
fn a_job_is_found_when_an_outage_of_github_is_over() {
    for reconciles in [true, false] {
        let mut scene = scene(reconciles, &[Fault::WebhookDropped]);
        let until = now(&scene) + SignedDuration::from_hours(1);
        scene.world.sandbox().github().borrow_mut().set_outage(until);
        scene.world.queue_job(JobId(1001), of_repository(1));
        scene.pass(59 * MINUTE);
        assert_eq!(scene.tasks().len(), 0, "nothing can know of it");
        scene.pass(3 * MINUTE);
        assert_eq!(scene.tasks().len(), usize::from(reconciles));
        ends(scene);
    }
}

/// Two hundred repositories have newer pushes, which is more than a sweep can read. Those beyond the fifty
/// most active get their turn too.
#[test]
fn a_job_of_a_quiet_repository_is_found_among_many() {
    for reconciles in [true, false] {
        let mut scene = scene(true, &[]);
        scene.world.queue_job(JobId(1), of_repository(1));
        scene.pass(5 * MINUTE);
        for number in 0..200 {
            let (repository, now) = (Repository::new(format!("octo-org/other-{number}")), now(&scene));
            scene.world.sandbox().github().borrow_mut().push(&repository, now);
            // One of GitHub's lists holds a hundred.
            scene.pass(if number % 100 == 99 { MINUTE } else { 0 });
        }
        // The first read of each repository counts against the hour's calls.
        scene.pass(10 * MINUTE);
        set(&scene, reconciles, &[Fault::WebhookDropped]);
        scene.world.queue_job(JobId(1001), of_repository(1));
        // A schedule created the job, not a push.
        scene.world.sandbox().github().borrow_mut().push(&Repository::new("octo-org/r1"), START);
        scene.pass(5 * MINUTE);
        let waited = waited(&scene, JobId(1001));
        assert_eq!(waited.is_some(), reconciles);
        assert!(waited.is_none_or(|seconds| seconds > MINUTE), "it is not in the first sweep");
        ends(scene);
    }
}

/// GitHub shows nothing of a repository that is gone. The others still get their turns.
#[test]
fn a_repository_that_is_gone_delays_no_other() {
    let mut scene = scene(true, &[Fault::WebhookDropped]);
    scene.world.queue_job(JobId(1), of_repository(1));
    scene.pass(2 * MINUTE);
    scene.world.sandbox().github().borrow_mut().hide_repository(&Repository::new("octo-org/r1"));
    scene.world.queue_job(JobId(1001), of_repository(2));
    scene.pass(3 * MINUTE);
    assert!(waited(&scene, JobId(1001)).is_some());
    set(&scene, true, &[]);
}
