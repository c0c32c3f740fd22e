//! One event many times, and many events in any order: one task for each job.

use fleet::JobId;
use kit::maps::roomy;
use platform::scene::{Scene, plan};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::github::{Phase, workflow_job};

/// Delivers at once the `queued` event of a job that GitHub knows.
fn deliver(scene: &mut Scene, job: JobId) {
    let payload =
        scene.world.sandbox().github().borrow().job(job).map(|job| workflow_job(job, false)).unwrap();
    let id = fleet::DeliveryId::new(format!("delivery-of-{job}"));
    let delivery = Delivery { id, event: "workflow_job".to_owned(), body: payload.to_string() };
    let event = function_url_event(delivery.headers(&"a story's secret".into()), &delivery.body);
    scene.world.post(delivery.id, serde_json::from_value(event).unwrap());
}

#[test]
fn one_event_a_thousand_times_is_one_task() {
    let mut scene = stories::scene_of(&roomy());
    let job = JobId(1);
    scene.world.learn_job(job, plan(&["linux", "x64"]));
    for _ in 0..1000 {
        deliver(&mut scene, job);
    }
    scene.rest();
    assert_eq!(scene.tasks().len(), 1);
}

#[test]
fn a_thousand_jobs_in_random_order_are_a_thousand_tasks() {
    const POOLS: [&str; 7] = [
        "fargate-x64",
        "fargate-x64-spot",
        "fargate-arm64",
        "ec2-x64",
        "ec2-x64-spot",
        "ec2-arm64",
        "ec2-arm64-spot",
    ];
    let mut random = StdRng::seed_from_u64(7);
    let mut scene = stories::scene_of(&roomy());
    let mut deliveries: Vec<JobId> = Vec::new();
    for id in 1..=1000 {
        scene.world.learn_job(JobId(id), plan(&["self-hosted", POOLS[random.random_range(0..7)]]));
        deliveries.push(JobId(id));
    }
    // Every twentieth event comes twice.
    deliveries.extend((1..=1000).step_by(20).map(JobId));
    deliveries.shuffle(&mut random);
    for job in deliveries {
        deliver(&mut scene, job);
    }
    scene.rest();
    assert_eq!(scene.tasks().len(), 1000);
    let github = scene.world.sandbox().github().borrow();
    assert!(github.jobs().all(|job| matches!(job.phase, Phase::Completed { .. })));
}

#[test]
fn a_maximum_holds_and_waiting_jobs_are_served_in_turn() {
    let mut scene = stories::scene();
    for _ in 0..40 {
        scene.queue(&["ec2-arm64"]);
    }
    scene.pass(10);
    assert_eq!(scene.book("ec2-arm64"), (40, 10, 10), "ten may live at once");
    scene.rest();
    assert_eq!(scene.tasks().len(), 40);
}
