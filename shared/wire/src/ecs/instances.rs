//! `ListContainerInstancesRequest`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::PageRequest;
use super::{Refusal, cluster_name};
use sandbox::Sandbox;
use sandbox::ecs::ContainerInstance;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListContainerInstancesRequest {
    cluster: Option<String>,
    filter: Option<String>,
    status: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list_container_instances(
    sandbox: &Sandbox,
    request: &ListContainerInstancesRequest,
) -> Result<Value, Refusal> {
    let wanted = request.filter.as_deref().map(wanted_instance).transpose()?;
    let fits = |it: &&ContainerInstance| {
        let status = if it.draining { "DRAINING" } else { "ACTIVE" };
        wanted.is_none_or(|wanted| wanted == it.instance.as_str())
            && request.status.as_deref().is_none_or(|wanted| wanted == status)
    };
    let ecs = sandbox.ecs().borrow();
    let instances = ecs.container_instances(cluster_name(request.cluster.as_deref()))?;
    let (arns, next) = request.page.of(instances.filter(fits).map(|it| &it.arn).collect())?;
    Ok(match next {
        Some(next) => json!({"containerInstanceArns": arns, "nextToken": next}),
        None => json!({"containerInstanceArns": arns}),
    })
}

/// The EC2 instance that a filter names. Of ECS's cluster query language the sandbox knows
/// `ec2InstanceId == <id>`, and refuses whatever else.
fn wanted_instance(filter: &str) -> Result<&str, Refusal> {
    let words: Vec<&str> = filter.split_whitespace().collect();
    match words[..] {
        ["ec2InstanceId", "==" | "equals", instance] => Ok(instance),
        _ => Err(Refusal::invalid("The sandbox knows no filter but ec2InstanceId == <id>.")),
    }
}
