//! Our client of ECS against the sandbox's ECS over the wire, and both against botocore's model.

use aws_sdk_ecs::error::ProvideErrorMetadata as _;
use aws_sdk_ecs::types::{DesiredStatus, TaskStopCode};
use contracts::botocore;
use contracts::ecs::{Peer, START, request};
use fleet::launch::AwsvpcConfiguration;
use fleet::launch::FailureClass::{self, Elsewhere, Later, Never};
use fleet::launch::{NetworkConfiguration, TaskTimes};
use fleet::ports::{
    DescribeTasks as _, ListContainerInstances as _, ListTasks as _, RunTask as _, StopTask as _,
    TaskDescription, TaskFilter, TaskStop,
};
use fleet::{InstanceId, RunnerId, TaskArn};
use jiff::SignedDuration;
use sandbox::ecs::RunTaskError;
use serde_json::{Value, json};

const GONE: &str = "arn:aws:ecs:us-east-1:123456789012:task/fargate/ffffffffffffffffffffffffffffffff";

#[tokio::test]
async fn every_field_of_a_request_arrives_and_a_token_starts_one_task() {
    let peer = Peer::start().await;
    let mut asked = request("fargate-x64", 1);
    asked.network_configuration = Some(NetworkConfiguration {
        awsvpc_configuration: AwsvpcConfiguration {
            subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            assign_public_ip: "ENABLED".to_owned(),
        },
    });
    let task = peer.tasks.run_task(&asked).await.unwrap();
    assert_eq!(peer.tasks.run_task(&asked).await.unwrap(), task, "the same token");
    let arrived = peer.ecs(|ecs| ecs.tasks().map(|task| task.request.clone()).collect::<Vec<_>>());
    assert_eq!(arrived, [asked.clone()]);

    asked.task_definition = "mayfly_fargate-x64-spot:1".to_owned();
    let conflict = peer.tasks.run_task(&asked).await;
    assert_eq!(conflict.unwrap(), task, "the token's task, by the conflict's resourceIds");
    let last = peer.exchanges().pop().unwrap();
    assert_eq!((last.status, &last.answer["__type"]), (400, &json!("ConflictException")));
}

#[tokio::test]
async fn a_failed_launch_is_later_elsewhere_or_never_and_is_asked_for_once() {
    let peer = Peer::start().await;
    let failure = |reason: &str| RunTaskError::Failure(reason.to_owned());
    let exception = |code: &str, message: &str| RunTaskError::Exception(code.to_owned(), message.to_owned());
    let no_capacity =
        "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    let cases: [(RunTaskError, FailureClass, &str); 15] = [
        (failure("AGENT"), Later, "AGENT"),
        (failure("RESOURCE:MEMORY"), Elsewhere, "RESOURCE:MEMORY"),
        (failure(no_capacity), Elsewhere, no_capacity),
        (failure("ATTRIBUTE"), Never, "ATTRIBUTE"),
        (failure("LOCATION"), Never, "LOCATION"),
        (failure("INACTIVE"), Later, "INACTIVE"),
        (failure("MISSING"), Never, "MISSING"),
        (failure("SOMETHING NEW"), Later, "SOMETHING NEW"),
        (exception("ThrottlingException", "Rate exceeded"), Later, "ThrottlingException: Rate exceeded"),
        (
            exception("ServerException", "Service Unavailable."),
            Later,
            "ServerException: Service Unavailable.",
        ),
        (exception("ClientException", "You've reached the limit on the number of vCPUs"), Elsewhere, "vCPUs"),
        (exception("ClientException", "Too many tasks in PROVISIONING"), Later, "PROVISIONING"),
        (exception("AccessDeniedException", "not authorized to perform: ecs:RunTask"), Never, "ecs:RunTask"),
        (exception("BlockedException", "blocked"), Never, "BlockedException: blocked"),
        (exception("PlatformUnknownException", "9.9.9"), Never, "PlatformUnknownException"),
    ];
    for (place, (error, class, says)) in cases.into_iter().enumerate() {
        peer.fail_next(error.clone());
        let found = peer.tasks.run_task(&request("fargate-x64", 1)).await.unwrap_err();
        assert_eq!(found.class, class, "{error:?}");
        assert!(found.reason.contains(says), "{:?} does not say {says:?}", found.reason);
        assert_eq!(peer.exchanges().len(), place + 1, "the SDK tries nothing again: {error:?}");
    }
    let mut nowhere = request("fargate-x64", 1);
    nowhere.cluster = "nowhere".to_owned();
    let found = peer.tasks.run_task(&nowhere).await.unwrap_err();
    assert_eq!((found.class, found.reason.as_str()), (Never, "ClusterNotFoundException: Cluster not found."));
}

#[tokio::test]
async fn a_task_is_described_from_provisioning_until_an_hour_after_its_stop() {
    let peer = Peer::start().await;
    let task = peer.tasks.run_task(&request("fargate-x64-spot", 1)).await.unwrap();
    let asked = [TaskArn::new(GONE), task.clone()];
    for status in ["PROVISIONING", "PENDING", "RUNNING"] {
        let expected = TaskDescription {
            task: task.clone(),
            runner: Some(RunnerId::from_random(1)),
            last_status: status.to_owned(),
            times: TaskTimes {
                created_at: Some(START),
                pull_started_at: (status != "PROVISIONING").then_some(START),
                pull_stopped_at: (status == "RUNNING").then_some(START),
                started_at: (status == "RUNNING").then_some(START),
                stopped_at: None,
            },
            stop: None,
            stack: Some("mayfly".to_owned()),
        };
        let found = peer.tasks.describe_tasks("mayfly_fargate", &asked).await.unwrap();
        assert_eq!(found, [expected], "and the missing one is left out");
        if status != "RUNNING" {
            peer.move_on(&task);
        }
    }
    let its = task.clone();
    peer.ecs(move |ecs| ecs.exit(&its, 76));
    peer.move_on(&task);
    let described =
        peer.client.describe_tasks().cluster("mayfly_fargate").tasks(task.as_str()).send().await.unwrap();
    let stopped = &described.tasks()[0];
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::EssentialContainerExited));
    assert_eq!(stopped.stopped_reason(), Some("Essential container in task exited"));
    assert_eq!(stopped.containers()[0].exit_code(), Some(76));
    assert_eq!(stopped.stopped_at().map(aws_sdk_ecs::primitives::DateTime::secs), Some(START.as_second()));
    assert_eq!(stopped.capacity_provider_name(), Some("FARGATE_SPOT"));

    peer.pass(SignedDuration::from_mins(59));
    let found = peer.tasks.describe_tasks("mayfly_fargate", &asked).await.unwrap();
    assert_eq!(found[0].last_status, "STOPPED");
    let reason = "Essential container in task exited".to_owned();
    let code = Some("EssentialContainerExited".to_owned());
    assert_eq!(found[0].stop, Some(TaskStop { code, reason, exit_code: Some(76) }));
    peer.pass(SignedDuration::from_mins(1));
    assert_eq!(peer.tasks.describe_tasks("mayfly_fargate", &asked).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_stopped_tells_who_asked_and_what_is_gone_is_no_error() {
    let peer = Peer::start().await;
    let task = peer.tasks.run_task(&request("fargate-x64", 1)).await.unwrap();
    peer.tasks.stop_task("mayfly_fargate", &task, "past its boot limit").await.unwrap();
    peer.tasks.stop_task("mayfly_fargate", &task, "once more").await.unwrap();
    assert_eq!(
        peer.tasks.list_tasks("mayfly_fargate", &TaskFilter::Running).await.unwrap(),
        [],
        "it is stopping"
    );
    peer.move_on(&task);
    let described =
        peer.client.describe_tasks().cluster("mayfly_fargate").tasks(task.as_str()).send().await.unwrap();
    let stopped = &described.tasks()[0];
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::UserInitiated));
    assert_eq!(stopped.stopped_reason(), Some("past its boot limit"));

    peer.tasks.stop_task("mayfly_fargate", &task, "it has stopped").await.unwrap();
    peer.tasks.stop_task("mayfly_fargate", &TaskArn::new(GONE), "it never was").await.unwrap();
    let error = peer.tasks.stop_task("nowhere", &task, "no such cluster").await.unwrap_err();
    assert_eq!(error.to_string(), "ClusterNotFoundException: Cluster not found.");
}

#[tokio::test]
async fn a_warm_up_is_one_listing_of_a_cluster_of_ours() {
    let peer = Peer::start().await;
    peer.tasks.warm_up(None).await;
    assert_eq!(peer.exchanges(), [], "without a pool there is no cluster to ask about");
    peer.tasks.warm_up(Some("mayfly_fargate".to_owned())).await;
    let asked = peer.exchanges();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].operation.as_str(), asked[0].status), ("ListContainerInstances", 200));
    assert_eq!(asked[0].request["cluster"], "mayfly_fargate");
}

#[tokio::test]
async fn lists_go_on_past_a_page() {
    let peer = Peer::start().await;
    let mut started = Vec::new();
    for n in 1..=250 {
        started.push(peer.tasks.run_task(&request("fargate-x64", n)).await.unwrap());
    }
    let before = peer.exchanges().len();
    assert_eq!(peer.tasks.list_tasks("mayfly_fargate", &TaskFilter::Running).await.unwrap(), started);
    assert_eq!(peer.exchanges().len() - before, 3, "three pages");
    let described = peer.tasks.describe_tasks("mayfly_fargate", &started).await.unwrap();
    assert_eq!(described.into_iter().map(|it| it.task).collect::<Vec<_>>(), started);
    assert_eq!(peer.exchanges().len() - before, 6, "a hundred at a time");
    assert_eq!(peer.tasks.describe_tasks("mayfly_fargate", &[]).await.unwrap(), []);
    assert_eq!(peer.exchanges().len() - before, 6, "nothing is asked about nothing");

    let runners: Vec<_> = peer.tasks.describe_tasks("mayfly_fargate", &started[6..7]).await.unwrap();
    assert_eq!(runners[0].runner, Some(RunnerId::from_random(7)), "a task tells whose it is");
    let call = peer.client.list_tasks().cluster("mayfly_fargate").started_by("somebody");
    let refused = call.desired_status(DesiredStatus::Stopped).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterException"), "startedBy goes alone");
    peer.tasks.stop_task("mayfly_fargate", &started[0], "the stop begins").await.unwrap();
    let listed = async |filter| peer.tasks.list_tasks("mayfly_fargate", &filter).await.unwrap();
    assert_eq!(listed(TaskFilter::Stopped).await, started[..1], "one that stops is among those");
    assert_eq!(listed(TaskFilter::Running).await, started[1..]);
    let unknown = peer.tasks.list_tasks("nowhere", &TaskFilter::Running).await.unwrap_err();
    assert_eq!(unknown.to_string(), "ClusterNotFoundException: Cluster not found.");
}

#[tokio::test]
async fn from_an_ec2_instance_to_the_runners_on_it() {
    let peer = Peer::start().await;
    for n in 1..=3 {
        let task = peer.tasks.run_task(&request("ec2-x64-spot", n)).await.unwrap();
        peer.move_on(&task);
    }
    let mut found = Vec::new();
    for instance in ["i-00000000000000001", "i-00000000000000002", "i-0fffffffffffffff"] {
        let instance = InstanceId::new(instance);
        let mut runners = Vec::new();
        for on in peer.tasks.list_container_instances("mayfly_ec2", &instance).await.unwrap() {
            let tasks = peer.tasks.list_tasks("mayfly_ec2", &TaskFilter::On(on)).await.unwrap();
            let described = peer.tasks.describe_tasks("mayfly_ec2", &tasks).await.unwrap();
            runners.extend(described.into_iter().filter_map(|it| it.runner));
        }
        found.push(runners);
    }
    let runner = RunnerId::from_random;
    assert_eq!(found, [vec![runner(1), runner(2)], vec![runner(3)], vec![]]);
}

#[tokio::test]
async fn botocore_refuses_what_is_not_ecs() {
    let peer = Peer::start().await;
    let task = peer.tasks.run_task(&request("fargate-x64", 1)).await.unwrap();
    peer.tasks.stop_task("mayfly_fargate", &task, "a stop code").await.unwrap();
    let (run, stop) = (peer.exchanges()[0].clone(), peer.exchanges()[1].clone());
    botocore::check(&[run.clone(), stop.clone()]).unwrap();

    for (exchange, at, value, says) in [
        (&run, "/request/startdBy", json!("a word misspelt"), "startdBy"),
        (&run, "/request/taskDefinition", Value::Null, "taskDefinition"),
        (&run, "/request/count", json!("1"), "count"),
        (&run, "/request/networkConfiguration", json!({"awsvpcConfiguration": {}}), "subnets"),
        (&run, "/answer/tasks/0/arn", json!("it is taskArn"), "arn"),
        (&run, "/answer/tasks/0/createdAt", json!("2026-10-05T09:00:00Z"), "createdAt"),
        (&run, "/answer/tasks/0/containers/0/exitCode", json!(true), "exitCode"),
        (&stop, "/answer/task/stopCode", json!("UserWantedIt"), "UserWantedIt"),
        (&stop, "/status", json!(400), "no error of the operation"),
        (&stop, "/operation", json!("HaltTask"), "HaltTask"),
    ] {
        let mut doctored = serde_json::to_value(exchange).unwrap();
        let (parent, field) = at.rsplit_once('/').unwrap();
        doctored.pointer_mut(parent).unwrap()[field] = value;
        let refused = botocore::check(&[serde_json::from_value(doctored).unwrap()]).unwrap_err();
        assert!(refused.contains(says), "{at}: {refused} does not say {says:?}");
    }
    assert!(botocore::check(&[]).is_err(), "nothing was recorded");
}
