//! `RunTask`.

use fleet::launch::RunTaskRequest;
use serde_json::{Value, json};

use super::shapes::{Include, task_shape};
use super::{Refusal, cluster_name};
use sandbox::Sandbox;
use sandbox::ecs::RunTaskError;

pub(super) fn run_task(sandbox: &Sandbox, mut request: RunTaskRequest) -> Result<Value, Refusal> {
    if request.count != 1 {
        return Err(Refusal::invalid("The sandbox starts one task at a time."));
    }
    request.cluster = cluster_name(Some(&request.cluster)).to_owned();
    match sandbox.start_task(&request) {
        Ok(arn) => {
            let ecs = sandbox.ecs().borrow();
            let tasks: Vec<Value> =
                ecs.task(&arn).map(|task| task_shape(task, Include::Tags)).into_iter().collect();
            Ok(json!({"tasks": tasks, "failures": []}))
        }
        Err(RunTaskError::Failure(reason)) => Ok(json!({"tasks": [], "failures": [{"reason": reason}]})),
        Err(RunTaskError::Exception(code, message)) => Err(Refusal::Exception(code, message)),
        Err(RunTaskError::Conflict(task)) => Err(Refusal::Conflict(task)),
    }
}
