//! RunTask that fails: later, elsewhere, never.

use fleet::PoolName;
use fleet::ledger::{Health, RestCause};
use platform::scene::Scene;
use sandbox::ecs::RunTaskError;
use sandbox::{Fault, Rates};

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
    let health = health(&scene, "fargate-x64");
    assert_eq!(health.failures, 1);
    assert!(health.rest.unwrap().reason.contains("AccessDeniedException"), "the reason, for the alarm");
    scene.world.cancel_job(job);
}

/// The rest of a pool's capacity, and its failures.
fn health(scene: &Scene, pool: &str) -> Health {
    let pool = PoolName::new(pool).unwrap();
    scene.world.sandbox().table().borrow().book(&pool).unwrap().health.clone()
}

#[test]
fn a_batch_that_is_refused_rests_for_a_minute_and_not_for_an_hour() {
    let mut scene = stories::scene();
    let denied = exception("AccessDeniedException", "not authorized to perform: ecs:RunTask");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(denied));
    for _ in 0..10 {
        scene.queue(&["fargate-x64"]);
    }
    scene.pass(5);
    let health = health(&scene, "fargate-x64");
    let length = health.rest.unwrap().until.duration_since(scene.world.sandbox().manual_clock().now());
    assert_eq!(health.failures, 1);
    assert!(length.as_secs() <= 60, "{length}");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", None);
    scene.pass(2 * 60);
    assert_eq!(scene.tasks().len(), 10, "once it is mended they are launched");
}

#[test]
fn a_pool_that_works_again_makes_one_trial_and_goes_on_as_soon_as_that_has_asked() {
    let mut scene = stories::scene();
    let denied = exception("AccessDeniedException", "not authorized to perform: ecs:RunTask");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(denied));
    for _ in 0..5 {
        scene.queue(&["fargate-x64"]);
    }
    scene.pass(40 * 60);
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", None);
    let rests_until = health(&scene, "fargate-x64").rest.unwrap().until;
    let left = rests_until.duration_since(scene.world.sandbox().manual_clock().now());
    assert!(left.as_secs() > 10 * 60, "{left}");
    scene.pass(left.as_secs() - 1);
    assert!(scene.tasks().is_empty());
    while scene.tasks().is_empty() {
        scene.pass(1);
    }
    assert_eq!(scene.tasks().len(), 1, "one trial");
    scene.pass(3 * 60);
    assert_eq!((health(&scene, "fargate-x64").rest, scene.tasks().len()), (None, 5), "it came up");
}

#[test]
fn a_deploy_of_some_minutes_is_waited_for_and_counts_as_no_failure() {
    let mut scene = stories::scene();
    let inactive = exception("InvalidParameterException", "TaskDefinition is inactive");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", Some(inactive));
    for _ in 0..10 {
        scene.queue(&["fargate-x64"]);
    }
    scene.pass(5 * 60);
    assert!(scene.tasks().is_empty());
    assert_eq!(scene.book("fargate-x64"), (10, 10, 10), "they stay reserved");
    scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", None);
    scene.pass(2 * 60);
    assert_eq!(scene.tasks().len(), 10);
    let health = health(&scene, "fargate-x64");
    assert_eq!((health.failures, health.rest), (0, None));
}

#[test]
fn a_launch_that_is_put_off_for_a_quarter_of_an_hour_opens_the_breaker_with_ecs_last_words() {
    let mut scene = stories::scene();
    let set = |scene: &Scene, error| {
        scene.world.sandbox().ecs().borrow_mut().set_outage("FARGATE", error);
    };
    set(&scene, Some(exception("InvalidParameterException", "TaskDefinition is inactive")));
    scene.queue(&["fargate-x64"]);
    scene.pass(5 * 60);
    let not_associated = "The specified capacity provider strategy cannot contain a capacity provider that \
                          is not associated with the cluster.";
    set(&scene, Some(exception("InvalidParameterException", not_associated)));
    scene.pass(9 * 60);
    assert_eq!(health(&scene, "fargate-x64").rest, None, "a deploy may take so long");
    scene.pass(2 * 60);
    let rest = health(&scene, "fargate-x64").rest.expect("the breaker is open");
    assert_eq!(rest.cause, RestCause::LaunchRefused);
    assert_eq!(
        rest.reason,
        format!("not launched within fifteen minutes; InvalidParameterException: {not_associated}")
    );
    set(&scene, None);
    scene.pass(20 * 60);
    assert_eq!(scene.book("fargate-x64").0, 0, "once it is mended the job has its runner");
}

#[test]
fn a_pool_beyond_the_accounts_quota_rests_for_the_reason_that_its_group_gives() {
    let mut scene = stories::scene();
    scene.world.sandbox().set_fault(Fault::TaskNeverStarts, 1.0);
    scene.queue(&["ec2-x64"]);
    scene.pass(7 * 60);
    let rest = health(&scene, "ec2-x64").rest.expect("no instance comes");
    assert_eq!(rest.cause, RestCause::NoCapacity);
    let within = "no capacity within five minutes; group mayfly_ec2-x64: Could not launch On-Demand Instances. \
                  VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit of 5 allows";
    assert!(rest.reason.starts_with(within), "{}", rest.reason);
    scene.world.sandbox().set_faults(Rates::new());
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
