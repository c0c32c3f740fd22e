//! Webhook deliveries that failed, and that GitHub is asked to repeat.

use fleet::delivery::Attempt;
use fleet::{DeliveryId, JobId, Repository};
use sandbox::delivery::Delivery;
use sandbox::{Fault, Rates, Sandbox};

const MINUTE: i64 = 60;

/// How many minutes a job had waited when it began; `None` if it has not begun.
fn waited(sandbox: &Sandbox, job: JobId) -> Option<i64> {
    let github = sandbox.github().borrow();
    let job = github.job(job)?;
    Some(job.started_at?.duration_since(job.queued_at).as_secs() / 60)
}

fn attempts(sandbox: &Sandbox) -> Vec<Attempt> {
    sandbox.github().borrow().attempts_made().cloned().collect()
}

/// From now on webhooks are answered with 503, because the queue is down; or with 0, which is no answer.
fn break_webhooks(sandbox: &Sandbox, status: u16) {
    match status {
        503 => sandbox.set_queue_down(true),
        _ => sandbox.set_faults(Rates::from([(Fault::WebhookUnanswered, 1.0)])),
    }
}

/// For one of these reasons, nothing from GitHub arrives for ten minutes. No sweep finds the jobs, because
/// the App may not read their repository.
#[test]
fn jobs_whose_webhooks_failed_get_their_runners_when_the_outage_is_over() {
    for status in [503, 0] {
        let mut scene = stories::scene();
        let repository = Repository::new("octo-org/storefront");
        scene.world.sandbox().github().borrow_mut().hide_repository(&repository);
        break_webhooks(scene.world.sandbox(), status);
        let jobs = [(); 5].map(|()| scene.queue(&["fargate-x64"]));
        scene.pass(10 * MINUTE);
        let sandbox = scene.world.sandbox().clone();
        assert!(attempts(&sandbox).iter().all(|it| it.status_code == status), "{status}");
        assert!(jobs.iter().all(|job| waited(&sandbox, *job).is_none()), "{status}");
        sandbox.set_queue_down(false);
        sandbox.set_faults(Rates::new());
        scene.pass(15 * MINUTE);
        for job in jobs {
            // They are asked for after 1, 4 and 10 minutes.
            let waited = waited(&sandbox, job);
            assert!(waited.is_some_and(|minutes| minutes <= 12), "{status}: {waited:?}");
        }
        assert_eq!(scene.tasks().len(), 5, "{status}: one task a job");
        let asked_for = attempts(&sandbox).iter().filter(|it| it.redelivery).count();
        assert_eq!(asked_for, 5 * 3, "{status}: and not again once received");
    }
}

#[test]
fn without_the_reconciler_they_wait_until_somebody_redelivers_them() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(Rates::from([(Fault::ReconcilerPassMissed, 1.0)]));
    scene.world.sandbox().set_queue_down(true);
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(60);
    scene.world.sandbox().set_queue_down(false);
    scene.pass(2 * 60 * 60);
    let sandbox = scene.world.sandbox().clone();
    assert_eq!(waited(&sandbox, job), None, "GitHub does not deliver again by itself");
    sandbox.set_faults(Rates::new());
    scene.pass(3 * MINUTE);
    assert!(waited(&sandbox, job).is_some());
}

#[test]
fn a_delivery_that_mayfly_cannot_understand_is_not_asked_for_again() {
    let mut scene = stories::scene();
    let body = "{\"action\":\"queued\",".to_owned();
    let broken = Delivery { id: DeliveryId::new("broken"), event: "workflow_job".to_owned(), body };
    scene.world.deliver(&broken);
    scene.pass(60 * MINUTE);
    let attempts = attempts(scene.world.sandbox());
    assert_eq!(attempts.iter().map(|it| it.status_code).collect::<Vec<_>>(), [400]);
}

/// The one kind of loss that asking cannot mend: there is nothing to repeat. A sweep finds the job.
#[test]
fn a_delivery_that_github_never_made_cannot_be_asked_for() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(Rates::from([(Fault::WebhookDropped, 1.0)]));
    let job = scene.queue(&["fargate-x64"]);
    scene.world.sandbox().set_faults(Rates::new());
    let ((), told) = kit::recording::record(|| scene.pass(60 * MINUTE));
    let sandbox = scene.world.sandbox().clone();
    assert!(attempts(&sandbox).iter().all(|it| it.action.as_deref() != Some("queued")));
    assert!(waited(&sandbox, job).is_some());
    assert_eq!(told.count("DemandFoundLate{Cause=NoDelivery}"), 1);
}
