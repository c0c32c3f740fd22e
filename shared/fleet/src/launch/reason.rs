//! What ECS means by its words: one table for the errors of `RunTask`, the reasons of its `failures[]` and the
//! `stoppedReason` of a task, because the same words come in all three.
//!
//! AWS documents few of the texts; where a row is known from a report alone, the report is named as
//! owner/repository#number. `tests/reasons.rs` has the texts as they were sent.

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReasonMeaning {
    /// A container, or what it needs, could not be made: it is about the image, the network or a role, whatever
    /// else the text quotes.
    BootFailed,
    /// There is nothing to run a task on now: no Fargate capacity, no instance, a Spot task taken back, or the
    /// account's quota of tasks or vCPUs used up (on demand and Spot have one each).
    NoCapacity,
    /// The instance under the task is gone.
    InstanceGone,
    /// It passes by itself: throttling, a fault of AWS's own, a deploy that is under way.
    Passing,
    /// It stays so until somebody mends the configuration.
    Broken,
}

/// Where in a text a row's words are looked for.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    Anywhere,
}

use At::{Anywhere, Start};
use ReasonMeaning::{BootFailed, Broken, InstanceGone, NoCapacity, Passing};

/// The first row that fits tells. Words are in lower case. An exception is read as `code: message`.
const ROWS: &[(At, &str, ReasonMeaning)] = &[
    // ECS developer guide, "Stopped tasks error codes". They quote a registry's or a service's own words:
    // "insufficient_scope: authorization failed" (docker-archive/compose-cli#853) is no lack of capacity, and
    // "toomanyrequests" (aws-samples/aws-genomics-workflows#122) none of ECS's limits.
    (Anywhere, "cannotpull", BootFailed),
    (Anywhere, "cannotstartcontainer", BootFailed),
    (Anywhere, "cannotcreatecontainer", BootFailed),
    (Anywhere, "cannotcreatevolume", BootFailed),
    (Anywhere, "cannotinspectcontainer", BootFailed),
    (Anywhere, "cannotgetdockercontainer", BootFailed),
    (Anywhere, "resourceinitializationerror", BootFailed),
    (Anywhere, "containerruntime", BootFailed),
    (Anywhere, "dockertimeouterror", BootFailed),
    (Anywhere, OUT_OF_MEMORY, BootFailed),
    // ECS developer guide, "Troubleshooting Amazon ECS TaskFailedToStart errors"; the code behind the first says
    // "InsufficientFreeAddressesInSubnet" where the subnet is full, which its fallback shares.
    (Anywhere, "unexpected ec2 error while attempting to", BootFailed),
    (Anywhere, "unable to attach network interface", BootFailed),
    // aws/amazon-ecs-agent#4825, and storage alike (dagster-io/dagster, its list of stop reasons that pass).
    (Anywhere, "timeout waiting for", BootFailed),
    // ECS developer guide, "Fargate capacity providers": "Your Spot Task was interrupted.", with whichever code.
    (Anywhere, "spot task was interrupted", NoCapacity),
    (Anywhere, "spotinterruption", NoCapacity),
    // A refusal names what it refuses: "… is not authorized to perform: ecs:RunTask on resource: …".
    (Start, "accessdenied", Broken),
    // ECS: `RunTask`, "Errors".
    (Start, "blockedexception", Broken),
    (Start, "clusternotfoundexception", Broken),
    (Start, "platformtaskdefinitionincompatibilityexception", Broken),
    (Start, "platformunknownexception", Broken),
    (Start, "unsupportedfeatureexception", Broken),
    // ECS API reference, "Common errors".
    (Start, "unrecognizedclientexception", Broken),
    (Start, "invalidsignatureexception", Broken),
    // Fargate's quotas, on demand and Spot each: wellcomecollection/platform#3875, dask/dask-cloudprovider#300.
    (Anywhere, "reached the limit on the number of", NoCapacity),
    (Anywhere, "configuration is above your limit", NoCapacity),
    (Anywhere, "capacity is unavailable", NoCapacity),
    // ECS developer guide, "API failure reasons": RESOURCE:CPU and its like, as a reason of `failures[]` and of a
    // stop, where the rest may come before (PrefectHQ/prefect#22410).
    (Anywhere, "resource:*", NoCapacity),
    (Anywhere, "resource:cpu", NoCapacity),
    (Anywhere, "resource:memory", NoCapacity),
    (Anywhere, "resource:eni", NoCapacity),
    (Anywhere, "resource:ports", NoCapacity),
    (Anywhere, "resource:gpu", NoCapacity),
    (Anywhere, "resource:trunk", NoCapacity),
    (Start, "resource:", NoCapacity),
    (Anywhere, "empty capacity provider", NoCapacity),
    (Anywhere, "no active instances", NoCapacity),
    // In a cluster (aws/aws-cdk#30171) or a capacity provider (aws/containers-roadmap#653).
    (Anywhere, "no container instances", NoCapacity),
    // EC2: "Insufficient instance capacity", as Auto Scaling repeats it.
    (Anywhere, "insufficient instance capacity", NoCapacity),
    (Anywhere, "insufficientinstancecapacity", NoCapacity),
    // The quota of tasks in PROVISIONING, which empties by itself: DIAGNijmegen/rse-grand-challenge#2013.
    (Anywhere, "provisioning capacity limit exceeded", Passing),
    (Anywhere, "in the provisioning state", Passing),
    // Throttling of ECS itself (dask/dask-cloudprovider#56), and of EC2 behind it (dagster-io/dagster#33439,
    // reproio/wrapbox#32).
    (Anywhere, "throttl", Passing),
    (Anywhere, "rate exceeded", Passing),
    (Anywhere, "request limit exceeded", Passing),
    (Anywhere, "requestlimitexceeded", Passing),
    (Anywhere, "too many requests", Passing),
    (Anywhere, "toomanyrequests", Passing),
    // Faults of AWS's own: `RunTask`, "Errors"; "Common errors"; behind ECS reproio/wrapbox#43.
    (Start, "serverexception", Passing),
    (Start, "serviceunavailable", Passing),
    (Start, "internalfailure", Passing),
    (Start, "internalserver", Passing),
    (Start, "requesttimeout", Passing),
    (Start, "expiredtoken", Passing),
    (Anywhere, "errorcode: internalerror", Passing),
    (Anywhere, "internal error has occurred", Passing),
    // A deploy that is under way, or a role that IAM does not know everywhere yet: a moment later the same launch
    // works, or one with the settings that are read by then.
    (Anywhere, "inactive", Passing),
    (Anywhere, "not active", Passing),
    (Anywhere, "not in an active state", Passing),
    (Anywhere, "not associated with", Passing),
    (Anywhere, "unable to assume the", Passing),
    (Anywhere, "cannot be assumed", Passing),
    (Anywhere, "in progress", Passing),
    // ECS developer guide, "API failure reasons": the agent of the chosen instance is not connected.
    (Start, "agent", Passing),
    // The same page: what no other try changes.
    (Start, "attribute", Broken),
    (Start, "location", Broken),
    (Start, "missing", Broken),
    // A stop code, "Host EC2 (instance i-…) terminated." with it, and "… stopped." without: Seqera's
    // documentation on Spot reclamation; aws/amazon-ecs-agent#168.
    (Anywhere, "host ec2 (instance", InstanceGone),
    // Behind the two exceptions that mean anything: ClientException and InvalidParameterException.
    (Anywhere, "taskdefinition not found", Broken),
    (Anywhere, "unable to describe task definition", Broken),
    (Anywhere, "does not support launch_type", Broken),
    // "The selected task definition is not compatible with the selected compute strategy": ECS developer guide.
    (Anywhere, "is not compatible with the selected", Broken),
    // Ids of subnets and security groups: eddmann/serverless-fargate#20, deis/deis#129.
    (Anywhere, ".notfound)", Broken),
    (Anywhere, "does not exist", Broken),
    // awslabs/fargatecli#73.
    (Anywhere, "can\x20not be empty", Broken),
    (Anywhere, "cannot be empty", Broken),
    (Anywhere, "cannot be blank", Broken),
    // "Network Configuration must be provided when …" (fabfuel/ecs-deploy#133), "… is not valid for the given
    // networkMode" (aws-actions/amazon-ecs-deploy-task-definition#616).
    (Anywhere, "network configuration", Broken),
    (Anywhere, "is not a container in the taskdefinition", Broken),
    // "subnets can have at most 16 items.": opensearch-project/opensearch-migrations#1430.
    (Anywhere, "can have at most", Broken),
    // "Security group … does not appear to belong to the same VPC as the input subnets.": hashicorp/waypoint#4629.
    (Anywhere, "belong to the same vpc", Broken),
    // "Assign public IP is not supported for this launch type.": aws/amazon-ecs-cli#627.
    (Anywhere, "is not supported for this launch type", Broken),
    // "Your AWS account is currently blocked and thus cannot launch any Fargate pods":
    // clowdhaus/eks-reference-architecture#12; ECS has the exception above, and the words with it.
    (Anywhere, "account is currently blocked", Broken),
];

/// ECS's word for a container that was killed because it used up its memory ("Stopped tasks error codes").
const OUT_OF_MEMORY: &str = "outofmemory";

/// Whether ECS says that a container used up its memory.
pub fn is_out_of_memory(reason: &str) -> bool {
    reason.to_lowercase().contains(OUT_OF_MEMORY)
}

/// What stands before the reason of a task that was never placed: `TaskFailedToStart: ATTRIBUTE`
/// (aws/amazon-ecs-agent#4197).
const NEVER_PLACED: &str = "taskfailedtostart:";

/// What a text of ECS's means, whatever its case; `None` for one that no row knows.
pub(super) fn meaning(text: &str) -> Option<ReasonMeaning> {
    let lower = text.to_lowercase();
    let reason = lower.trim_start();
    let reason = reason.strip_prefix(NEVER_PLACED).unwrap_or(reason).trim_start();
    let fits = |(at, words): (At, &str)| match at {
        Start => reason.starts_with(words),
        Anywhere => reason.contains(words),
    };
    ROWS.iter().find(|(at, words, _)| fits((*at, words))).map(|(_, _, meaning)| *meaning)
}
