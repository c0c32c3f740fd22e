//! What `mayfly why` says of a job that waits for nobody here: of somebody else's, of one that GitHub holds, and of one
//! that nobody knows.

use fleet::pools::DEFAULT_POOLS;
use fleet::status::{GithubStatus, Source};
use fleet::{JobId, PoolMap, Repository};
use platform::scene::{Scene, plan};
use sandbox::github::JobPlan;
use stories::asking::{Asking, told};

const JOB: JobId = JobId(1001);
const OURS: &str = "octo-org/storefront";

fn asking() -> Asking {
    Asking::of(JOB, &PoolMap::from_toml(DEFAULT_POOLS).unwrap())
}

fn queued(labels: &[&str]) -> Scene {
    let mut scene = stories::scene();
    scene.world.queue_job(JOB, plan(labels));
    scene.pass(5);
    scene
}

#[test]
fn a_job_of_another_organisation_is_nobodys_here() {
    let mut scene = stories::scene();
    let repository = Repository::new("hubot/storefront");
    scene.world.queue_job(JOB, JobPlan { repository, ..plan(&["fargate-x64"]) });
    scene.pass(5);
    assert_eq!(asking().in_repository("hubot/storefront").said(&mut scene), "");
    scene.world.cancel_job(JOB);
}

#[test]
fn labels_that_no_pool_has_name_the_nearest_pool() {
    for (labels, said) in [(&["self-hosted", "ec2", "gpu"][..], ""), (&["ubuntu-latest"][..], "")] {
        let mut scene = queued(labels);
        assert_eq!(asking().in_repository(OURS).said(&mut scene), said, "{labels:?}");
        scene.world.cancel_job(JOB);
    }
}

#[test]
fn a_public_repository_that_the_map_does_not_allow_is_told() {
    let mut scene = stories::scene();
    scene.world.sandbox().github().borrow_mut().publish(Repository::new(OURS));
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(5);
    assert_eq!(asking().in_repository(OURS).said(&mut scene), "");
    scene.world.cancel_job(JOB);
}

#[test]
fn a_job_that_nobody_knows_is_told_with_what_is_known() {
    let mut scene = stories::scene();
    assert_eq!(asking().said(&mut scene), "", "by its number alone");
    assert_eq!(asking().in_repository(OURS).said(&mut scene), "", "GitHub does not know it either");
    let nobody = Asking { no_ledger: Some("AccessDeniedException: dynamodb:BatchGetItem"), ..asking() };
    assert_eq!(nobody.said(&mut scene), "");
}

#[test]
fn a_job_whose_webhook_is_lost_is_found_by_the_sweep() {
    let mut scene = stories::scene();
    scene.world.sandbox().github().borrow_mut().send_no_webhooks();
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(5);
    assert_eq!(asking().in_repository(OURS).said(&mut scene), "");
    scene.world.cancel_job(JOB);
}

#[test]
fn a_job_that_github_holds_says_what_for() {
    let mut scene = stories::scene();
    scene.world.gate_job(JOB, plan(&["fargate-x64"]));
    scene.pass(10 * 60);
    assert_eq!(asking().said(&mut scene), "");
    let without = Asking { no_github: Some("no token"), ..asking() };
    assert_eq!(without.said(&mut scene), "");
    // The sandbox knows no concurrency groups: the same, as GitHub would say it.
    let mut picture = asking().look(&mut scene);
    if let Source::Read(job) = &mut picture.github {
        (job.status, job.environments) = (GithubStatus::Pending, Vec::new());
    }
    assert_eq!(told(&picture), "");
    scene.world.cancel_job(JOB);
}
