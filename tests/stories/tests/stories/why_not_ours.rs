//! What `mayfly why` says of a job that no pool need serve: another system's, one that GitHub holds, an
//! unknown one.

use fleet::pools::DEFAULT_POOLS;
use fleet::status::{GithubStatus, Lookup};
use fleet::{JobId, PoolMap, Repository};
use platform::scene::{Scene, plan};
use sandbox::github::JobPlan;
use stories::asking::{Asking, why_and_trace};

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
fn a_job_of_another_organisation_is_not_served_here() {
    let mut scene = stories::scene();
    let repository = Repository::new("hubot/storefront");
    scene.world.queue_job(JOB, JobPlan { repository, ..plan(&["fargate-x64"]) });
    scene.pass(5);
    assert_eq!(
        asking().in_repository("hubot/storefront").said(&mut scene),
        [
            "hubot/storefront does not belong to octo-org, and this stack serves no other organisation's jobs",
            "nothing here: another stack, or another runner, has to serve it"
        ]
    );
    scene.world.cancel_job(JOB);
}

#[test]
fn labels_that_no_pool_has_name_the_nearest_pool() {
    for (labels, said) in [
        (
            &["self-hosted", "ec2", "gpu"][..],
            [
                "no pool serves \"ec2\", \"gpu\", \"self-hosted\"; ec2-x64 lacks \"gpu\"",
                "change runs-on, or give a pool the label; the run has to be started again",
            ],
        ),
        (
            &["ubuntu-latest"][..],
            [
                "the job asks for \"ubuntu-latest\", a GitHub-hosted runner: GitHub serves it, Mayfly does not",
                "look at GitHub's status page, and at the limits of your plan",
            ],
        ),
    ] {
        let mut scene = queued(labels);
        assert_eq!(asking().in_repository(OURS).said(&mut scene), said, "{labels:?}");
        scene.world.cancel_job(JOB);
    }
}

#[test]
fn a_public_repository_that_the_map_does_not_allow_is_named() {
    let mut scene = stories::scene();
    scene.world.sandbox().github().borrow_mut().publish(Repository::new(OURS));
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(5);
    assert_eq!(
        asking().in_repository(OURS).said(&mut scene),
        [
            "the repository is public, and fargate-x64 takes no jobs of public repositories; allow them with public_repositories = true, and in the settings of its runner group",
            "nothing, until the map allows public repositories there"
        ]
    );
    scene.world.cancel_job(JOB);
}

#[test]
fn an_unknown_job_is_answered_with_what_is_known() {
    let mut scene = stories::scene();
    assert_eq!(
        asking().said(&mut scene),
        [
            "nobody here has heard of the job, and GitHub could not be asked about it: its repository is not known: give the job's URL",
            "give the job's URL and a token, so that GitHub can be asked; a job that no webhook told of is found by the sweep within about a minute"
        ],
        "by its number alone"
    );
    assert_eq!(
        asking().in_repository(OURS).said(&mut scene),
        [
            "GitHub has no such job, and nobody here has heard of it",
            "look at the number: the URL of a job ends in /job/NUMBER"
        ],
        "GitHub does not know it either"
    );
    let nobody = Asking { no_ledger: Some("AccessDeniedException: dynamodb:BatchGetItem"), ..asking() };
    assert_eq!(
        nobody.said(&mut scene),
        [
            "the ledger could not be read: AccessDeniedException: dynamodb:BatchGetItem",
            "ask again with access to the ledger's table"
        ]
    );
}

#[test]
fn a_job_whose_webhook_is_lost_is_found_by_the_sweep() {
    let mut scene = stories::scene();
    scene.world.sandbox().github().borrow_mut().send_no_webhooks();
    scene.world.queue_job(JOB, plan(&["fargate-x64"]));
    scene.pass(5);
    assert_eq!(
        asking().in_repository(OURS).said(&mut scene),
        [
            "GitHub says that the job waits for 5 s and fargate-x64 serves it, but no webhook of it has arrived",
            "the reconciler's sweep finds it at GitHub within about a minute"
        ]
    );
    scene.world.cancel_job(JOB);
}

#[test]
fn a_job_that_github_holds_says_what_for() {
    let mut scene = stories::scene();
    scene.world.gate_job(JOB, plan(&["fargate-x64"]));
    scene.pass(10 * 60);
    assert_eq!(
        asking().said(&mut scene),
        [
            "GitHub says that the job waits for an approval of environment \"production\"",
            "it asks for a runner as soon as somebody approves it at GitHub"
        ]
    );
    let without = Asking { no_github: Some("no token"), ..asking() };
    assert_eq!(
        without.said(&mut scene),
        [
            "GitHub said at 09:03:00 that the job waits for an approval",
            "GitHub is read again within 15 minutes, and an approval's webhook comes sooner"
        ]
    );
    // The sandbox has no concurrency groups, so this is GitHub's answer for one.
    let mut picture = asking().look(&mut scene);
    if let Lookup::Read(job) = &mut picture.github {
        (job.status, job.environments) = (GithubStatus::Pending, Vec::new());
    }
    assert_eq!(
        why_and_trace(&picture),
        [
            "GitHub says that the job waits for its concurrency group: another run of it is not over",
            "it asks for a runner when the run before it ends"
        ]
    );
    scene.world.cancel_job(JOB);
}
