//! RunTask that fails: later, elsewhere, never.

use sandbox::ecs::RunTaskError;

fn failure(reason: &str) -> RunTaskError {
    RunTaskError::Failure(reason.to_owned())
}

fn exception(code: &str, message: &str) -> RunTaskError {
    RunTaskError::Exception(code.to_owned(), message.to_owned())
}

#[test]
fn a_throttled_launch_is_tried_again_with_the_same_token() {
    let mut scene = stories::scene();
    for _ in 0..2 {
        scene.world.sandbox().ecs().borrow_mut().fail_next(exception("ThrottlingException", "Rate exceeded"));
    }
    scene.queue(&["fargate-x64"]);
    scene.pass(5);
    assert_eq!(scene.tasks(), ["FARGATE"]);
    assert_eq!(scene.book("fargate-x64"), (1, 1, 1));
}

#[test]
fn without_spot_capacity_the_fallback_runs_the_job_and_the_pool_rests() {
    let mut scene = stories::scene();
    let outage = failure(
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    );
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE_SPOT", Some(outage));
    scene.queue(&["fargate-x64-spot"]);
    scene.pass(5);
    assert_eq!(scene.tasks(), ["FARGATE"]);
    assert_eq!(scene.book("fargate-x64-spot"), (1, 1, 0), "its runner, with its labels");
    assert_eq!(scene.book("fargate-x64"), (0, 0, 1), "on the other pool's capacity");

    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE_SPOT", None);
    scene.queue(&["fargate-x64-spot"]);
    scene.pass(5);
    assert_eq!(scene.tasks(), ["FARGATE", "FARGATE"], "it rests for a few minutes");
    scene.pass(200);
    scene.queue(&["fargate-x64-spot"]);
    scene.pass(5);
    assert_eq!(scene.tasks(), ["FARGATE", "FARGATE", "FARGATE_SPOT"], "and is tried again then");
}

#[test]
fn a_launch_that_can_never_work_is_given_back_and_the_pool_backs_off() {
    let mut scene = stories::scene();
    let denied = exception("AccessDeniedException", "not authorized to perform: ecs:RunTask");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(denied));
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(5);
    assert!(scene.tasks().is_empty());
    assert_eq!(scene.book("fargate-x64"), (1, 0, 0), "the job still waits; nothing is reserved");
    let table = scene.world.sandbox().table().borrow();
    let pool = fleet::PoolName::new("fargate-x64").unwrap();
    let health = table.book(&pool).unwrap().health.clone();
    drop(table);
    assert_eq!(health.failures, 1);
    assert!(health.rest.unwrap().reason.contains("AccessDeniedException"), "the reason, for the alarm");
    scene.world.cancel_job(job);
}

#[test]
fn nothing_is_accepted_while_the_queue_is_down_and_the_redelivery_is_taken() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_queue_down(true);
    let job = scene.queue(&["fargate-x64"]);
    scene.pass(5);
    assert!(scene.tasks().is_empty());
    let first = fleet::DeliveryId::new("00000000-0000-0000-0000-000000000001");
    assert_eq!(scene.world.answer(&first).unwrap().status_code, 503);
    scene.world.sandbox().set_queue_down(false);
    scene.world.redeliver(job);
    scene.rest();
    assert_eq!(scene.tasks().len(), 1);
}

#[test]
fn a_message_that_nobody_understands_ends_in_the_dead_letter_queue_and_blocks_nobody() {
    let mut scene = stories::scene();
    let now = scene.world.sandbox().manual_clock().now();
    scene
        .world
        .sandbox()
        .queue()
        .borrow_mut()
        .send("{\"detail-type\":\"ECS Task State Change\"}".into(), now);
    scene.world.sandbox().queue().borrow_mut().send("{\"detail-type\":\"Something New\"}".into(), now);
    scene.queue(&["fargate-x64"]);
    scene.pass(5);
    assert_eq!(scene.tasks().len(), 1);
    scene.rest();
    let dead = scene.world.sandbox().queue().borrow_mut().take_dead_letters();
    assert_eq!(dead.len(), 1, "an event of another kind is dropped, a broken one is kept");
}
