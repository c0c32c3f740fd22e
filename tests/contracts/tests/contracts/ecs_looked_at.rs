//! What who looks at a stack asks ECS, and no function of ours does. botocore's model holds each exchange.

use contracts::ecs::{Peer, request};
use fleet::ports::RunTask as _;

#[tokio::test]
async fn clusters_task_definitions_and_capacity_providers_are_found() {
    let peer = Peer::start().await;
    peer.tasks.run_task(&request("ec2-x64", 1)).await.unwrap();

    let listed = peer.client.list_clusters().send().await.unwrap();
    let names = |arns: &[String]| {
        arns.iter().map(|arn| arn.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(listed.cluster_arns()), ["mayfly_ec2", "mayfly_fargate"]);
    let page = peer.client.list_clusters().max_results(1).send().await.unwrap();
    let rest = peer.client.list_clusters().set_next_token(page.next_token.clone()).send().await.unwrap();
    assert_eq!(names(&[page.cluster_arns(), rest.cluster_arns()].concat()), ["mayfly_ec2", "mayfly_fargate"]);

    let asked = peer.client.describe_clusters().clusters(&listed.cluster_arns()[0]).clusters("nowhere");
    let described = asked.send().await.unwrap();
    let cluster = &described.clusters()[0];
    assert_eq!((cluster.cluster_name(), cluster.status()), (Some("mayfly_ec2"), Some("ACTIVE")));
    assert_eq!((cluster.pending_tasks_count(), cluster.running_tasks_count()), (1, 0));
    assert!(cluster.capacity_providers().iter().any(|it| it == "mayfly_ec2-x64"));
    assert_eq!(described.failures()[0].reason(), Some("MISSING"));

    let all = peer.client.list_task_definitions().send().await.unwrap();
    assert_eq!(all.task_definition_arns().len(), 7);
    let of_family = peer.client.list_task_definitions().family_prefix("mayfly_ec2-x64").send().await.unwrap();
    assert_eq!(names(of_family.task_definition_arns()), ["mayfly_ec2-x64:1"]);

    let asked = peer.client.describe_capacity_providers().capacity_providers("FARGATE");
    let found = asked.capacity_providers("nowhere").send().await.unwrap();
    assert_eq!(found.capacity_providers()[0].name(), Some("FARGATE"));
    assert_eq!(found.failures()[0].reason(), Some("MISSING"));
    let all = peer.client.describe_capacity_providers().send().await.unwrap();
    assert_eq!(all.capacity_providers().len(), 6, "four groups, Fargate and Fargate Spot");
}
