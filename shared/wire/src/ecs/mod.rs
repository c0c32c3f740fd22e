//! ECS on the AWS JSON 1.1 protocol: what an SDK's client asks, the sandbox's ECS answers.
//!
//! [`answer`] is the whole of it, from a request to its answer; [`EcsUrl`] serves it.

mod clusters;
mod instances;
mod pages;
mod refusal;
mod run_task;
mod shapes;
mod tasks;
mod url;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::refusal::Refusal;
pub use self::url::EcsUrl;
pub(crate) use self::url::{EcsAnswer, is_of_ecs};
use sandbox::Sandbox;

/// What `X-Amz-Target` begins with.
const TARGET: &str = "AmazonEC2ContainerServiceV20141113.";

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The operation, `RunTask` say.
    pub operation: String,
    /// The request's body.
    pub request: Value,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub answer: Value,
}

/// Answers one request of an operation.
pub fn answer(sandbox: &Sandbox, operation: &str, request: &Value) -> Exchange {
    let (status, answer) = match dispatch(sandbox, operation, request) {
        Ok(answer) => (200, answer),
        Err(refusal) => refusal.into_answer(),
    };
    Exchange { operation: operation.to_owned(), request: request.clone(), status, answer }
}

fn dispatch(sandbox: &Sandbox, operation: &str, request: &Value) -> Result<Value, Refusal> {
    match operation {
        "RunTask" => run_task::run_task(sandbox, read(request)?),
        "StopTask" => tasks::stop_task(sandbox, &read(request)?),
        "ListTasks" => tasks::list_tasks(sandbox, &read(request)?),
        "DescribeTasks" => tasks::describe_tasks(sandbox, &read(request)?),
        "ListClusters" => clusters::list_clusters(sandbox, &read(request)?),
        "DescribeClusters" => clusters::describe_clusters(sandbox, &read(request)?),
        "ListTaskDefinitions" => clusters::list_task_definitions(sandbox, &read(request)?),
        "DescribeCapacityProviders" => Ok(clusters::describe_capacity_providers(sandbox, &read(request)?)),
        "ListContainerInstances" => instances::list_container_instances(sandbox, &read(request)?),
        _ => Err(Refusal::exception("UnknownOperationException", "The sandbox does not know the operation.")),
    }
}

fn read<T: DeserializeOwned>(request: &Value) -> Result<T, Refusal> {
    T::deserialize(request).map_err(|error| Refusal::exception("SerializationException", error.to_string()))
}

/// The name of a cluster that is given by its name or ARN, or not at all.
fn cluster_name(cluster: Option<&str>) -> &str {
    last_part(cluster.unwrap_or("default"))
}

/// The last part of an ARN; an id is that already.
fn last_part(arn_or_id: &str) -> &str {
    arn_or_id.rsplit('/').next().unwrap_or_default()
}
