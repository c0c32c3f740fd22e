//! The request to ECS, field by field.

use fleet::launch::{AwsvpcConfiguration, Placement, RunTaskRequest};
use fleet::ticket::Ticket;
use sandbox::TICKET_KEY;
use serde_json::{Value, json};

#[test]
fn a_launch_names_everything_that_ecs_needs_and_carries_only_ticket_and_url() {
    let mut scene = stories::scene();
    scene.queue(&["ec2-arm64-spot"]);
    scene.pass(5);
    let ecs = scene.world.sandbox().ecs().borrow();
    let task = ecs.tasks().next().unwrap();
    let runner = task.runner().unwrap();
    let ticket = Ticket::issue(&runner, &TICKET_KEY.into());
    let expected = json!({
        "cluster": "mayfly_ec2",
        "taskDefinition": "mayfly_ec2-arm64-spot:1",
        "capacityProviderStrategy": [{"capacityProvider": "mayfly_ec2-arm64-spot", "weight": 1}],
        "count": 1,
        "enableECSManagedTags": true,
        "clientToken": runner,
        "startedBy": runner,
        "tags": [
            {"key": "mayfly:pool", "value": "ec2-arm64-spot"},
            {"key": "mayfly:capacity", "value": "ec2-arm64-spot"},
            {"key": "mayfly:runner", "value": runner},
            {"key": "mayfly:stack", "value": "mayfly"},
        ],
        "overrides": {"containerOverrides": [{"name": "runner", "environment": [
            {"name": "MAYFLY_TICKET", "value": ticket.expose()},
            {"name": "MAYFLY_REGISTRAR_URL", "value": "https://registrar.sandbox.invalid/"},
        ]}]},
    });
    assert_eq!(serde_json::to_value(&task.request).unwrap(), expected);
}

#[test]
fn a_pool_with_a_network_passes_it_on() {
    let mut scene = stories::scene();
    scene.queue(&["fargate-x64"]);
    scene.pass(5);
    let table = scene.world.sandbox().table().borrow();
    let runner = table.runners().next().unwrap();
    let placement = Placement {
        stack: "mayfly".to_owned(),
        cluster: "mayfly_fargate".to_owned(),
        task_definition: "mayfly_fargate-x64:3".to_owned(),
        capacity_provider: "FARGATE".to_owned(),
        network: Some(AwsvpcConfiguration {
            subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            assign_public_ip: "ENABLED".to_owned(),
        }),
        auto_scaling_group: None,
    };
    let ticket = Ticket::issue(&runner.id, &TICKET_KEY.into());
    let request = RunTaskRequest::new(runner, &placement, &ticket, "https://registrar.example/");
    let json: Value = serde_json::to_value(&request).unwrap();
    let expected = json!({"awsvpcConfiguration": {
        "subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED",
    }});
    assert_eq!(json["networkConfiguration"], expected);
    assert!(json.get("launchType").is_none(), "a capacity provider strategy excludes a launch type");
    let again = RunTaskRequest::new(runner, &placement, &ticket, "https://registrar.example/");
    assert_eq!(request, again, "the same parameters on every try, as the client token demands");
}
