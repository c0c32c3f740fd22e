//! What `mayfly why` says of a job whose runner is on its way, of one that runs, and of one that is over: the sentence,
//! and what happens next.

use fleet::ledger::JobState;
use fleet::pools::DEFAULT_POOLS;
use fleet::status::Reason;
use fleet::{JobId, PoolMap, Repository};
use platform::scene::{Scene, plan};
use sandbox::ecs::RunTaskError;
use sandbox::{Fault, Rates};
use stories::asking::Asking;

const JOB: JobId = JobId(1001);
const POOL: &str = "fargate-x64";

fn queued() -> (Scene, Asking) {
    let mut scene = stories::scene();
    scene.world.queue_job(JOB, plan(&[POOL]));
    scene.pass(2);
    (scene, Asking::of(JOB, &PoolMap::from_toml(DEFAULT_POOLS).unwrap()))
}

#[test]
fn each_part_of_a_start_has_its_sentence() {
    let (mut scene, asking) = queued();
    let mut said = |is_it: fn(&Reason) -> bool| asking.said_once(&mut scene, is_it);
    assert_eq!(said(|it| matches!(it, Reason::Provisioning { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::Pulling { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::Booting { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::Connecting { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::NotAssigned { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::Running { .. })), "");
    assert_eq!(said(|it| matches!(it, Reason::Finished { .. })), "");
}

#[test]
fn without_ecs_a_start_is_told_by_the_ledger() {
    let (mut scene, asking) = queued();
    let asking = Asking { no_ecs: Some("AccessDeniedException: ecs:ListTasks"), ..asking };
    scene.pass(20);
    assert_eq!(asking.said(&mut scene), "");
    let evidence = fleet::status::why(&asking.look(&mut scene)).evidence;
    assert_eq!(evidence, [""; 0]);
}

#[test]
fn a_launch_that_ecs_puts_off_is_told_with_its_words() {
    let mut scene = stories::scene();
    let outage = RunTaskError::Exception("ServerException".to_owned(), "later".to_owned());
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(outage));
    scene.world.queue_job(JOB, plan(&[POOL]));
    let asking = Asking::of(JOB, &PoolMap::from_toml(DEFAULT_POOLS).unwrap());
    assert_eq!(asking.said_once(&mut scene, |it| matches!(it, Reason::LaunchPutOff { .. })), "");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", None);
}

#[test]
fn a_runner_that_github_keeps_waiting_says_until_when() {
    let (mut scene, asking) = queued();
    scene.pass(15);
    scene.world.sandbox().set_faults([(Fault::GithubAsksToWait, 1.0)].into());
    let asking = Asking { no_github: Some("no token"), ..asking };
    assert_eq!(
        asking.said_once(&mut scene, |it| matches!(it, Reason::WaitsForConfig { until: Some(_), .. })),
        ""
    );
    scene.world.sandbox().set_faults(Rates::new());
}

#[test]
fn a_job_that_no_runner_group_takes_is_told_first_as_idle_and_then_as_unserved() {
    let (mut scene, asking) = queued();
    let repository = Repository::new("octo-org/storefront");
    scene.world.sandbox().github().borrow_mut().refuse(repository, true);
    scene.pass(10 * 60);
    assert_eq!(asking.said(&mut scene), "");
    scene.pass(25 * 60);
    assert_eq!(asking.said(&mut scene), "");
    scene.world.cancel_job(JOB);
}

#[test]
fn a_cancelled_job_says_when() {
    let (mut scene, asking) = queued();
    scene.world.cancel_job(JOB);
    scene.pass(10);
    assert_eq!(asking.said(&mut scene), "");
    let without = Asking { no_github: Some("no token"), ..asking };
    assert_eq!(without.said(&mut scene), "");
}

#[test]
fn a_job_that_somebody_else_took_names_nobody_of_ours() {
    let (mut scene, asking) = queued();
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().github().borrow_mut().taken_elsewhere(JOB, now);
    let state = scene.world.sandbox().table().borrow().job(JOB).map(|job| job.state);
    assert_eq!(state, Some(JobState::Queued), "no webhook has told of it");
    assert_eq!(asking.said(&mut scene), "");
    scene.world.cancel_job(JOB);
}
