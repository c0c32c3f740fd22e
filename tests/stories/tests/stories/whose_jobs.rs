//! Jobs that are not ours, or not allowed: no webhook of theirs launches a task.

use fleet::ledger::JobState;
use fleet::pools::DEFAULT_POOLS;
use fleet::{DeliveryId, JobId, PoolMap, Repository};
use platform::scene::{Scene, WEBHOOK_SECRET, plan};
use sandbox::FunctionName;
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::github::{JobPlan, Phase, WorkflowJob, workflow_job};

const MINUTE: i64 = 60;
const JOB: JobId = JobId(1001);

/// A repository's job for the pool with the job's label.
fn of(repository: &str) -> JobPlan {
    JobPlan { repository: Repository::new(repository), ..plan(&["fargate-x64"]) }
}

fn publish(scene: &Scene, repository: &str) {
    scene.world.sandbox().github().borrow_mut().publish(Repository::new(repository));
}

fn has_run(scene: &Scene) -> bool {
    let github = scene.world.sandbox().github().borrow();
    github.job(JOB).is_some_and(|job| job.started_at.is_some())
}

fn state(scene: &Scene) -> Option<JobState> {
    scene.world.sandbox().table().borrow().job(JOB).map(|job| job.state)
}

/// Lets the Fargate pools take jobs of public repositories.
fn open() -> String {
    DEFAULT_POOLS
        .replace("runner_group = \"fargate\"", "runner_group = \"fargate\"\npublic_repositories = true")
}

/// GitHub posts the webhook of this phase.
fn post(scene: &mut Scene, name: &str, phase: Phase) {
    let job = scene.world.sandbox().github().borrow().job(JOB).cloned().unwrap();
    let payload = workflow_job(&WorkflowJob { phase, ..job }, false);
    let id = DeliveryId::new(name);
    let delivery = Delivery { id, event: "workflow_job".to_owned(), body: payload.to_string() };
    let event = function_url_event(delivery.headers(&WEBHOOK_SECRET.into()), &delivery.body);
    scene.world.post(delivery.id, serde_json::from_value(event).unwrap());
    scene.pass(5);
}

/// The App may be installed anywhere, but only the organisation's jobs get runners.
#[test]
fn a_job_of_a_users_repository_launches_nothing_and_fills_no_pool() {
    let mut scene = stories::scene();
    for number in 1..=15 {
        scene.world.queue_job(JobId(number), of("hubot/storefront"));
    }
    scene.world.queue_job(JOB, of("octo-org/storefront"));
    let ((), told) = kit::recording::record(|| scene.pass(10 * MINUTE));
    assert!(has_run(&scene), "there is room for ours");
    assert_eq!(scene.tasks().len(), 1, "and nothing for theirs");
    assert!(told.log.contains("hubot/storefront does not belong to octo-org"));
    assert_eq!(told.count("DeliveriesForeign"), 15);
    assert_eq!(scene.world.sandbox().table().borrow().jobs().count(), 1);
    (1..=15).for_each(|number| scene.world.cancel_job(JobId(number)));
}

/// A runner group refuses public repositories by default, so unless the map allows them, a runner would wait
/// in vain.
#[test]
fn a_job_of_a_public_repository_gets_a_task_only_if_the_map_allows_it() {
    for (map, is_allowed) in [(DEFAULT_POOLS.to_owned(), false), (open(), true)] {
        let mut scene = stories::scene_of(&map);
        publish(&scene, "octo-org/website");
        scene.world.queue_job(JOB, of("octo-org/website"));
        let ((), told) = kit::recording::record(|| scene.pass(10 * MINUTE));
        assert_eq!((has_run(&scene), scene.tasks().len()), (is_allowed, usize::from(is_allowed)));
        assert_eq!(told.count("JobsUnserved{Reason=PublicRepository}"), u64::from(!is_allowed));
        let says = "the repository is public, and fargate-x64 takes no jobs of public repositories";
        assert_eq!(told.log.contains(says), !is_allowed);
        scene.world.cancel_job(JOB);
    }
}

/// The sweep reads from GitHub's lists what the webhook reads from its payload.
#[test]
fn a_sweep_finds_jobs_of_public_repositories_only_if_the_map_allows_them() {
    for (map, is_public, is_found) in [
        (DEFAULT_POOLS.to_owned(), true, false),
        (open(), true, true),
        (DEFAULT_POOLS.to_owned(), false, true),
    ] {
        let mut scene = stories::scene_of(&map);
        scene.world.sandbox().github().borrow_mut().send_no_webhooks();
        if is_public {
            publish(&scene, "octo-org/website");
        }
        scene.world.queue_job(JOB, of("octo-org/website"));
        scene.pass(15 * MINUTE);
        assert_eq!((has_run(&scene), scene.tasks().len()), (is_found, usize::from(is_found)), "{is_public}");
        scene.world.cancel_job(JOB);
    }
}

/// A pool leaves the map for a moment, and the job ends in that time. Its `queued` comes late, once the pool
/// is back.
#[test]
fn a_queued_that_comes_after_the_end_of_an_unknown_job_counts_nothing() {
    let mut scene = stories::scene();
    let without = DEFAULT_POOLS.replacen("maximum = 15", "maximum = 0", 1);
    let (without, with) = (PoolMap::from_toml(&without).unwrap(), PoolMap::from_toml(DEFAULT_POOLS).unwrap());
    scene.world.functions().use_map(FunctionName::Webhook, &without);
    scene.world.learn_job(JOB, of("octo-org/storefront"));
    post(&mut scene, "its end", Phase::Completed { conclusion: "cancelled" });
    assert_eq!(state(&scene), Some(JobState::Completed), "it was unknown, and no pool serves it");
    scene.world.functions().use_map(FunctionName::Webhook, &with);
    post(&mut scene, "its begin", Phase::InProgress);
    post(&mut scene, "its demand", Phase::Queued);
    assert_eq!(state(&scene), Some(JobState::Completed));
    assert_eq!((scene.book("fargate-x64"), scene.tasks().len()), ((0, 0, 0), 0));
    scene.world.cancel_job(JOB);
}
