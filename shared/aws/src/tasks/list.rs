//! `ListTasks` and `ListContainerInstances`, over all pages.

use aws_sdk_ecs::types::DesiredStatus;
use fleet::ports::{EcsError, ListContainerInstances, ListTasks, TaskFilter};
use fleet::{ContainerInstanceArn, InstanceId, TaskArn};

use super::{Tasks, ecs_error};

impl ListTasks for Tasks {
    /// ECS lists by the status that it wants, so a task whose stop has begun is not listed.
    async fn list_tasks(&self, cluster: &str, filter: &TaskFilter) -> Result<Vec<TaskArn>, EcsError> {
        let call = self.client.list_tasks().cluster(cluster);
        let call = match filter {
            TaskFilter::Running => call.desired_status(DesiredStatus::Running),
            TaskFilter::Stopped => call.desired_status(DesiredStatus::Stopped),
            TaskFilter::On(instance) => call.container_instance(instance.as_str()),
        };
        let mut arns = call.into_paginator().items().send();
        let mut tasks = Vec::new();
        while let Some(arn) = arns.next().await {
            tasks.push(TaskArn::new(arn.map_err(|error| ecs_error(&error))?));
        }
        Ok(tasks)
    }
}

impl ListContainerInstances for Tasks {
    /// By ECS's cluster query language.
    async fn list_container_instances(
        &self,
        cluster: &str,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, EcsError> {
        let filter = format!("ec2InstanceId == {instance}");
        let call = self.client.list_container_instances().cluster(cluster).filter(filter);
        let mut arns = call.into_paginator().items().send();
        let mut instances = Vec::new();
        while let Some(arn) = arns.next().await {
            instances.push(ContainerInstanceArn::new(arn.map_err(|error| ecs_error(&error))?));
        }
        Ok(instances)
    }
}
