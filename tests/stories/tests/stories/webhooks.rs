//! Webhooks that do not say what one would expect: no runner, a gate, a job of long ago.

use std::time::Duration;

use fleet::JobId;
use fleet::ledger::JobState;
use platform::scene::{Scene, WEBHOOK_SECRET, plan};
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::github::{JobPlan, Phase};
use sandbox::{Fault, Rates};
use serde_json::{Value, json};

fn waited(scene: &Scene, job: JobId) -> Option<i64> {
    let github = scene.world.sandbox().github().borrow();
    let job = github.job(job)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs())
}

#[test]
fn a_job_that_runs_nowhere_by_its_webhook_holds_up_no_other() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(Rates::from([(Fault::WebhookNameless, 1.0)]));
    let work = Duration::from_mins(89);
    scene.world.queue_job(JobId(1001), JobPlan { work, ..plan(&["ec2-x64"]) });
    scene.pass(5 * 60);
    let next = scene.queue(&["ec2-x64"]);
    scene.pass(5 * 60);
    assert!(waited(&scene, next).is_some_and(|seconds| seconds < 120), "{:?}", waited(&scene, next));
    assert_eq!(scene.tasks().len(), 2);
}

#[test]
fn a_job_behind_a_gate_has_its_runner_when_it_is_approved() {
    // GitHub says queued, then waiting, then queued again; any of them may be lost, or come twice.
    for (lost, doubled, why) in [
        (false, false, "as GitHub sends them"),
        (false, true, "twice"),
        (true, false, "the first two are lost"),
    ] {
        let mut scene = stories::scene();
        let faults = [(Fault::WebhookDropped, lost), (Fault::WebhookDoubled, doubled)];
        let rates = faults.into_iter().filter(|(_, is_on)| *is_on).map(|(fault, _)| (fault, 1.0));
        scene.world.sandbox().set_faults(rates.collect());
        scene.world.gate_job(JobId(1001), plan(&["ec2-x64"]));
        scene.pass(10 * 60);
        scene.world.sandbox().set_faults(Rates::new());
        let ran = |scene: &Scene| waited(scene, JobId(1001));
        assert_eq!(ran(&scene), None, "{why}: nobody has approved it");
        scene.world.approve_job(JobId(1001));
        scene.pass(2 * 60);
        assert!(ran(&scene).is_some_and(|seconds| seconds < 90), "{why}: {:?}", ran(&scene));
        assert_eq!(scene.tasks().len(), 1, "{why}: one task, whenever it was started");
    }
}

/// The `queued` of a job, as GitHub has sent it then.
fn queued_in(created_at: &str, job: u64) -> Value {
    json!({
        "action": "queued",
        "workflow_job": {"id": job, "status": "queued", "labels": ["ec2-x64"], "created_at": created_at},
        "repository": {"full_name": "octo-org/storefront"},
    })
}

#[test]
fn a_delivery_of_years_ago_is_counted() {
    let mut scene = stories::scene();
    let mut deliver = |created_at: &str, job: u64| {
        let id = fleet::DeliveryId::new(format!("delivery-of-{job}"));
        let body = queued_in(created_at, job).to_string();
        let delivery = Delivery { id, event: "workflow_job".to_owned(), body };
        let event = function_url_event(delivery.headers(&WEBHOOK_SECRET.into()), &delivery.body);
        let request = serde_json::from_value(event).unwrap();
        kit::recording::record(|| {
            scene.world.post(delivery.id, request);
            scene.pass(60);
        })
        .1
    };
    assert_eq!(deliver("2019-05-15T15:20:33Z", 7001).count("OldJobs"), 1);
    assert_eq!(deliver("2019-05-15T15:20:33Z", 7001).count("OldJobs"), 0, "it is known by now");
    assert_eq!(deliver("2026-10-05T09:00:00Z", 7002).count("OldJobs"), 0, "a job of today");
    // Both get a runner. Nobody has the jobs, so somebody has to end them.
    let state = |scene: &Scene| scene.world.sandbox().table().borrow().job(JobId(7001)).map(|job| job.state);
    assert_eq!(state(&scene), Some(JobState::Queued));
    for job in [7001, 7002] {
        scene.world.learn_job(JobId(job), plan(&["ec2-x64"]));
    }
    scene.rest();
    assert_eq!(state(&scene), Some(JobState::Completed));
    let github = scene.world.sandbox().github().borrow();
    assert!(github.jobs().all(|job| job.phase == Phase::Completed { conclusion: "success" }));
}
