//! Webhooks that do not say what one would expect: no runner, an approval, a job from long ago.

use std::time::Duration;

use fleet::JobId;
use fleet::ledger::JobState;
use platform::scene::{Scene, WEBHOOK_SECRET, plan};
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::github::JobPlan;
use sandbox::{Fault, Rates};
use serde_json::{Value, json};

fn waited(scene: &Scene, job: JobId) -> Option<i64> {
    let github = scene.world.sandbox().github().borrow();
    let job = github.job(job)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs())
}

#[test]
fn a_job_whose_webhook_names_no_runner_delays_no_other() {
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
fn a_job_behind_a_gate_gets_its_runner_when_it_is_approved() {
    // GitHub sends queued, then waiting, then queued again; any of them may be lost, or come twice. A runner
    // that was started for the job has left by then.
    for (lost, doubled, tasks, why) in [
        (false, false, 2, "as GitHub sends them"),
        (false, true, 2, "twice"),
        (true, false, 1, "the first two are lost"),
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
        assert_eq!(scene.tasks().len(), tasks, "{why}");
    }
}

/// A job's `queued`, as GitHub sent it at that time.
fn queued_in(created_at: &str, job: u64) -> Value {
    json!({
        "action": "queued",
        "workflow_job": {"id": job, "status": "queued", "labels": ["ec2-x64"], "created_at": created_at},
        "repository": {"full_name": "octo-org/storefront"},
    })
}

#[test]
fn a_delivery_from_years_ago_launches_no_runner_until_github_was_asked() {
    let mut scene = stories::scene();
    // GitHub no longer has one of them. The other has just been approved, without a webhook.
    scene.world.learn_job(JobId(7002), plan(&["ec2-x64"]));
    let mut deliver = |job: u64| {
        let id = fleet::DeliveryId::new(format!("delivery-of-{job}"));
        let body = queued_in("2019-05-15T15:20:33Z", job).to_string();
        let delivery = Delivery { id, event: "workflow_job".to_owned(), body };
        let event = function_url_event(delivery.headers(&WEBHOOK_SECRET.into()), &delivery.body);
        let request = serde_json::from_value(event).unwrap();
        kit::recording::record(|| {
            scene.world.post(delivery.id, request);
            scene.pass(30);
        })
        .1
    };
    assert_eq!(deliver(7001).count("OldJobs"), 1);
    assert_eq!(deliver(7002).count("OldJobs"), 1);
    scene.pass(4 * 60);
    let state = |job| scene.world.sandbox().table().borrow().job(JobId(job)).map(|job| job.state);
    assert_eq!(state(7001), Some(JobState::Completed));
    assert!(waited(&scene, JobId(7002)).is_some());
    assert_eq!(scene.tasks().len(), 1);
}
