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
/// one too many, and one that is put off for long is told of (`fleet::repair`, "late starters").
pub fn of_failure_reason(reason: &str) -> FailureClass {
    let upper = reason.to_uppercase();
    if upper.starts_with("RESOURCE") || upper.starts_with("EMPTY CAPACITY PROVIDER") || is_no_capacity(reason)
    {
        FailureClass::Elsewhere
    } else if is_under_way(reason) {
        FailureClass::Later
    } else if ["ATTRIBUTE", "LOCATION", "MISSING"].iter().any(|known| upper.starts_with(known)) {
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
    } else if message.contains("PROVISIONING") || is_under_way(message) {
        // The quota of 500 tasks in PROVISIONING a cluster empties by itself.
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

/// Whether ECS says that a deploy is under way, or that IAM does not know a new role yet: a moment later
/// the same launch, or one with the settings that are read by then, works. Its texts are known from reports
/// alone, each named beside its row in the tests.
fn is_under_way(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "inactive",
        "not active",
        "not in an active state",
        "not associated with",
        "unable to assume the",
        "cannot be assumed",
        "in progress",
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
            ("MISSING", Never),
            ("SOMETHING NEW", Later),
        ] {
            assert_eq!(of_failure_reason(reason), class, "{reason}");
        }
    }

    /// What ECS says while a stack is updated, or just made: as a reason of `failures[]`, and as either
    /// exception, whatever its case.
    #[test]
    fn a_deploy_that_is_under_way_is_waited_for() {
        for (text, source) in [
            ("INACTIVE", "ECS developer guide, API failure reasons"),
            ("TaskDefinition is inactive", "RunTask after a deploy: DefangLabs/defang#775"),
            (
                "The specified cluster is inactive. Specify an active cluster and try again.",
                "gruntwork-io/cloud-nuke#145",
            ),
            ("The referenced cluster was inactive.", "vatertime/minecraft-spot-pricing#4"),
            ("Cluster was not ACTIVE.", "hashicorp/terraform-provider-aws#11285"),
            (
                "The specified capacity provider 'mayfly_ec2-x64' is not in an ACTIVE state. Specify a valid \
                 capacity provider and try again.",
                "hashicorp/terraform-provider-aws#45693",
            ),
            (
                "The specified capacity provider strategy cannot contain a capacity provider that is not \
                 associated with the cluster. Associate the capacity provider with the cluster or specify a \
                 valid capacity provider and try again.",
                "RunTask: dask/dask-cloudprovider#328",
            ),
            (
                "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/execution' that was \
                 provided for this task. Please verify that the role being passed has the proper trust \
                 relationship and permissions and that your IAM user has permissions to pass this role.",
                "for half a minute after the role was made: pulumi/pulumi-awsx#927",
            ),
            (
                "Unable to assume the service linked role. Please verify that the ECS service linked role \
                 exists.",
                "RunTask in an account that is new to ECS: aws-solutions/distributed-load-testing-on-aws#2",
            ),
            (
                "The role defined for the function cannot be assumed by Lambda.",
                "Lambda's words for the same, apex/up#189: ECS's own are not known to be these",
            ),
            (
                "There's already a current Amazon ECS container agent update in progress on the container \
                 instance that's specified.",
                "ECS API reference, UpdateInProgressException: of a cluster's capacity providers too",
            ),
        ] {
            for text in [text.to_owned(), text.to_uppercase(), text.to_lowercase()] {
                assert_eq!(of_failure_reason(&text), Later, "{source}");
                for code in ["ClientException", "InvalidParameterException", "UpdateInProgressException"] {
                    assert_eq!(of_exception(code, &text), Later, "{code}, {source}");
                }
            }
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
            ("ClientException", "TaskDefinition not found.", Never),
            ("AccessDeniedException", "not authorized to perform: ecs:RunTask", Never),
            ("ClusterNotFoundException", "Cluster not found.", Never),
            ("InvalidParameterException", "Task definition does not support launch_type FARGATE.", Never),
        ] {
            assert_eq!(of_exception(code, message), class, "{code}: {message}");
        }
    }
}
