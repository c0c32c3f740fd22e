"""A deploy that CloudFormation does not carry out: what is printed, and what helps."""

import os
import unittest
from unittest.mock import patch

import boto3
from formation import NESTED, Formation, arn
from stage import ANYBODY, REGION, OnProject  # finds the scripts

import stacks
from remedies import REMEDIES, remedy_of
from says import Refusal

MAYFLY, POOLS, STORAGE = arn("mayfly"), arn("mayfly-Pools"), arn("mayfly-Storage")
CANCELLED = "Resource creation cancelled"

# A first deploy that failed in a nested stack: the rest is cancelled, and all is rolled back.
EVENTS = {
    "mayfly": [
        (0, "mayfly", NESTED, MAYFLY, "REVIEW_IN_PROGRESS", "User Initiated"),
        (1, "mayfly", NESTED, MAYFLY, "CREATE_IN_PROGRESS", "User Initiated"),
        (
            9,
            "Pools",
            NESTED,
            POOLS,
            "CREATE_FAILED",
            f"Embedded stack {POOLS} was not successfully created: …",
        ),
        (9, "WebhookRole", "AWS::IAM::Role", "", "CREATE_FAILED", CANCELLED),
        (
            9,
            "mayfly",
            NESTED,
            MAYFLY,
            "ROLLBACK_IN_PROGRESS",
            "The following resource(s) failed to create: [Pools].",
        ),
        (30, "mayfly", NESTED, MAYFLY, "ROLLBACK_COMPLETE", None),
    ],
    "mayfly-Pools": [
        (2, "mayfly-Pools", NESTED, POOLS, "CREATE_IN_PROGRESS", "User Initiated"),
        (
            5,
            "GroupEc2X64",
            "AWS::AutoScaling::AutoScalingGroup",
            "",
            "CREATE_FAILED",
            "Unable to assume the service linked role",
        ),
        (6, "GroupEc2Arm64", "AWS::AutoScaling::AutoScalingGroup", "", "CREATE_FAILED", CANCELLED),
        (8, "mayfly-Pools", NESTED, POOLS, "ROLLBACK_COMPLETE", None),
        # The root's rollback deletes it: an operation of its own, after which the cause still counts.
        (12, "mayfly-Pools", NESTED, POOLS, "DELETE_IN_PROGRESS", "User Initiated"),
    ],
}
RESOURCES = {
    "mayfly": [("Pools", NESTED, POOLS, "DELETE_COMPLETE"), ("Storage", NESTED, STORAGE, "DELETE_COMPLETE")],
    "mayfly-Storage": [
        ("LedgerTable", "AWS::DynamoDB::Table", "mayfly-LedgerTable-1", "DELETE_SKIPPED"),
        ("JobQueue", "AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/1/q", "DELETE_COMPLETE"),
    ],
}
REASON = "GroupEc2X64 (AWS::AutoScaling::AutoScalingGroup): Unable to assume the service linked role"
DELETE = f"aws cloudformation delete-stack --stack-name mayfly --region {REGION}"
TABLE = f"aws dynamodb delete-table --table-name mayfly-LedgerTable-1 --region {REGION}"


class FirstStack(OnProject):
    def test_its_reason_and_the_way_out_are_printed_and_the_next_deploy_repeats_it(self):
        formation = Formation(self, self.status, EVENTS, RESOURCES)
        self.wish(deploy=1)
        ended = self.run_script("deploy.py", AWS_ENDPOINT_URL_CLOUDFORMATION=formation.url)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(
            ended.stderr.splitlines(),
            [
                f"  {REASON}",
                "    the role is new: `make deploy` again in a minute",
                f"  it has left behind: {TABLE}",
                "deploy.py: mayfly is ROLLBACK_COMPLETE, for the reasons above; its first deploy failed and was "
                f"rolled back; such a stack can only be deleted: `{DELETE}`, then `make deploy`",
            ],
        )
        ended = self.run_script("deploy.py", AWS_ENDPOINT_URL_CLOUDFORMATION=formation.url)
        self.assertEqual(
            ended.stderr.splitlines(),
            [
                "stack: mayfly is ROLLBACK_COMPLETE: its first deploy failed and was rolled back; such a stack can "
                f"only be deleted: `{DELETE}`, then `make deploy`",
                f"stack: why: {REASON}",
                f"stack: it has left behind: `{TABLE}`",
                "deploy.py: 3 problems to fix; nothing was built or changed",
            ],
        )
        self.assertEqual(len(self.calls("sam")), 4, "two versions, one build, one deploy")

    def test_what_failed_before_cloudformation_is_not_explained_by_an_older_failure(self):
        formation = Formation(self, lambda: "UPDATE_ROLLBACK_COMPLETE", EVENTS, RESOURCES)
        self.wish(deploy=1)
        ended = self.run_script("deploy.py", AWS_ENDPOINT_URL_CLOUDFORMATION=formation.url)
        problem = "deploy.py: sam deploy failed, see above; the stack has not changed\n"
        self.assertEqual((ended.returncode, ended.stderr), (1, problem))

    def status(self) -> str | None:
        return "ROLLBACK_COMPLETE" if any(call[0] == "deploy" for call in self.calls("sam")) else None


class States(unittest.TestCase):
    def said(self, status: str | None) -> str:
        formation = Formation(self, lambda: status, {}, RESOURCES)
        surroundings = {
            **ANYBODY,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": formation.url,
            "AWS_DEFAULT_REGION": REGION,
        }
        with patch.dict(os.environ, surroundings):
            boto3.setup_default_session()
            try:
                return stacks.check_state("mayfly", REGION)
            except Refusal as problem:
                return f"refused: {problem}"

    def test_nobody_is_told_to_delete_the_ledger_of_a_stack_that_worked_once(self):
        for status in stacks.STUCK:
            self.assertEqual(TABLE in self.said(status), status in stacks.FIRST, status)

    def test_each_has_a_way_out(self):
        for status, words, why in [
            (None, "mayfly is not there yet", "the first deploy"),
            ("REVIEW_IN_PROGRESS", "mayfly is not there yet", "nobody executed the change set"),
            ("CREATE_COMPLETE", "mayfly is CREATE_COMPLETE", "an update"),
            ("UPDATE_ROLLBACK_COMPLETE", "mayfly is UPDATE_ROLLBACK_COMPLETE", "the next try"),
            ("ROLLBACK_COMPLETE", DELETE, "it takes nothing but a delete"),
            ("ROLLBACK_FAILED", "`make destroy`", "something is in the way"),
            ("CREATE_FAILED", "`make destroy`", "somebody disabled the rollback"),
            ("DELETE_FAILED", "`make destroy`", "something is in the way"),
            ("UPDATE_FAILED", "aws cloudformation rollback-stack", "somebody disabled the rollback"),
            ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback", "AWS's own way"),
            ("UPDATE_IN_PROGRESS", "another operation is changing it", "two deploys at once"),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "another operation is changing it", "not over"),
        ]:
            said = self.said(status)
            self.assertIn(words, said, why)
            free = status is None or status == "REVIEW_IN_PROGRESS" or status.endswith("_COMPLETE")
            self.assertEqual(said.startswith("refused: "), not free or status == "ROLLBACK_COMPLETE", status)


# Reasons, the words that help, and where somebody was given them; "such words" where that is not known.
REASONS = [
    (
        "Invalid request provided: CreateCluster Invalid Request: Unable to assume the service linked role. Please "
        "verify that the ECS service linked role exists.",
        "the role is new: `make deploy` again",
        "aws-cloudformation/cloudformation-coverage-roadmap#818",
    ),
    (
        "Invalid request provided: CreateCapacityProvider error: ECS Service Linked Role does not exist. Please create "
        "a Service linked role for ECS and try again. (Service: AmazonECS; Status Code: 400; Error Code: ClientException)",
        "`aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`",
        "aws-samples/aws-scalable-big-blue-button-example#29",
    ),
    (
        'Resource handler returned message: "You must use a valid fully-formed launch template. Value '
        "(arn:aws:iam::123456789012:instance-profile/mayfly) for parameter iamInstanceProfile.arn is invalid. Invalid IAM "
        'Instance Profile ARN (Service: AutoScaling, Status Code: 400)"',
        "the instance profile is new: `make deploy` again",
        "aws-samples/amazon-ec2-gitlab-runner#16",
    ),
    (
        'Resource handler returned message: "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400)"',
        "set VpcId and SubnetIds to an existing network",
        "awslabs/landing-zone-accelerator-on-aws#241",
    ),
    (
        "The maximum number of internet gateways has been reached.",
        "set VpcId and SubnetIds to an existing network",
        "EC2 API reference, InternetGatewayLimitExceeded",
    ),
    (
        "The maximum number of addresses has been reached. (Service: AmazonEC2; Status Code: 400; Error Code: "
        "AddressLimitExceeded)",
        "each NAT gateway takes an address",
        "aws/aws-parallelcluster#1734",
    ),
    (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
        "minimum value of [10].",
        "leave ReservedConcurrency at 0",
        "Lambda, PutFunctionConcurrency",
    ),
    (
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: lambda:CreateFunctionUrlConfig on resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:mayfly with an explicit deny in a service control policy",
        "Ingress = httpapi",
        "IAM, troubleshoot access denied messages",
    ),
    (
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:CreateRole on resource: role mayfly "
        "because no identity-based policy allows the iam:CreateRole action",
        "the deployer needs that permission",
        "the same",
    ),
    (
        'Resource handler returned message: "Access denied for operation \'AWS::Events::Rule\'."',
        "the deployer needs that permission",
        "such words",
    ),
    (
        "AccessDeniedException: User is not allowed",
        "the deployer needs that permission",
        "such words",
    ),
    (
        "You are not authorized to use launch template: lt-0123456789abcdef0",
        "ec2:RunInstances, ec2:CreateTags and iam:PassRole",
        "EC2 Auto Scaling, troubleshoot launch templates",
    ),
    (
        "The role defined for the function cannot be assumed by Lambda.",
        "the role is new: `make deploy` again",
        "apex/up#189",
    ),
    (
        "Error creating the capacity provider: the service-linked role is missing",
        "the role is new",
        "such words",
    ),
    (
        "Provider with url https://token.actions.githubusercontent.com already exists.",
        "put its ARN into GitHubOidcProviderArn",
        "guardian/cdk#2529",
    ),
    (
        "/mayfly/stack already exists in stack arn:aws:cloudformation:us-east-1:123456789012:stack/other/1",
        "something else in the account has that name",
        "such words",
    ),
    (
        "The specified capacity provider is in use and cannot be removed.",
        "`make retire POOL=…`",
        "aws/containers-roadmap#631",
    ),
]


class Remedies(unittest.TestCase):
    def test_each_reason_has_what_helps(self):
        for reason, words, source in REASONS:
            self.assertIn(words, remedy_of(reason) or "nothing", f"{source}: {reason}")
        self.assertIsNone(remedy_of("Something that nobody has seen"))

    def test_each_row_is_that_of_some_reason(self):
        first = [next(words for words, _ in REMEDIES if words in reason.lower()) for reason, *_ in REASONS]
        self.assertEqual(set(first), {words for words, _ in REMEDIES})


if __name__ == "__main__":
    unittest.main()
