//! What the functions log over a whole story, at every level.

use fleet::launch::TICKET_VARIABLE;
use fleet::{DeliveryId, InstanceId};
use kit::recording::{Recording, record};
use platform::scene::{Scene, WEBHOOK_SECRET};
use sandbox::TICKET_KEY;
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::ecs::RunTaskError;

/// Jobs that run, launches that fail in each way, a forged delivery, an interrupted instance, and unreadable
/// messages. Returns the tickets that were issued, and the forged signature.
fn tell() -> (Vec<String>, String) {
    let mut scene = stories::scene();
    let fail = |scene: &Scene, error| scene.world.sandbox().ecs().borrow_mut().fail_next(error);
    let exception = |code: &str| RunTaskError::Exception(code.to_owned(), "in ECS's words".to_owned());
    fail(&scene, exception("ThrottlingException"));
    scene.queue(&["fargate-x64"]);
    scene.pass(5);
    fail(&scene, RunTaskError::Failure("Capacity is unavailable at this time.".to_owned()));
    scene.queue(&["fargate-x64-spot"]);
    scene.pass(5);
    scene.queue(&["ec2-x64-spot"]);
    let unserved = scene.queue(&["docker", "gpu"]);
    scene.pass(12);
    scene.world.cancel_job(unserved);
    assert!(scene.world.interrupt_instance(&InstanceId::new("i-00000000000000001")));

    let id = DeliveryId::new("forged");
    let body = "{\"action\":\"queued\"}".to_owned();
    let forged = Delivery { id: id.clone(), event: "workflow_job".to_owned(), body };
    let event = function_url_event(forged.headers(&"another secret".into()), &forged.body);
    let signature = event["headers"]["x-hub-signature-256"].as_str().unwrap().to_owned();
    scene.world.post(id, serde_json::from_value(event).unwrap());
    let now = scene.world.sandbox().manual_clock().now();
    for poison in ["{\"neither\":\"job nor event\"}", "{\"detail-type\":\"Something New\"}"] {
        scene.world.sandbox().queue().borrow_mut().send(poison.to_owned(), now, now);
    }
    scene.rest();
    assert_eq!(scene.world.sandbox().queue().borrow_mut().take_dead_letters().len(), 1);
    fail(&scene, exception("AccessDeniedException"));
    let job = scene.queue(&["fargate-arm64"]);
    scene.pass(5);
    scene.world.cancel_job(job);
    scene.rest();
    let ecs = scene.world.sandbox().ecs().borrow();
    let tickets = ecs.tasks().map(|task| task.environment(TICKET_VARIABLE).unwrap().to_owned()).collect();
    (tickets, signature)
}

#[test]
fn no_ticket_secret_or_signature_is_in_any_line() {
    let ((tickets, forged), Recording { log, .. }) = record(tell);

    assert!(tickets.len() >= 4, "{tickets:?}");
    for told in [
        "delivery queued",
        "job not served",
        "delivery refused",
        "events in the ledger",
        "runner launched",
        "no capacity",
        "launch refused",
        "spot interruption",
        "message not understood",
        "event of an unknown kind, dropped",
    ] {
        assert!(log.contains(told), "the story has no line: {told}");
    }
    for ticket in &tickets {
        let mac = ticket.rsplit('.').next().unwrap();
        assert!(!log.contains(mac), "a ticket is in the log");
    }
    for secret in [TICKET_KEY, WEBHOOK_SECRET, &forged, "sha256="] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}
