//! `StopTask`.

use aws_sdk_ecs::error::ProvideErrorMetadata as _;
use fleet::TaskArn;
use fleet::ports::{EcsError, StopTask};

use super::{Tasks, ecs_error};

impl StopTask for Tasks {
    /// It needs no idempotency key: a task stops once.
    async fn stop_task(&self, cluster: &str, task: &TaskArn, reason: &str) -> Result<(), EcsError> {
        let call = self.client.stop_task().cluster(cluster).task(task.as_str()).reason(reason);
        match call.send().await {
            Err(error) if !is_gone(error.code(), error.message()) => Err(ecs_error(&error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Whether ECS says that the task has stopped, or that it knows none: "The referenced task was not
/// found." A cluster that is not found has a code of its own.
fn is_gone(code: Option<&str>, message: Option<&str>) -> bool {
    matches!(code, Some("InvalidParameterException" | "ClientException"))
        && message.is_some_and(|message| message.to_lowercase().contains("task was not found"))
}

#[cfg(test)]
mod tests {
    use super::is_gone;

    #[test]
    fn a_task_that_is_gone_is_told_from_a_mistake() {
        for (code, message, gone) in [
            ("InvalidParameterException", "The referenced task was not found.", true),
            ("ClientException", "The referenced task was not found", true),
            ("InvalidParameterException", "Task Identifier is invalid", false),
            ("ClusterNotFoundException", "Cluster not found.", false),
            ("AccessDeniedException", "The referenced task was not found", false),
        ] {
            assert_eq!(is_gone(Some(code), Some(message)), gone, "{code}: {message}");
        }
        assert!(!is_gone(None, None));
    }
}
