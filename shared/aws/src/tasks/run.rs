//! `RunTask`, once: the launcher has the one policy of retries.

use aws_sdk_ecs::config::Builder;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::run_task::{RunTaskError, RunTaskOutput};
use fleet::TaskArn;
use fleet::launch::{LaunchFailure, RunTaskRequest, TICKET_VARIABLE};
use fleet::ports::RunTask;

use super::Tasks;
use super::request::fill;
use crate::error::error_text;

impl RunTask for Tasks {
    /// Its idempotency key is the request's `clientToken`, the `RunnerId`.
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        let answer = match fill(self.client.run_task(), request) {
            Ok(call) => {
                let once = Builder::new().retry_config(RetryConfig::disabled());
                match call.customize().config_override(once).send().await {
                    Ok(output) => of_output(&output),
                    Err(error) => of_error(&error),
                }
            }
            Err(error) => Err(LaunchFailure::never(error.to_string())),
        };
        answer.map_err(|failure| without_ticket(failure, request))
    }
}

/// An answer of status 200: the task, or why there is none.
fn of_output(output: &RunTaskOutput) -> Result<TaskArn, LaunchFailure> {
    if let Some(arn) = output.tasks().first().and_then(|task| task.task_arn()) {
        return Ok(TaskArn::new(arn));
    }
    let reasons = output.failures().iter().map(|failure| {
        let reason = failure.reason().unwrap_or("no reason given");
        let detail = failure.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{reason}{detail}")
    });
    let unanswered = || LaunchFailure::unanswered("the answer has neither a task nor a failure".to_owned());
    Err(LaunchFailure::said_each(reasons).unwrap_or_else(unanswered))
}

/// An exception, or no answer. A token that was used with other parameters has its task: the runner
/// was launched before its pool's settings changed.
fn of_error<R: std::fmt::Debug>(error: &SdkError<RunTaskError, R>) -> Result<TaskArn, LaunchFailure> {
    if let Some(RunTaskError::ConflictException(conflict)) = error.as_service_error() {
        let task = conflict.resource_ids().first();
        return task.map(TaskArn::new).ok_or_else(|| LaunchFailure::unanswered(error_text(error)));
    }
    Err(match error.code() {
        Some(_) => LaunchFailure::said(error_text(error)),
        None => LaunchFailure::unanswered(error_text(error)),
    })
}

/// ECS may quote a request that it refuses, and the reason goes to a log and into the ledger.
fn without_ticket(mut failure: LaunchFailure, request: &RunTaskRequest) -> LaunchFailure {
    let containers = &request.overrides.container_overrides;
    let variables = containers.iter().flat_map(|container| &container.environment);
    for ticket in variables.filter(|variable| variable.name == TICKET_VARIABLE && !variable.value.is_empty())
    {
        failure.reason = failure.reason.replace(&ticket.value, "(the ticket)");
    }
    failure
}
