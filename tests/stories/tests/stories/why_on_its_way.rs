//! What `mayfly why` says of a job whose runner is on its way, that runs, or that has ended: the sentence,
//! and what happens next.

use fleet::ledger::{EarlierListing, JobState, Key, Listing};
use fleet::pools::DEFAULT_POOLS;
use fleet::status::Reason;
use fleet::{JobId, PoolMap, PoolName, Repository};
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
    assert_eq!(
        said(|it| matches!(it, Reason::Provisioning { .. })),
        [
            "the task of a runner on fargate-x64 has been waiting for capacity (PROVISIONING) for 25 ms",
            "after five minutes its capacity rests, and the fallback is launched, if the pool has one"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::Pulling { .. })),
        [
            "the task of a runner on fargate-x64 has been pulling its image for 436 ms",
            "three minutes after its capacity was there a spare is launched beside it, if it has not come up"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::Booting { .. })),
        [
            "the task of a runner on fargate-x64 has been booting, without a question yet, for 555 ms",
            "three minutes after its capacity was there a spare is launched beside it, if it has not come up"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::Connecting { .. })),
        [
            "a runner has had its JIT config for 243 ms, and its listener is connecting to GitHub",
            "three minutes after its capacity was there a spare is launched beside it, if it has not come up"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::NotAssigned { .. })),
        [
            "a runner with the job's labels has been idle for 624 ms, and GitHub has not given it the job",
            "GitHub gives it out within seconds; else the job is read after 2 minutes, and the runner replaced"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::Running { .. })),
        [
            "the job has been running since 09:00:41 on mayfly-fargate-x64-tagzrpdt51sekbm6k7b8",
            "it ends by itself; the ledger hears of it by its webhook, or reads it within 3 minutes"
        ]
    );
    assert_eq!(
        said(|it| matches!(it, Reason::Finished { .. })),
        [
            "the job ended at 09:02:42: success; it had waited 41 s for its runner",
            "nothing; `mayfly trace` shows where the time went"
        ]
    );
}

#[test]
fn without_ecs_the_ledger_describes_a_start() {
    let (mut scene, asking) = queued();
    let asking = Asking { no_ecs: Some("AccessDeniedException: ecs:ListTasks"), ..asking };
    scene.pass(20);
    assert_eq!(
        asking.said(&mut scene),
        [
            "a runner on fargate-x64 has been starting for 20 s; ECS was not read",
            "three minutes after its capacity was there a spare is launched beside it, if it has not come up"
        ]
    );
    let evidence = fleet::status::why(&asking.look(&mut scene)).evidence;
    assert_eq!(
        evidence,
        [
            "GitHub: queued, created 09:00:00; asks for \"fargate-x64\"",
            "ledger: Queued in fargate-x64 since 09:00:01, accepted 09:00:01, written down 09:00:01",
            "pool fargate-x64: 1 queued, 1 on their way or idle (0 idle), 1 of 15 live, minimum 0",
            "runner tagzrpdt51sekbm6k7b8: Starting on fargate-x64, reserved 09:00:01",
            "ECS: not read: AccessDeniedException: ecs:ListTasks"
        ]
    );
}

#[test]
fn a_launch_that_ecs_puts_off_is_described_in_its_words() {
    let mut scene = stories::scene();
    let outage = RunTaskError::Exception("ServerException".to_owned(), "later".to_owned());
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(outage));
    scene.world.queue_job(JOB, plan(&[POOL]));
    let asking = Asking::of(JOB, &PoolMap::from_toml(DEFAULT_POOLS).unwrap());
    assert_eq!(
        asking.said_once(&mut scene, |it| matches!(it, Reason::LaunchPutOff { .. })),
        [
            "ECS puts the launch on fargate-x64 off, for 1 min 59 s now (ServerException: later)",
            "the scheduler tries again each minute, for 15 minutes"
        ]
    );
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
        [
            "a runner is up and has waited 243 ms for its JIT config: GitHub's rate limit holds until 09:01:36",
            "it asks again within a minute"
        ]
    );
    scene.world.sandbox().set_faults(Rates::new());
}

#[test]
fn a_job_that_no_runner_group_takes_is_described_first_as_idle_and_then_as_unserved() {
    let (mut scene, asking) = queued();
    let repository = Repository::new("octo-org/storefront");
    scene.world.sandbox().github().borrow_mut().refuse(repository, true);
    scene.pass(10 * 60);
    assert_eq!(
        asking.said(&mut scene),
        [
            "a runner with the job's labels has been idle for 2 min 27 s, and GitHub has not given it the job",
            "GitHub gives it out within seconds; else the job is read after 2 minutes, and the runner replaced"
        ]
    );
    scene.pass(25 * 60);
    assert_eq!(
        asking.said(&mut scene),
        [
            "GitHub gives the job to no runner, since 09:26:00: the runner group is most likely not for its repository: add it in the settings of the group",
            "it is tried again about every hour, until GitHub gives it up after a day"
        ]
    );
    scene.world.cancel_job(JOB);
}

#[test]
fn a_cancelled_job_says_when() {
    let (mut scene, asking) = queued();
    scene.world.cancel_job(JOB);
    scene.pass(10);
    assert_eq!(
        asking.said(&mut scene),
        ["the job was cancelled at 09:00:02, before a runner took it", "nothing"]
    );
    let without = Asking { no_github: Some("no token"), ..asking };
    assert_eq!(
        without.said(&mut scene),
        ["the job ended at 09:00:03", "nothing; `mayfly trace` shows where the time went"]
    );
}

#[test]
fn a_job_that_another_system_took_names_no_runner_of_ours() {
    let (mut scene, asking) = queued();
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().github().borrow_mut().taken_elsewhere(JOB, now);
    let state = scene.world.sandbox().table().borrow().job(JOB).map(|job| job.state);
    assert_eq!(state, Some(JobState::Queued), "no webhook has told of it");
    assert_eq!(
        asking.said(&mut scene),
        [
            "the job has been running since 09:00:02; nobody names its runner",
            "it ends by itself; the ledger hears of it by its webhook, or reads it within 3 minutes"
        ]
    );
    scene.world.cancel_job(JOB);
}

/// Someone who asks just after a deploy finds the runner under the previous version's listing.
#[test]
fn a_runner_that_the_previous_version_listed_is_seen() {
    let (mut scene, asking) = queued();
    let said = asking.said(&mut scene);
    let pool = PoolName::new(POOL).unwrap();
    {
        let mut table = scene.world.sandbox().table().borrow_mut();
        let runner = table.runners().next().unwrap().id.clone();
        table.list_as_before(&Key::Runner(runner), Listing::Earlier(pool, EarlierListing::Called));
    }
    assert_eq!(asking.look(&mut scene).runners.len(), 1);
    assert_eq!(asking.said(&mut scene), said);
}
