//! Runners, tasks and registrations that differ from the ledger. Each story runs twice: without the
//! reconciler's looks it ends badly.

use std::time::Duration;

use fleet::ledger::{Item, Put, Runner, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, Pool, PoolMap, PoolName, RunnerId};
use jiff::SignedDuration;
use platform::scene::{Scene, plan};
use sandbox::ecs::TaskStatus;
use sandbox::github::{JobPlan, Phase};
use sandbox::{Fault, FunctionName, Rates};

const MINUTE: i64 = 60;
const JOB: JobId = JobId(1001);
const NEXT: JobId = JobId(1002);

/// From now on exactly these faults always strike. The reconciler runs each minute, or never.
fn set(scene: &Scene, reconciles: bool, faults: &[Fault]) {
    let off = (!reconciles).then_some(Fault::ReconcilerPassMissed);
    let rates: Rates = faults.iter().copied().chain(off).map(|fault| (fault, 1.0)).collect();
    scene.world.sandbox().set_faults(rates);
}

/// A scene in which one runner of `ec2-x64` waits at all hours.
fn one_waits() -> Scene {
    let minimum = "[pools.ec2-x64]\nworking_hours_minimum = 1\noff_hours_minimum = 1\n";
    stories::scene_of(&DEFAULT_POOLS.replacen("[pools.ec2-x64]\n", minimum, 1))
}

/// The pool stops keeping runners.
fn nobody_waits(scene: &Scene) {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    for function in [FunctionName::Scheduler, FunctionName::Registrar, FunctionName::Reconciler] {
        scene.world.functions().use_map(function, &pools);
    }
}

fn pool() -> Pool {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    pools.get(&PoolName::new("ec2-x64").unwrap()).unwrap().clone()
}

fn states(scene: &Scene) -> Vec<RunnerState> {
    scene.world.sandbox().table().borrow().runners().map(|runner| runner.state).collect()
}

fn running(scene: &Scene) -> usize {
    let ecs = scene.world.sandbox().ecs().borrow();
    ecs.tasks().filter(|task| task.status != TaskStatus::Stopped).count()
}

fn registrations(scene: &Scene) -> usize {
    scene.world.sandbox().github().borrow().runners().count()
}

fn has_ended(scene: &Scene, job: JobId) -> bool {
    let github = scene.world.sandbox().github().borrow();
    github.job(job).is_some_and(|job| job.phase == Phase::Completed { conclusion: "success" })
}

/// Lets seconds pass until it holds; at most ten minutes.
fn until(scene: &mut Scene, is_so: impl Fn(&Scene) -> bool) {
    for _ in 0..600 {
        if is_so(scene) {
            return;
        }
        scene.pass(1);
    }
    panic!("it does not hold within ten minutes");
}

#[test]
fn a_task_whose_stop_event_is_lost_counts_no_longer() {
    for reconciles in [true, false] {
        let mut scene = stories::scene();
        set(&scene, reconciles, &[Fault::StopEventLost]);
        scene.world.queue_job(JOB, plan(&["ec2-x64"]));
        scene.pass(6 * MINUTE);
        assert_eq!((has_ended(&scene, JOB), running(&scene)), (true, 0));
        let ((), told) = kit::recording::record(|| scene.pass(11 * MINUTE));
        let live = scene.book("ec2-x64").2;
        assert_eq!(live, i64::from(!reconciles), "its place is free again, or still taken");
        assert_eq!(told.count("LiesMended{Found=StopUnheard}"), u64::from(reconciles));
        set(&scene, true, &[]);
    }
}

/// Two tasks: one that was never reserved, and one whose launch was returned although it came up.
#[test]
fn a_task_that_runs_for_nobody_is_stopped() {
    for reconciles in [true, false] {
        for is_known in [true, false] {
            let mut scene = stories::scene();
            set(&scene, reconciles, &[]);
            let runner = RunnerId::from_random(7);
            if is_known {
                let now = scene.world.sandbox().manual_clock().now();
                let reserved = Runner::reserved(runner.clone(), pool().name, pool().name, now);
                let given_back = Runner { state: RunnerState::Stopped, version: 1, ..reserved };
                let put = Put(Item::Runner(given_back));
                scene.world.sandbox().table().borrow_mut().commit(&[put]).unwrap();
            }
            scene.world.plant_task(&pool(), &runner);
            scene.pass(15 * MINUTE);
            assert_eq!(running(&scene), usize::from(!reconciles), "known: {is_known}");
            set(&scene, true, &[]);
        }
    }
}

/// The waiting runner is alive and listens, but GitHub has forgotten it and gives it no job.
#[test]
fn a_job_does_not_wait_for_a_listener_that_github_does_not_see() {
    for reconciles in [true, false] {
        let mut scene = one_waits();
        set(&scene, reconciles, &[]);
        scene.pass(10 * MINUTE);
        nobody_waits(&scene);
        until(&mut scene, |scene| {
            let table = scene.world.sandbox().table().borrow();
            table.book(&pool().name).is_some_and(|book| book.minimum == 0)
        });
        assert!(scene.world.lose_registration(0).is_some());
        scene.world.queue_job(NEXT, plan(&["ec2-x64"]));
        let ((), told) = kit::recording::record(|| scene.pass(20 * MINUTE));
        assert_eq!(has_ended(&scene, NEXT), reconciles, "another runner is reserved, or the job waits");
        assert_eq!(told.count("LiesMended{Found=Offline}"), u64::from(reconciles));
        set(&scene, true, &[]);
    }
}

/// In an incident, GitHub's list is empty for an hour, while the waiting runner is still there.
#[test]
fn an_empty_list_of_runners_counts_out_no_runner_that_github_knows() {
    let mut scene = one_waits();
    set(&scene, true, &[]);
    scene.pass(10 * MINUTE);
    set(&scene, true, &[Fault::GithubListEmpty]);
    let ((), told) = kit::recording::record(|| scene.pass(60 * MINUTE));
    assert_eq!(scene.tasks().len(), 1, "nothing replaces it");
    assert_eq!(told.count("LiesMended{Found=Offline}"), 0);
    assert!(!told.lines("GitHub calls a runner online that its list has not").is_empty());
    set(&scene, true, &[]);
    scene.world.queue_job(NEXT, plan(&["ec2-x64"]));
    scene.pass(10 * MINUTE);
    assert!(has_ended(&scene, NEXT), "and it takes the next job");
    nobody_waits(&scene);
}

/// PID 1 hangs beside its listener, its runner is counted out, and GitHub's list is empty. GitHub gives the
/// listener a job just as its registration is deleted, and no webhook reports that job.
#[test]
fn a_runner_that_is_only_missing_from_githubs_list_is_not_stopped_with_its_new_job() {
    let mut scene = one_waits();
    set(&scene, true, &[Fault::HangsIdle]);
    scene.pass(10 * MINUTE);
    nobody_waits(&scene);
    for _ in 0..12 {
        scene.pass(5 * MINUTE);
        if states(&scene) == [RunnerState::Leaving] {
            break;
        }
    }
    assert_eq!((states(&scene), registrations(&scene)), (vec![RunnerState::Leaving], 1));
    set(&scene, true, &[Fault::GithubListEmpty]);
    scene.pass(20 * MINUTE);
    set(&scene, true, &[Fault::GithubListEmpty, Fault::JobGivenAtDeletion, Fault::WebhookOfRunDropped]);
    let ((), told) = kit::recording::record(|| scene.pass(15 * MINUTE));
    assert!(
        !told.lines("GitHub calls a silent runner busy").is_empty(),
        "GitHub is asked about this runner alone"
    );
    assert_eq!(running(&scene), 1, "its task is left alone for half an hour more");
    set(&scene, true, &[]);
    scene.pass(60 * MINUTE);
    assert_eq!(running(&scene), 0, "then it ends all the same");
}

#[test]
fn the_registration_of_a_runner_that_died_is_deleted_before_github_forgets_it() {
    for reconciles in [true, false] {
        let mut scene = one_waits();
        set(&scene, reconciles, &[Fault::RunnerDiesIdle]);
        scene.pass(10 * MINUTE);
        nobody_waits(&scene);
        set(&scene, reconciles, &[]);
        // One more, which GitHub reports as online.
        until(&mut scene, |scene| running(scene) == 0);
        let dead = registrations(&scene);
        assert!(dead > 0 || reconciles, "GitHub keeps them for a day");
        let planted = (0..9).any(|place| scene.world.plant_registration(place, true));
        assert!(planted || !reconciles, "each exists already");
        scene.pass(7 * MINUTE);
        assert_eq!(registrations(&scene), if reconciles { 0 } else { dead + usize::from(planted) });
        set(&scene, true, &[]);
    }
}

/// Each of these hangs with a JIT config, counts until something ends it, and costs money until then.
#[test]
fn a_runner_that_hangs_with_its_jit_config_ends() {
    for (fault, within, why) in [
        (Fault::HangsWithConfig, 60, "its listener never comes up"),
        (Fault::HangsReleased, 60, "it gets the answer to leave"),
        (Fault::HangsIdle, 80, "beside its listener, so it never asks whether to leave"),
    ] {
        for reconciles in [true, false] {
            let mut scene = one_waits();
            set(&scene, reconciles, &[fault]);
            scene.pass(10 * MINUTE);
            nobody_waits(&scene);
            // The others do not hang.
            scene.pass(2 * MINUTE);
            set(&scene, reconciles, &[]);
            scene.pass(within * MINUTE);
            let left = usize::from(!reconciles);
            assert_eq!(running(&scene), left, "{why}: {:?}", states(&scene));
            assert_eq!(scene.book("ec2-x64").2, i64::try_from(left).unwrap(), "{why}");
            set(&scene, true, &[]);
        }
    }
}

/// A scene in which a runner has a job that takes this long, and its PID 1 hangs beside the listener.
fn busy_and_hung(reconciles: bool, work: Duration) -> Scene {
    let mut scene = one_waits();
    set(&scene, reconciles, &[Fault::HangsIdle]);
    scene.pass(10 * MINUTE);
    set(&scene, reconciles, &[]);
    nobody_waits(&scene);
    scene.world.queue_job(JOB, JobPlan { work, ..plan(&["ec2-x64"]) });
    until(&mut scene, |scene| states(scene).contains(&RunnerState::Busy));
    scene
}

/// The listener ran its job, and GitHub removed the registration. PID 1 hangs beside it.
#[test]
fn a_runner_that_hangs_after_its_job_ends() {
    for reconciles in [true, false] {
        let mut scene = busy_and_hung(reconciles, Duration::from_mins(2));
        scene.pass(5 * MINUTE);
        let mut states = states(&scene);
        states.sort();
        assert_eq!((has_ended(&scene, JOB), states), (true, vec![RunnerState::Busy, RunnerState::Stopped]));
        scene.pass(30 * MINUTE);
        assert_eq!(running(&scene), usize::from(!reconciles));
        set(&scene, true, &[]);
    }
}

/// The same, but the news of the job's end is lost. The job is read because GitHub has no registration for
/// its runner.
#[test]
fn a_runner_that_hangs_after_a_job_whose_end_is_lost_ends() {
    for reconciles in [true, false] {
        let mut scene = busy_and_hung(reconciles, Duration::from_mins(2));
        set(&scene, reconciles, &[Fault::WebhookOfRunDropped]);
        scene.pass(5 * MINUTE);
        assert!(has_ended(&scene, JOB));
        scene.pass(25 * MINUTE);
        assert_eq!(running(&scene), 1, "lists lag, and then it gets a quarter of an hour");
        scene.pass(30 * MINUTE);
        assert_eq!(running(&scene), usize::from(!reconciles));
        set(&scene, true, &[]);
    }
}

/// The job's repository is deleted: GitHub knows neither the job nor the runner any more, and reports
/// nothing.
#[test]
fn a_busy_runner_that_github_does_not_know_ends() {
    for reconciles in [true, false] {
        let mut scene = busy_and_hung(reconciles, Duration::from_hours(5));
        let now = scene.world.sandbox().manual_clock().now();
        {
            let mut github = scene.world.sandbox().github().borrow_mut();
            assert!(github.complete_job(JOB, "cancelled", now));
            github.forget_job(JOB);
        }
        scene.pass(25 * MINUTE);
        assert_eq!(running(&scene), 1, "lists lag");
        scene.pass(20 * MINUTE);
        assert_eq!(running(&scene), usize::from(!reconciles));
        set(&scene, true, &[]);
    }
}

/// While GitHub or the ledger cannot be read, nothing is confirmed, and suspicions stay.
#[test]
fn an_outage_of_github_counts_out_no_runner() {
    let mut scene = one_waits();
    scene.pass(10 * MINUTE);
    let until = scene.world.sandbox().manual_clock().now() + SignedDuration::from_hours(1);
    scene.world.sandbox().github().borrow_mut().set_outage(until);
    let ((), told) = kit::recording::record(|| scene.pass(50 * MINUTE));
    assert!(told.lines("set right: count out").is_empty());
    assert!(states(&scene).contains(&RunnerState::Idle), "{:?}", states(&scene));
    scene.pass(20 * MINUTE);
    nobody_waits(&scene);
}

/// However long a job takes: GitHub has it in progress, and its runner is registered.
#[test]
fn a_job_of_six_hours_is_left_alone() {
    let mut scene = stories::scene();
    scene.world.queue_job(JOB, JobPlan { work: Duration::from_hours(6), ..plan(&["ec2-x64"]) });
    let ((), told) = kit::recording::record(|| scene.pass(6 * 60 * MINUTE + 10 * MINUTE));
    assert!(has_ended(&scene, JOB));
    for found in ["StopUnheard", "StrayTask", "Offline", "Registration", "SilentTask", "DoesNotAsk"] {
        assert_eq!(told.count(&format!("LiesMended{{Found={found}}}")), 0);
    }
}
