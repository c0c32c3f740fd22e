//! The waterfall of a job: it adds up to the whole wait, to the millisecond.

use fleet::pools::DEFAULT_POOLS;
use fleet::status::{Waterfall, waterfall};
use fleet::{JobId, PoolMap};
use platform::scene::{Scene, plan};
use stories::asking::Asking;

const JOB: JobId = JobId(1001);

fn asking() -> Asking {
    Asking::of(JOB, &PoolMap::from_toml(DEFAULT_POOLS).unwrap())
}

/// The stages of a waterfall, one line each. On the way, this checks that they add up.
fn stage_lines(waterfall: &Waterfall) -> Vec<String> {
    let mut at = waterfall.queued_at;
    for stage in &waterfall.stages {
        assert_eq!(stage.from, at, "{} begins where the one before ends", stage.name);
        assert_eq!(stage.to.as_millisecond() - stage.from.as_millisecond(), stage.milliseconds);
        at = stage.to;
    }
    assert_eq!(at, waterfall.until);
    let sum: i64 = waterfall.stages.iter().map(|stage| stage.milliseconds).sum();
    assert_eq!(sum, waterfall.milliseconds);
    assert_eq!(sum, waterfall.until.as_millisecond() - waterfall.queued_at.as_millisecond());
    let line = |stage: &fleet::status::Stage| {
        let mut names: Vec<&str> = stage.with.iter().map(AsRef::as_ref).collect();
        names.push(stage.name);
        format!("{}: {} ms", names.join(" + "), stage.milliseconds)
    };
    waterfall.stages.iter().map(line).chain(waterfall.notes.iter().cloned()).collect()
}

fn seen(scene: &mut Scene, asking: &Asking) -> Vec<String> {
    stage_lines(&waterfall(&asking.look(scene)).unwrap())
}

#[test]
fn the_time_of_a_job_adds_up_while_ecs_has_its_task_and_after_ecs_forgot_it() {
    let mut scene = stories::scene();
    scene.world.queue_job(JOB, plan(&["ec2-x64"]));
    scene.pass(90);
    let while_it_runs = seen(&mut scene, &asking());
    assert_eq!(
        while_it_runs,
        [
            "delivered and accepted: 1974 ms",
            "in the ledger: 0 ms",
            "reserved: 0 ms",
            "RunTask: 0 ms",
            "PROVISIONING: 5589 ms",
            "pulling: 26881 ms",
            "starting: 0 ms",
            "PID 1 begun: 1 ms",
            "asked: 2311 ms",
            "registered: 0 ms",
            "listening: 3619 ms",
            "job begun: 1284 ms",
            "first step: 782 ms"
        ]
    );
    scene.pass(2 * 60 * 60);
    assert_eq!(seen(&mut scene, &asking()), while_it_runs, "the ledger has kept it");
    let waited = {
        let github = scene.world.sandbox().github().borrow();
        let job = github.job(JOB).unwrap();
        job.first_step_at.unwrap().as_millisecond() - job.queued_at.as_millisecond()
    };
    let picture = asking().look(&mut scene);
    assert_eq!(waterfall(&picture).unwrap().milliseconds, waited, "the whole wait, as GitHub has it");

    let without = Asking { no_github: Some("no token"), no_ecs: Some("no access"), ..asking() };
    assert_eq!(
        seen(&mut scene, &without),
        [
            "delivered and accepted: 1974 ms",
            "in the ledger: 0 ms",
            "reserved: 0 ms",
            "RunTask: 0 ms",
            "PROVISIONING: 5589 ms",
            "pulling: 26881 ms",
            "starting: 0 ms",
            "PID 1 begun: 1 ms",
            "asked: 2311 ms",
            "registered: 0 ms",
            "listening: 3619 ms",
            "job begun: 3166 ms",
            "GitHub was not read, so that the times of the job are the ledger's: no token",
            "not known: first step"
        ],
        "by the ledger alone"
    );
}

#[test]
fn the_time_of_a_job_that_still_waits_adds_up_until_now() {
    let mut scene = stories::scene();
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(10);
    assert_eq!(
        seen(&mut scene, &asking()),
        [
            "delivered and accepted: 1974 ms",
            "in the ledger: 0 ms",
            "reserved: 0 ms",
            "RunTask: 0 ms",
            "PROVISIONING: 5589 ms",
            "pulling + so far: 2437 ms",
            "of the runner that is furthest on its way: GitHub decides which one takes the job"
        ]
    );
}

#[test]
fn a_runner_that_was_ready_before_the_job_took_none_of_its_time() {
    let mut scene = stories::scene();
    let first = scene.queue(&["fargate-x64"]);
    scene.pass(20);
    scene.world.cancel_job(first);
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(60);
    assert_eq!(
        seen(&mut scene, &asking()),
        [
            "delivered and accepted: 1112 ms",
            "in the ledger: 0 ms",
            "pulling: 13332 ms",
            "starting: 0 ms",
            "PID 1 begun: 0 ms",
            "asked: 2781 ms",
            "registered: 0 ms",
            "listening: 3217 ms",
            "job begun: 2907 ms",
            "first step: 749 ms",
            "the runner was there, or on its way, before the job was queued"
        ]
    );
}
