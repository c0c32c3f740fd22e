//! What stands around tasks: `ListClusters`, `DescribeClusters`, `ListTaskDefinitions` and
//! `DescribeCapacityProviders`. No function of ours asks for these; who looks at a stack does.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::PageRequest;
use super::shapes::{family, task_definition_arn};
use super::{Refusal, last_part};
use sandbox::Sandbox;
use sandbox::ecs::{Ecs, TaskStatus};

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{name}")
}

/// An answer with a page of ARNs.
fn page(name: &str, page: &PageRequest, arns: Vec<String>) -> Result<Value, Refusal> {
    let (arns, next) = page.of(arns)?;
    Ok(match next {
        Some(next) => json!({name: arns, "nextToken": next}),
        None => json!({name: arns}),
    })
}

pub(super) fn list_clusters(sandbox: &Sandbox, request: &PageRequest) -> Result<Value, Refusal> {
    let ecs = sandbox.ecs().borrow();
    page("clusterArns", request, ecs.clusters().map(|(name, _)| arn("cluster", name)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DescribeClusters {
    clusters: Vec<String>,
}

pub(super) fn describe_clusters(sandbox: &Sandbox, request: &DescribeClusters) -> Result<Value, Refusal> {
    let ecs = sandbox.ecs().borrow();
    let mut wanted: Vec<&str> = request.clusters.iter().map(|it| last_part(it)).collect();
    if wanted.is_empty() {
        wanted.push("default");
    }
    let known = |name: &str| ecs.clusters().any(|(it, _)| it == name);
    let (found, missing): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(|name| known(name));
    let clusters = found.into_iter().map(|name| cluster(&ecs, name)).collect::<Result<Vec<_>, _>>()?;
    let missing = missing.into_iter().map(|name| json!({"arn": arn("cluster", name), "reason": "MISSING"}));
    Ok(json!({"clusters": clusters, "failures": missing.collect::<Vec<_>>()}))
}

fn cluster(ecs: &Ecs, name: &str) -> Result<Value, Refusal> {
    let providers = ecs.clusters().filter(|(it, _)| *it == name).flat_map(|(_, providers)| providers);
    let count = |status: fn(TaskStatus) -> bool| {
        ecs.tasks().filter(|task| task.request.cluster == name && status(task.status)).count()
    };
    Ok(json!({
        "clusterArn": arn("cluster", name),
        "clusterName": name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": ecs.container_instances(name)?.count(),
        "runningTasksCount": count(|it| it == TaskStatus::Running),
        "pendingTasksCount": count(|it| it < TaskStatus::Running),
        "activeServicesCount": 0,
        "capacityProviders": providers.collect::<Vec<_>>(),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListTaskDefinitions {
    family_prefix: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list_task_definitions(
    sandbox: &Sandbox,
    request: &ListTaskDefinitions,
) -> Result<Value, Refusal> {
    let ecs = sandbox.ecs().borrow();
    let fits = |name: &&str| request.family_prefix.as_deref().is_none_or(|wanted| wanted == family(name));
    let arns = ecs.task_definitions().filter(fits).map(task_definition_arn).collect();
    page("taskDefinitionArns", &request.page, arns)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeCapacityProviders {
    capacity_providers: Vec<String>,
}

pub(super) fn describe_capacity_providers(sandbox: &Sandbox, request: &DescribeCapacityProviders) -> Value {
    let ecs = sandbox.ecs().borrow();
    let mut known: Vec<&str> = ecs.clusters().flat_map(|(_, providers)| providers).collect();
    known.sort_unstable();
    known.dedup();
    let wanted: Vec<&str> = request.capacity_providers.iter().map(|it| last_part(it)).collect();
    let described = known.iter().filter(|name| wanted.is_empty() || wanted.contains(name));
    let described = described.map(|name| {
        json!({"capacityProviderArn": arn("capacity-provider", name), "name": name, "status": "ACTIVE"})
    });
    let missing = wanted.iter().filter(|name| !known.contains(name));
    let missing = missing.map(|name| json!({"arn": arn("capacity-provider", name), "reason": "MISSING"}));
    json!({
        "capacityProviders": described.collect::<Vec<_>>(),
        "failures": missing.collect::<Vec<_>>(),
    })
}
