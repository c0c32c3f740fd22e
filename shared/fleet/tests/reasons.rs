//! Messages of ECS and what they mean, as the reason of a failed launch and of a stopped task. Each has its source: a
//! page of AWS's, or a report as owner/repository#number.

use fleet::launch::{FailureClass, LaunchFailure, SeenStop, StopClass, TaskTimes, is_out_of_memory};

use FailureClass::{Elsewhere, Later, Never};

/// An exception of `RunTask` as `code: message`, or a reason of `failures[]`; what Mayfly does about it; the source.
const LAUNCHES: &[(&str, FailureClass, &str)] = &[
    // Nothing to run a task on.
    ("RESOURCE:CPU", Elsewhere, "ECS developer guide, API failure reasons"),
    ("RESOURCE:MEMORY", Elsewhere, "the same"),
    ("RESOURCE:ENI", Elsewhere, "the same"),
    ("RESOURCE:SOMETHING NEW", Elsewhere, "the same"),
    (
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        Elsewhere,
        "AWS knowledge centre, ecs-fargate-runtask-capacity",
    ),
    ("EMPTY CAPACITY PROVIDER", Elsewhere, "ECS developer guide, API failure reasons"),
    ("NO ACTIVE INSTANCES", Elsewhere, "ECS developer guide, API failure reasons"),
    (
        "InvalidParameterException: No Container Instances were found in your cluster.",
        Elsewhere,
        "aws/aws-cdk#30171, boto/boto3#2862",
    ),
    ("No Container Instances were found in your capacity provider.", Elsewhere, "aws/containers-roadmap#653"),
    (
        "ClientException: You've reached the limit on the number of vCPUs you can run concurrently",
        Elsewhere,
        "Fargate's quotas, and for tasks wellcomecollection/platform#3875",
    ),
    (
        "ClientException: The requested CPU configuration is above your limit",
        Elsewhere,
        "dask/dask-cloudprovider#300",
    ),
    (
        "You've reached the limit on the number of spot tasks you can run concurrently.",
        Elsewhere,
        "aws/copilot-cli#2685",
    ),
    // What goes away by itself.
    (
        "ClientException: Tasks provisioning capacity limit exceeded.",
        Later,
        "DIAGNijmegen/rse-grand-challenge#2013",
    ),
    (
        "InvalidParameterException: Error retrieving security group information for [sg-0]: Request limit exceeded. \
         (ErrorCode: RequestLimitExceeded)",
        Later,
        "dagster-io/dagster#33439, dask/dask-cloudprovider#56",
    ),
    (
        "InvalidParameterException: Error retrieving security group information for [sg-0]: An internal error has \
         occurred (ErrorCode: InternalError)",
        Later,
        "reproio/wrapbox#43",
    ),
    ("ThrottlingException: Rate exceeded", Later, "dask/dask-cloudprovider#56"),
    ("ServerException: Service Unavailable. Please try again later.", Later, "RunTask, errors"),
    ("RequestTimeout", Later, "common errors of AWS"),
    (
        "ClientException: The maximum number of tasks in the PROVISIONING state was reached",
        Later,
        "ECS's quotas",
    ),
    ("AGENT", Later, "ECS developer guide, API failure reasons"),
    // A deploy is under way, or a role is new.
    ("INACTIVE", Later, "ECS developer guide, API failure reasons"),
    ("ClientException: TaskDefinition is inactive", Later, "DefangLabs/defang#775"),
    (
        "ClientException: The specified cluster is inactive. Specify an active cluster and try again.",
        Later,
        "gruntwork-io/cloud-nuke#145",
    ),
    ("The referenced cluster was inactive.", Later, "vatertime/minecraft-spot-pricing#4"),
    ("Cluster was not ACTIVE.", Later, "hashicorp/terraform-provider-aws#11285"),
    (
        "InvalidParameterException: The specified capacity provider 'mayfly_ec2-x64' is not in an ACTIVE state. \
         Specify a valid capacity provider and try again.",
        Later,
        "hashicorp/terraform-provider-aws#45693",
    ),
    (
        "InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider \
         that is not associated with the cluster. Associate the capacity provider with the cluster or specify a \
         valid capacity provider and try again.",
        Later,
        "dask/dask-cloudprovider#328",
    ),
    (
        "ClientException: ECS was unable to assume the role 'arn:aws:iam::111122223333:role/execution' that was \
         provided for this task. Please verify that the role being passed has the proper trust relationship and \
         permissions and that your IAM user has permissions to pass this role.",
        Later,
        "for half a minute after the role was made: pulumi/pulumi-awsx#927",
    ),
    (
        "InvalidParameterException: Unable to assume the service linked role. Please verify that the ECS service \
         linked role exists.",
        Later,
        "an account that is new to ECS: aws-solutions/distributed-load-testing-on-aws#2",
    ),
    (
        "The role defined for the function cannot be assumed by Lambda.",
        Later,
        "Lambda's words for the same, apex/up#189; ECS's own words are not known",
    ),
    (
        "UpdateInProgressException: There's already a current Amazon ECS container agent update in progress on the \
         container instance that's specified.",
        Later,
        "ECS API reference: of a cluster's capacity providers too",
    ),
    // What somebody has to fix.
    ("ATTRIBUTE", Never, "ECS developer guide, API failure reasons"),
    ("LOCATION", Never, "the same"),
    ("MISSING", Never, "the same"),
    ("ClientException: TaskDefinition not found.", Never, "RunTask, as several clients match it"),
    (
        "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/launcher is not authorized to perform: \
         ecs:RunTask on resource: arn:aws:ecs:eu-central-1:111122223333:task-definition/mayfly_ec2-x64:1",
        Never,
        "IAM: \"resource:\" is no lack of a resource",
    ),
    ("ClusterNotFoundException: Cluster not found.", Never, "RunTask, errors"),
    ("InvalidParameterException: Task definition does not support launch_type FARGATE.", Never, "RunTask"),
    (
        "InvalidParameterException: Error retrieving subnet information for [subnet-0]: The subnet ID 'subnet-0' \
         does not exist (ErrorCode: InvalidSubnetID.NotFound)",
        Never,
        "eddmann/serverless-fargate#20",
    ),
    (
        "InvalidParameterException: Error retrieving security group information for [sg-0]: The security group \
         'sg-0' does not exist (ErrorCode: InvalidGroup.NotFound)",
        Never,
        "EC2's words: deis/deis#129",
    ),
    ("InvalidParameterException: subnets can\x20not be empty.", Never, "awslabs/fargatecli#73"),
    (
        "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        Never,
        "fabfuel/ecs-deploy#133",
    ),
    (
        "InvalidParameterException: subnets can have at most 16 items.",
        Never,
        "opensearch-project/opensearch-migrations#1430",
    ),
    (
        "InvalidParameterException: Security group sg-0 does not appear to belong to the same VPC as the input subnets.",
        Never,
        "hashicorp/waypoint#4629",
    ),
    (
        "InvalidParameterException: Assign public IP is not supported for this launch type.",
        Never,
        "aws/amazon-ecs-cli#627",
    ),
    (
        "ClientException: Your AWS account is currently blocked and thus cannot launch any Fargate pods",
        Never,
        "clowdhaus/eks-reference-architecture#12, of Fargate behind EKS",
    ),
];

#[test]
fn a_launch_that_fails_is_tried_again_goes_elsewhere_or_is_given_up() {
    for (text, class, source) in LAUNCHES {
        for text in [(*text).to_owned(), text.to_uppercase(), text.to_lowercase()] {
            let failure = LaunchFailure::said(text);
            assert_eq!(failure.class, *class, "{}: {source}", failure.reason);
            assert!(!failure.is_news, "{}", failure.reason);
        }
    }
}

/// What the entries of one `failures[]` say, and what is done about them together.
#[test]
fn a_launch_is_given_up_only_if_each_of_several_instances_is_of_no_use() {
    for (reasons, class, told, why) in [
        (&["ATTRIBUTE", "RESOURCE:CPU"][..], Elsewhere, "RESOURCE:CPU", "one instance fits, and is full"),
        (&["RESOURCE:CPU", "ATTRIBUTE"], Elsewhere, "RESOURCE:CPU", "in another order"),
        (
            &["MemberOf placement constraint unsatisfied.", "AGENT"],
            Later,
            "MemberOf placement constraint unsatisfied.",
            "aws/amazon-ecs-agent#3044",
        ),
        (&["ATTRIBUTE", "AGENT"], Later, "AGENT", "the one that fits is not connected for a moment"),
        (&["AGENT", "RESOURCE:MEMORY"], Elsewhere, "RESOURCE:MEMORY", "others are full"),
        (&["ATTRIBUTE", "MISSING"], Never, "ATTRIBUTE", "all of them"),
        (
            &["ATTRIBUTE", "SOMETHING NEW"],
            Later,
            "SOMETHING NEW",
            "what nobody knows is no reason to give up",
        ),
    ] {
        let failure = LaunchFailure::said_each(reasons.iter().map(|&it| it.to_owned())).unwrap();
        assert_eq!((failure.class, &*failure.reason), (class, told), "{why}");
    }
    assert_eq!(LaunchFailure::said_each([]), None);
}

/// Giving up a launch costs a job its runner. Trying again costs one call.
#[test]
fn unknown_words_never_end_a_launch_and_are_reported() {
    for text in [
        "SOMETHING NEW",
        "SomethingNewException: of tomorrow",
        "ClientException: something of tomorrow",
        "InvalidParameterException: something of tomorrow",
        "InvalidParameterException: there are insufficient words",
        "",
    ] {
        let failure = LaunchFailure::said(text.to_owned());
        assert_eq!((failure.class, failure.is_news), (Later, true), "{text}");
    }
}

/// What a stop means, in a word.
#[derive(Debug, PartialEq, Eq)]
enum StopMeaning {
    NoCapacity,
    FailedBoot,
    InstanceGone,
    Ordinary,
}

use StopMeaning::{FailedBoot, InstanceGone, NoCapacity, Ordinary};

const NEVER_RAN: Option<&str> = Some("TaskFailedToStart");

/// The `stopCode`, the `stoppedReason`, what it means, and the source. No container has an exit code.
const STOPS: &[(Option<&str>, &str, StopMeaning, &str)] = &[
    // The image, the network or a role, whatever the registry's message contains.
    (
        NEVER_RAN,
        "CannotPullContainerError: pull access denied for octo/runner, repository does not exist or may require \
         'docker login': denied: requested access to the resource is denied: insufficient_scope: authorization failed",
        FailedBoot,
        "docker-archive/compose-cli#853",
    ),
    (
        NEVER_RAN,
        "CannotPullContainerError: manifest unknown",
        FailedBoot,
        "ECS developer guide, CannotPullContainer",
    ),
    (
        NEVER_RAN,
        "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
        FailedBoot,
        "aws-samples/aws-genomics-workflows#122",
    ),
    (
        NEVER_RAN,
        "CannotPullContainerError: failed to register layer: Error processing tar file(exit status 1): write \
         /tmp/my_large_file: no space left on device",
        FailedBoot,
        "aws/amazon-ecs-agent#1434",
    ),
    (
        NEVER_RAN,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
         unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request \
         failed caused by: Post \"https://api.ecr.us-east-2.amazonaws.com/\": dial tcp: i/o timeout",
        FailedBoot,
        "doctorray117/minecraft-ondemand#74",
    ),
    (
        NEVER_RAN,
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: insufficient permission",
        FailedBoot,
        "ECS developer guide, stopped tasks error codes, with a word of another table in it",
    ),
    (
        NEVER_RAN,
        "Timeout waiting for network interface provisioning to complete.",
        FailedBoot,
        "aws/amazon-ecs-agent#4825, aws-solutions/distributed-load-testing-on-aws#82",
    ),
    (
        NEVER_RAN,
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in \
         subnet 'subnet-0': InsufficientFreeAddressesInSubnet",
        FailedBoot,
        "ECS developer guide, TaskFailedToStart errors: the fallback's subnets are the same",
    ),
    (NEVER_RAN, "InternalError: something", FailedBoot, "the same page"),
    (NEVER_RAN, "SOMETHING NEW", FailedBoot, "nobody: it never ran"),
    (NEVER_RAN, "", FailedBoot, "aws/amazon-ecs-agent#1654"),
    (NEVER_RAN, "Task failed to start", FailedBoot, "aws/containers-roadmap#2561"),
    (
        None,
        "Task failed to start; runner: CannotPullContainerError: inspect image has been retried 1 time(s): failed to \
         resolve ref \"registry.example/runner:1\": unexpected status code: 403 Forbidden",
        FailedBoot,
        "aws/aws-cdk#14457; without a code",
    ),
    (NEVER_RAN, "TaskFailedToStart: ATTRIBUTE", FailedBoot, "aws/amazon-ecs-agent#4197"),
    (NEVER_RAN, "TaskFailedToStart: AGENT", FailedBoot, "ECS developer guide, API failure reasons"),
    // Nothing to run it on.
    (NEVER_RAN, "TaskFailedToStart: EMPTY CAPACITY PROVIDER", NoCapacity, "PrefectHQ/prefect#22410"),
    (NEVER_RAN, "TaskFailedToStart: RESOURCE:MEMORY", NoCapacity, "ECS developer guide, API failure reasons"),
    (
        NEVER_RAN,
        "TaskFailedToStart: RESOURCE:FPGA",
        NoCapacity,
        "nobody yet: what there is too little of has any name",
    ),
    (NEVER_RAN, "RESOURCE:ENI", NoCapacity, "the same"),
    (NEVER_RAN, "TaskFailedToStart: NO ACTIVE INSTANCES", NoCapacity, "the same"),
    (
        NEVER_RAN,
        "Capacity is unavailable at this time. Please try again later or in a different availability zone.",
        NoCapacity,
        "ECS developer guide, service event messages",
    ),
    (Some("SpotInterruption"), "Your Spot Task was interrupted.", NoCapacity, "ECS developer guide, Fargate"),
    (
        Some("TerminationNotice"),
        "Your Spot Task was interrupted.",
        NoCapacity,
        "the same, its example of an event",
    ),
    (None, "Your Spot Task was interrupted.", NoCapacity, "a stop without a code"),
    // The instance.
    (
        Some("TerminationNotice"),
        "Host EC2 (instance i-0282b396e52b4c95d) terminated.",
        InstanceGone,
        "Seqera's documentation, Spot reclamation",
    ),
    (None, "Host EC2 (instance i-0282b396e52b4c95d) stopped.", InstanceGone, "seen with stopped instances"),
    (Some("TerminationNotice"), "", InstanceGone, "its code alone"),
    (Some("InfrastructureHealth"), "", Ordinary, "ECS developer guide, health of instances"),
    // Somebody asked for it.
    (
        Some("UserInitiated"),
        "ECS is performing maintenance on the underlying infrastructure hosting the task",
        Ordinary,
        "ECS developer guide, Fargate task retirement",
    ),
    (Some("UserInitiated"), "fenced: past its boot limit", Ordinary, "Mayfly's own words"),
];

#[test]
fn a_stop_before_the_first_question_is_a_failed_boot_no_capacity_or_nothing() {
    for (code, reason, means, source) in STOPS {
        let found = match SeenStop::of(*code, reason, None, TaskTimes::default()).class {
            StopClass::NoCapacity => NoCapacity,
            StopClass::InstanceGone => InstanceGone,
            StopClass::Ordinary => Ordinary,
            StopClass::Ended(_) => FailedBoot,
        };
        assert_eq!(found, *means, "{code:?} {reason}: {source}");
    }
}

/// The text is that of the ECS developer guide, "Stopped tasks error codes"; ECS has written it in several cases.
#[test]
fn only_ecss_own_word_says_that_memory_was_used_up() {
    for (reason, expected) in [
        ("OutOfMemoryError: Container killed due to memory usage", true),
        (
            "Essential container in task exited; runner: OutOfMemory: container killed due to memory usage",
            true,
        ),
        ("OUTOFMEMORYERROR: container killed due to memory usage", true),
        ("RESOURCE:MEMORY", false),
        ("Essential container in task exited", false),
        ("", false),
    ] {
        assert_eq!(is_out_of_memory(reason), expected, "{reason}");
    }
}
