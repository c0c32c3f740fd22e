//! RunTask fails: later, elsewhere, never.

use fleet::ledger::{Health, RestCause};
use fleet::{InstanceId, PoolName};
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
    assert_eq!(scene.tasks(), ["FARGATE", "FARGATE", "FARGATE_SPOT"], "then it is tried again");
}

#[test]
fn a_launch_that_can_never_work_is_returned_and_the_pool_backs_off() {
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

/// Throttling, and a full queue of PROVISIONING tasks, pass by themselves.
#[test]
fn a_quota_that_empties_by_itself_costs_seconds() {
    let security_group = "Error retrieving security group information for [sg-0]: Request limit exceeded. \
                          (ErrorCode: RequestLimitExceeded)";
    for (code, message) in [
        ("ClientException", "Tasks provisioning capacity limit exceeded."),
        ("InvalidParameterException", security_group),
    ] {
        let mut scene = stories::scene();
        for _ in 0..2 {
            scene.world.sandbox().ecs().borrow_mut().fail_next(exception(code, message));
        }
        scene.queue(&["fargate-x64"]);
        scene.pass(5);
        assert_eq!(scene.tasks(), ["FARGATE"], "{message}");
        assert_eq!(health(&scene, "fargate-x64"), Health::default(), "{message}");
    }
}

/// Before the task that was launched last runs, ECS stops it.
fn fails_to_start(scene: &mut Scene, reason: &str) {
    let arn = scene.world.sandbox().ecs().borrow().tasks().last().unwrap().arn.clone();
    scene.world.fails_to_start(&arn, reason);
    scene.pass(5);
}

/// The registry's message contains "insufficient", but the fallback has the same image.
#[test]
fn an_image_that_may_not_be_pulled_opens_the_breaker_and_is_not_tried_on_the_fallback() {
    let mut scene = stories::scene();
    let denied = "CannotPullContainerError: pull access denied for octo/runner, repository does not exist or may \
                  require 'docker login': denied: insufficient_scope: authorization failed";
    scene.queue(&["fargate-x64-spot"]);
    scene.pass(5);
    for _ in 0..3 {
        fails_to_start(&mut scene, denied);
    }
    assert_eq!(scene.tasks(), ["FARGATE_SPOT"; 3]);
    let rest = health(&scene, "fargate-x64-spot").rest.expect("the breaker is open");
    assert_eq!((rest.cause, rest.reason.as_str()), (RestCause::BootFailures, denied));
}

/// The reasons that ECS gives if no instance came for a PROVISIONING task.
#[test]
fn a_task_that_found_no_instance_is_replaced_on_the_fallback() {
    for reason in [
        "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
        "RESOURCE:MEMORY",
        "TaskFailedToStart: NO ACTIVE INSTANCES",
    ] {
        let mut scene = stories::scene();
        scene.queue(&["ec2-x64-spot"]);
        scene.pass(5);
        fails_to_start(&mut scene, reason);
        assert_eq!(scene.tasks(), ["mayfly_ec2-x64-spot", "mayfly_ec2-x64"], "{reason}");
        let rest = health(&scene, "ec2-x64-spot").rest.expect("it rests");
        assert_eq!((rest.cause, rest.reason.as_str()), (RestCause::NoCapacity, reason));
    }
}

/// There is no warning before an on-demand instance fails its health check or is terminated.
#[test]
fn a_task_whose_on_demand_instance_is_gone_is_replaced_at_once() {
    let mut scene = stories::scene();
    scene.queue(&["ec2-x64"]);
    scene.pass(12);
    let ecs = scene.world.sandbox().ecs().borrow();
    assert!(ecs.tasks().next().unwrap().container_instance.is_some(), "it is placed by now");
    drop(ecs);
    scene.world.instance_gone(&InstanceId::new("i-00000000000000001"));
    scene.pass(20);
    assert_eq!(scene.tasks(), ["mayfly_ec2-x64"; 2]);
    assert_eq!(health(&scene, "ec2-x64"), Health::default(), "there is no lack of capacity");
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
    assert_eq!(scene.tasks().len(), 10, "once the cause is mended, they are launched");
}

#[test]
fn a_pool_that_works_again_makes_one_trial_and_continues_once_that_runner_has_asked() {
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
fn launches_wait_for_a_deploy_of_some_minutes_which_is_no_failure() {
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
fn a_launch_put_off_for_fifteen_minutes_opens_the_breaker_with_ecs_last_reason() {
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
    assert_eq!(health(&scene, "fargate-x64").rest, None, "a deploy may take this long");
    scene.pass(2 * 60);
    let rest = health(&scene, "fargate-x64").rest.expect("the breaker is open");
    assert_eq!(rest.cause, RestCause::LaunchRefused);
    assert_eq!(
        rest.reason,
        format!("not launched within fifteen minutes; InvalidParameterException: {not_associated}")
    );
    set(&scene, None);
    scene.pass(20 * 60);
    assert_eq!(scene.book("fargate-x64").0, 0, "once the cause is mended, the job gets its runner");
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
fn nothing_is_accepted_while_the_queue_is_down_and_a_redelivery_is_accepted_later() {
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
fn a_message_that_cannot_be_read_ends_in_the_dead_letter_queue_and_blocks_no_other() {
    let mut scene = stories::scene();
    let now = scene.world.sandbox().manual_clock().now();
    scene.world.sandbox().queue().borrow_mut().send(
        "{\"detail-type\":\"ECS Task State Change\"}".into(),
        now,
        now,
    );
    scene.world.sandbox().queue().borrow_mut().send("{\"detail-type\":\"Something New\"}".into(), now, now);
    scene.queue(&["fargate-x64"]);
    scene.pass(5);
    assert_eq!(scene.tasks().len(), 1);
    scene.rest();
    let dead = scene.world.sandbox().queue().borrow_mut().take_dead_letters();
    assert_eq!(dead.len(), 1, "an event of another kind is dropped, a broken one is kept");
}
