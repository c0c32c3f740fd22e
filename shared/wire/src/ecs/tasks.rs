//! `StopTaskRequest`, `ListTasksRequest` and `DescribeTasksRequest`.

use fleet::TaskArn;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::PageRequest;
use super::shapes::{Include, family, launch_type, task_shape};
use super::{Refusal, cluster_name, last_part};
use sandbox::Sandbox;
use sandbox::ecs::Task;

/// Most tasks that one `DescribeTasksRequest` takes.
const DESCRIBED_AT_ONCE: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct StopTaskRequest {
    #[serde(default)]
    cluster: Option<String>,
    task: String,
    #[serde(default)]
    reason: Option<String>,
}

pub(super) fn stop_task(sandbox: &Sandbox, request: &StopTaskRequest) -> Result<Value, Refusal> {
    let cluster = cluster_name(request.cluster.as_deref());
    let arn = task_arn(cluster, &request.task);
    let reason = request.reason.as_deref().unwrap_or("Task stopped by user");
    let mut ecs = sandbox.ecs().borrow_mut();
    ecs.stop_task(cluster, &arn, reason)?;
    let task = ecs.task(&arn).map(|task| task_shape(task, Include::Nothing));
    Ok(json!({"task": task}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListTasksRequest {
    cluster: Option<String>,
    container_instance: Option<String>,
    family: Option<String>,
    service_name: Option<String>,
    launch_type: Option<String>,
    started_by: Option<String>,
    desired_status: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

impl ListTasksRequest {
    fn fits(&self, task: &Task) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|it| it == found);
        let instance = task.container_instance.as_ref().map(|arn| last_part(arn.as_str()));
        let wanted = self.container_instance.as_deref().map(last_part);
        wanted.is_none_or(|wanted| instance == Some(wanted))
            && is(&self.family, family(&task.request.task_definition))
            && self.service_name.is_none()
            && is(&self.launch_type, launch_type(task))
            && is(&self.started_by, &task.request.started_by)
            && self.desired_status.as_deref().unwrap_or("RUNNING") == task.desired_status()
    }

    fn filters_beside_started_by(&self) -> bool {
        let others = [
            &self.container_instance,
            &self.family,
            &self.service_name,
            &self.launch_type,
            &self.desired_status,
        ];
        others.into_iter().any(Option::is_some)
    }
}

pub(super) fn list_tasks(sandbox: &Sandbox, request: &ListTasksRequest) -> Result<Value, Refusal> {
    if request.started_by.is_some() && request.filters_beside_started_by() {
        return Err(Refusal::invalid("startedBy must be the only filter."));
    }
    let ecs = sandbox.ecs().borrow();
    let tasks = ecs.described(cluster_name(request.cluster.as_deref()), sandbox.manual_clock().now())?;
    let fitting = tasks.filter(|task| request.fits(task)).map(|task| &task.arn).collect();
    let (arns, next) = request.page.of(fitting)?;
    Ok(match next {
        Some(next) => json!({"taskArns": arns, "nextToken": next}),
        None => json!({"taskArns": arns}),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct DescribeTasksRequest {
    #[serde(default)]
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

pub(super) fn describe_tasks(sandbox: &Sandbox, request: &DescribeTasksRequest) -> Result<Value, Refusal> {
    if !(1..=DESCRIBED_AT_ONCE).contains(&request.tasks.len()) {
        return Err(Refusal::invalid("Tasks are from 1 to 100."));
    }
    let cluster = cluster_name(request.cluster.as_deref());
    let arns: Vec<TaskArn> = request.tasks.iter().map(|task| task_arn(cluster, task)).collect();
    let ecs = sandbox.ecs().borrow();
    let found = ecs.describe_tasks(cluster, &arns, sandbox.manual_clock().now())?;
    let include =
        if request.include.iter().any(|it| it == "TAGS") { Include::Tags } else { Include::Nothing };
    let missing = arns.iter().filter(|arn| !found.iter().any(|task| task.arn == **arn));
    let failures: Vec<Value> = missing.map(|arn| json!({"arn": arn, "reason": "MISSING"})).collect();
    let tasks: Vec<Value> = found.iter().map(|task| task_shape(task, include)).collect();
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// The ARN of a task that is given by its ARN or id.
fn task_arn(cluster: &str, task: &str) -> TaskArn {
    let id = last_part(task);
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:task/{cluster}/{id}");
    TaskArn::new(if task == id { arn } else { task.to_owned() })
}
