//! What a failed `RunTask` means: later, elsewhere or never.

use serde::{Deserialize, Serialize};

/// What to do about a launch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Try the same launch again, with backoff; then leave it to the scheduler.
    Later,
    /// There is no capacity: let the pool's capacity rest, and launch on its fallback's.
    Elsewhere,
    /// It can not work until somebody mends the configuration: give up, and say so loudly.
    Never,
}

/// Why a launch failed, in ECS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LaunchFailure {
    /// What to do about it.
    pub class: FailureClass,
    /// ECS's reason or error code, and its message.
    pub reason: String,
}

/// Classifies a `failures[]` entry of an answer with status 200 (ECS: "API failure reasons").
///
/// A reason that is not known yet is tried again later: a launch given up for good is worse than
/// one too many, and the retries are counted.
pub fn of_failure_reason(reason: &str) -> FailureClass {
    let upper = reason.to_uppercase();
    if upper.starts_with("RESOURCE") || upper.starts_with("EMPTY CAPACITY PROVIDER") || is_no_capacity(reason)
    {
        FailureClass::Elsewhere
    } else if ["ATTRIBUTE", "LOCATION", "INACTIVE", "MISSING"].iter().any(|known| upper.starts_with(known)) {
        FailureClass::Never
    } else {
        FailureClass::Later
    }
}

/// Classifies an exception of `RunTask` by its code and message (ECS: `RunTask`, "Errors").
///
/// Codes that are not known yet, time-outs among them, are tried again later.
pub fn of_exception(code: &str, message: &str) -> FailureClass {
    const NEVER: [&str; 10] = [
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "BlockedException",
        "ClusterNotFoundException",
        "InvalidParameterException",
        "PlatformTaskDefinitionIncompatibilityException",
        "PlatformUnknownException",
        "UnsupportedFeatureException",
        "ClientException",
    ];
    if is_no_capacity(message) {
        FailureClass::Elsewhere
    } else if message.contains("PROVISIONING") {
        // The quota of 500 tasks in PROVISIONING a cluster, which empties by itself.
        FailureClass::Later
    } else if NEVER.contains(&code) {
        FailureClass::Never
    } else {
        FailureClass::Later
    }
}

/// Whether ECS says that there is nothing to run a task on now: no Fargate capacity, no instance,
/// or the account's quota of vCPUs used up (on-demand and Spot have one each).
pub(super) fn is_no_capacity(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "capacity is unavailable",
        "reached the limit on the number of",
        "no container instances",
        "insufficient",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::FailureClass::{Elsewhere, Later, Never};
    use super::*;

    #[test]
    fn reasons_of_an_answer_with_failures() {
        for (reason, class) in [
            ("AGENT", Later),
            ("RESOURCE:CPU", Elsewhere),
            ("RESOURCE:MEMORY", Elsewhere),
            ("RESOURCE:ENI", Elsewhere),
            (
                "Capacity is unavailable at this time. Please try again later or in a different availability zone",
                Elsewhere,
            ),
            ("EMPTY CAPACITY PROVIDER", Elsewhere),
            ("ATTRIBUTE", Never),
            ("LOCATION", Never),
            ("INACTIVE", Never),
            ("MISSING", Never),
            ("SOMETHING NEW", Later),
        ] {
            assert_eq!(of_failure_reason(reason), class, "{reason}");
        }
    }

    #[test]
    fn exceptions_of_a_call() {
        for (code, message, class) in [
            ("ThrottlingException", "Rate exceeded", Later),
            ("ServerException", "Service Unavailable. Please try again later.", Later),
            ("RequestTimeout", "", Later),
            ("SomethingNew", "", Later),
            ("ClientException", "The maximum number of tasks in the PROVISIONING state was reached", Later),
            (
                "ClientException",
                "You've reached the limit on the number of vCPUs you can run concurrently",
                Elsewhere,
            ),
            ("InvalidParameterException", "No Container Instances were found in your cluster.", Elsewhere),
            ("ClientException", "TaskDefinition is inactive", Never),
            ("AccessDeniedException", "not authorized to perform: ecs:RunTask", Never),
            ("ClusterNotFoundException", "Cluster not found.", Never),
            ("InvalidParameterException", "Task definition does not support launch_type FARGATE.", Never),
        ] {
            assert_eq!(of_exception(code, message), class, "{code}: {message}");
        }
    }
}
