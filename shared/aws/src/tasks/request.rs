//! A `RunTask` request in the SDK's types, field by field.

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder;
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride, KeyValuePair,
    NetworkConfiguration, Tag, TaskOverride,
};
use fleet::launch::{self, RunTaskRequest};

/// Puts every field of a request into a call.
pub(super) fn fill(
    call: RunTaskFluentBuilder,
    request: &RunTaskRequest,
) -> Result<RunTaskFluentBuilder, BuildError> {
    let strategy = request.capacity_provider_strategy.iter().map(strategy_item);
    Ok(call
        .cluster(&request.cluster)
        .task_definition(&request.task_definition)
        .set_capacity_provider_strategy(Some(strategy.collect::<Result<_, _>>()?))
        .set_network_configuration(request.network_configuration.as_ref().map(network).transpose()?)
        .count(i32::try_from(request.count).unwrap_or(i32::MAX))
        .client_token(&request.client_token)
        .started_by(&request.started_by)
        .set_tags(Some(request.tags.iter().map(tag).collect()))
        .enable_ecs_managed_tags(request.enable_ecs_managed_tags)
        .overrides(overrides(&request.overrides)))
}

fn strategy_item(
    item: &launch::CapacityProviderStrategyItem,
) -> Result<CapacityProviderStrategyItem, BuildError> {
    CapacityProviderStrategyItem::builder()
        .capacity_provider(&item.capacity_provider)
        .weight(i32::try_from(item.weight).unwrap_or(i32::MAX))
        .build()
}

fn network(network: &launch::NetworkConfiguration) -> Result<NetworkConfiguration, BuildError> {
    let awsvpc = &network.awsvpc_configuration;
    let configuration = AwsVpcConfiguration::builder()
        .set_subnets(Some(awsvpc.subnets.clone()))
        .set_security_groups(Some(awsvpc.security_groups.clone()))
        .assign_public_ip(AssignPublicIp::from(awsvpc.assign_public_ip.as_str()))
        .build()?;
    Ok(NetworkConfiguration::builder().awsvpc_configuration(configuration).build())
}

fn tag(tag: &launch::Tag) -> Tag {
    Tag::builder().key(&tag.key).value(&tag.value).build()
}

fn overrides(overrides: &launch::TaskOverride) -> TaskOverride {
    let containers = overrides.container_overrides.iter().map(container);
    TaskOverride::builder().set_container_overrides(Some(containers.collect())).build()
}

fn container(container: &launch::ContainerOverride) -> ContainerOverride {
    let variable =
        |pair: &launch::KeyValuePair| KeyValuePair::builder().name(&pair.name).value(&pair.value).build();
    ContainerOverride::builder()
        .name(&container.name)
        .set_environment(Some(container.environment.iter().map(variable).collect()))
        .build()
}
