//! The whole `RunTask` request of one runner, in ECS's own shape and names.
//!
//! It depends on nothing but the runner and the settings, so that a launch that is tried again
//! sends the same parameters, which its `clientToken` demands (ECS: "Ensuring idempotency").

use serde::{Deserialize, Serialize};

use super::Placement;
use crate::ledger::Runner;
use crate::ticket::Ticket;

/// The container of a task in which PID 1 and the GitHub runner run.
pub const RUNNER_CONTAINER: &str = "runner";

/// The environment variable in which PID 1 finds its ticket.
pub const TICKET_VARIABLE: &str = "MAYFLY_TICKET";

/// The environment variable in which PID 1 finds the registrar's URL.
pub const REGISTRAR_URL_VARIABLE: &str = "MAYFLY_REGISTRAR_URL";

/// `RunTask`, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunTaskRequest {
    /// The cluster.
    pub cluster: String,
    /// The task definition.
    pub task_definition: String,
    /// One capacity provider; it excludes a `launchType`.
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// The network, where the pool has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// One task a runner.
    pub count: u32,
    /// The runner's id: the same launch never starts two tasks.
    pub client_token: String,
    /// The runner's id: the task is found by it, and its events name the runner.
    pub started_by: String,
    /// The pool, the capacity, the runner and the stack.
    pub tags: Vec<Tag>,
    /// Whether ECS adds its own, `aws:ecs:clusterName`, by which costs are split (ECS: "Tagging Amazon ECS resources").
    #[serde(rename = "enableECSManagedTags", default)]
    pub enable_ecs_managed_tags: bool,
    /// What this task gets beyond its definition.
    pub overrides: TaskOverride,
}

/// One item of a capacity provider strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderStrategyItem {
    /// The capacity provider's name.
    pub capacity_provider: String,
    /// Its share of the tasks.
    pub weight: u32,
}

/// A task's network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// The only kind there is.
    pub awsvpc_configuration: AwsvpcConfiguration,
}

/// Where a task's network interface is put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsvpcConfiguration {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED`; EC2 tasks get no public address.
    pub assign_public_ip: String,
}

/// A tag of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What a task gets beyond its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskOverride {
    /// The runner container's alone.
    pub container_overrides: Vec<ContainerOverride>,
}

/// What a container gets beyond its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerOverride {
    /// The container's name.
    pub name: String,
    /// Environment variables: the ticket and the registrar's URL, and no more.
    pub environment: Vec<KeyValuePair>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyValuePair {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl RunTaskRequest {
    /// The request that starts `runner` in `placement`, the place of its capacity.
    pub fn new(runner: &Runner, placement: &Placement, ticket: &Ticket, registrar_url: &str) -> Self {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let variable =
            |name: &str, value: &str| KeyValuePair { name: name.to_owned(), value: value.to_owned() };
        Self {
            cluster: placement.cluster.clone(),
            task_definition: placement.task_definition.clone(),
            capacity_provider_strategy: vec![CapacityProviderStrategyItem {
                capacity_provider: placement.capacity_provider.clone(),
                weight: 1,
            }],
            network_configuration: placement
                .network
                .clone()
                .map(|awsvpc_configuration| NetworkConfiguration { awsvpc_configuration }),
            count: 1,
            client_token: runner.id.to_string(),
            started_by: runner.id.to_string(),
            tags: vec![
                tag("mayfly:pool", runner.pool.as_str()),
                tag("mayfly:capacity", runner.capacity.as_str()),
                tag("mayfly:runner", runner.id.as_str()),
                tag("mayfly:stack", &placement.stack),
            ],
            enable_ecs_managed_tags: true,
            overrides: TaskOverride {
                container_overrides: vec![ContainerOverride {
                    name: RUNNER_CONTAINER.to_owned(),
                    environment: vec![
                        variable(TICKET_VARIABLE, ticket.expose()),
                        variable(REGISTRAR_URL_VARIABLE, registrar_url),
                    ],
                }],
            },
        }
    }
}
