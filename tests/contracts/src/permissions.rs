//! What each port, and each function beside its ports, is allowed in AWS.
//!
//! `tests/permissions.rs` holds this, the functions' code and `template.yaml` together.

/// The ports of [`fleet::ports`] and the actions of IAM that their implementations in `shared/aws` call.
pub const PORTS: &[(&str, &[&str])] = &[
    ("Clock", &[]),
    ("Random", &[]),
    // A transaction of puts asks for PutItem.
    ("Ledger", &["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]),
    ("ListItems", &["dynamodb:Query"]),
    ("SendMessage", &["sqs:SendMessage"]),
    ("SendSettle", &["sqs:SendMessage"]),
    ("RunTask", &["ecs:RunTask"]),
    ("StopTask", &["ecs:StopTask"]),
    ("ListTasks", &["ecs:ListTasks"]),
    ("DescribeTasks", &["ecs:DescribeTasks"]),
    ("ListContainerInstances", &["ecs:ListContainerInstances"]),
    ("DescribeAutoScalingGroup", &["autoscaling:DescribeAutoScalingGroups"]),
    ("DescribeScalingActivities", &["autoscaling:DescribeScalingActivities"]),
    ("SetMinSize", &["autoscaling:UpdateAutoScalingGroup"]),
    // These are GitHub's.
    ("FindRunnerGroup", &[]),
    ("ListRepositories", &[]),
    ("ListRuns", &[]),
    ("ListJobs", &[]),
    ("GenerateJitConfig", &[]),
    ("FindRunner", &[]),
    ("DeleteRunner", &[]),
    ("ReadJob", &[]),
    ("ReadRun", &[]),
    ("ReadRunner", &[]),
    ("ListRunners", &[]),
];

/// What every function may beyond its ports: its log, its secrets, and the key of queue and table, where the
/// account has one of its own.
pub const EVERY_FUNCTION: &[&str] = &[
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "ssm:GetParametersByPath",
];

/// What `RunTask` is of no use without: the role that ECS works with, and the tags of the task.
pub const WITH_RUN_TASK: &[&str] = &["iam:PassRole", "ecs:TagResource"];

/// What one function may beyond that.
pub const LISTED: &[(&str, &[&str])] = &[
    // Opens the connection in the init phase.
    ("Webhook", &["sqs:GetQueueAttributes"]),
    ("Scheduler", &["ecs:ListContainerInstances"]),
    // Its event source takes the messages with the function's role.
    ("Launcher", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
];
