//! Our client of ECS against moto, which nobody here wrote, in what moto's ECS does as ECS does.

use std::process::Command;

use aws::tasks::Tasks;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Compatibility, ContainerDefinition, NetworkMode};
use contracts::ecs::request;
use contracts::emulators::config;
use fleet::launch::{AwsvpcConfiguration, FailureClass, NetworkConfiguration, RunTaskRequest};
use fleet::ports::{
    DescribeTasks as _, ListContainerInstances as _, ListTasks as _, RunTask as _, StopTask as _, TaskFilter,
};
use fleet::{InstanceId, RunnerId};
use wire::moto::Moto;

/// Prints a subnet that moto has from its beginning.
const SUBNET: &str = "import boto3, sys
print(boto3.client('ec2', 'eu-central-1', endpoint_url=sys.argv[1], aws_access_key_id='x',
                   aws_secret_access_key='x').describe_subnets()['Subnets'][0]['SubnetId'])";

/// Makes the cluster and the task definition of the pool `fargate-x64`.
async fn set_up(client: &Client) {
    client.create_cluster().cluster_name("mayfly_fargate").send().await.unwrap();
    let container = ContainerDefinition::builder().name("runner").image("runner").memory(128).build();
    let definition = client
        .register_task_definition()
        .family("mayfly_fargate-x64")
        .requires_compatibilities(Compatibility::Fargate)
        .network_mode(NetworkMode::Awsvpc)
        .cpu("4096")
        .memory("16384")
        .container_definitions(container);
    definition.send().await.unwrap();
}

/// A request in a subnet that is there: moto attaches an interface.
fn request_in_a_subnet(moto: &Moto, n: u128) -> RunTaskRequest {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python");
    let output = Command::new(python).args(["-c", SUBNET, &moto.url()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut request = request("fargate-x64", n);
    request.network_configuration = Some(NetworkConfiguration {
        awsvpc_configuration: AwsvpcConfiguration {
            subnets: vec![String::from_utf8(output.stdout).unwrap().trim().to_owned()],
            security_groups: Vec::new(),
            assign_public_ip: "ENABLED".to_owned(),
        },
    });
    request
}

#[tokio::test]
async fn a_task_is_run_found_described_and_stopped() {
    let moto = Moto::start().unwrap();
    let config = config(moto.url());
    let client = Client::new(&config);
    let tasks = Tasks::new(&config);
    set_up(&client).await;

    let asked = request_in_a_subnet(&moto, 1);
    let task = tasks.run_task(&asked).await.unwrap();
    let runner = RunnerId::from_random(1);
    let list = async |filter: TaskFilter| tasks.list_tasks("mayfly_fargate", &filter).await.unwrap();
    let alone = std::slice::from_ref(&task);
    assert_eq!(list(TaskFilter::Running).await, alone);

    let described = tasks.describe_tasks("mayfly_fargate", alone).await.unwrap();
    assert_eq!((&described[0].task, described[0].runner.as_ref()), (&task, Some(&runner)));
    assert_eq!(described[0].stack.as_deref(), Some("mayfly"));
    let raw = client.describe_tasks().cluster("mayfly_fargate").tasks(task.as_str());
    let raw = raw.include(aws_sdk_ecs::types::TaskField::Tags).send().await.unwrap();
    let arrived = &raw.tasks()[0];
    let environment = arrived.overrides().unwrap().container_overrides()[0].environment();
    assert_eq!(environment[0].name(), Some("MAYFLY_TICKET"));
    assert_eq!(arrived.tags().len(), 4);
    assert_eq!(arrived.capacity_provider_name(), Some("FARGATE"));

    tasks.stop_task("mayfly_fargate", &task, "past its boot limit").await.unwrap();
    let stopped = tasks.describe_tasks("mayfly_fargate", alone).await.unwrap();
    assert_eq!(stopped[0].last_status, "STOPPED");
    assert_eq!(list(TaskFilter::Running).await, []);
    assert_eq!(list(TaskFilter::Stopped).await, alone);
}

#[tokio::test]
async fn what_moto_does_not_know_it_refuses_as_ecs_does() {
    let moto = Moto::start().unwrap();
    let config = config(moto.url());
    let client = Client::new(&config);
    let tasks = Tasks::new(&config);
    let asked = request("fargate-x64", 1);
    let no_cluster = tasks.run_task(&asked).await.unwrap_err();
    assert_eq!(no_cluster.class, FailureClass::Never);
    assert!(no_cluster.reason.starts_with("ClusterNotFoundException"), "{no_cluster}");
    let unlisted = tasks.list_tasks("mayfly_fargate", &TaskFilter::Running).await.unwrap_err();
    assert!(unlisted.to_string().starts_with("ClusterNotFoundException"), "{unlisted}");

    client.create_cluster().cluster_name("mayfly_fargate").send().await.unwrap();
    let no_definition = tasks.run_task(&asked).await.unwrap_err();
    assert_eq!(no_definition.class, FailureClass::Never, "{no_definition}");
    assert!(no_definition.reason.starts_with("ClientException"), "{no_definition}");
    let instance = InstanceId::new("i-0123456789abcdef0");
    let none = tasks.list_container_instances("mayfly_fargate", &instance);
    assert_eq!(none.await.unwrap(), []);
}
