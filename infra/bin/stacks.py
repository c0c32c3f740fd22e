"""Stacks of CloudFormation: their state, their resources, and why they failed."""

from collections.abc import Iterator

import boto3
from botocore.exceptions import ClientError
from says import Refusal, one_line

NESTED = "AWS::CloudFormation::Stack"

# What a stack keeps when it goes, and how each is deleted by hand.
RETAINED = {
    "AWS::DynamoDB::Table": "aws dynamodb delete-table --table-name {id}",
    "AWS::SQS::Queue": "aws sqs delete-queue --queue-url {id}",
    # Empty once the lifecycle rule has deleted its objects.
    "AWS::S3::Bucket": "aws s3api delete-bucket --bucket {id}",
}

# CloudFormation's own words for what it stopped because something else had failed, and for which of the
# parts failed: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
FOLLOWS = ("cancelled", "The following resource(s) failed", "Embedded stack", "Rollback requested by user")

# A stack that never worked is in one of these.
FIRST = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

# What an operation on a stack begins with.
BEGINS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")

# States in which CloudFormation takes no deploy, and what helps. {stack} and {region} are filled in.
STUCK = {
    "ROLLBACK_COMPLETE": (
        "its first deploy failed and was rolled back; such a stack can only be deleted: "
        "`aws cloudformation delete-stack --stack-name {stack} --region {region}`, then `make deploy`"
    ),
    "ROLLBACK_FAILED": "its first deploy failed and could not be rolled back: `make destroy`, `make deploy`",
    "CREATE_FAILED": "its first deploy failed, and was not rolled back: `make destroy`, then `make deploy`",
    "DELETE_FAILED": "it could not be deleted: `make destroy` clears what is in the way, and tries again",
    "UPDATE_FAILED": (
        "an update failed and was not rolled back: "
        "`aws cloudformation rollback-stack --stack-name {stack} --region {region}`, then `make deploy`"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed, and could not be rolled back: fix the reason above, then "
        "`aws cloudformation continue-update-rollback --stack-name {stack} --region {region}`"
    ),
}
UNDER_WAY = (
    "another operation is changing it; wait until this no longer says IN_PROGRESS: `aws cloudformation "
    "describe-stacks --stack-name {stack} --region {region} --query Stacks[].StackStatus`"
)


def described(name: str) -> dict | None:
    """The stack, if it exists."""
    try:
        return boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None


def waiting_change_sets(name: str) -> set[str]:
    """Change sets that somebody may still execute. `sam deploy` leaves one, and exits with 0, if the answer to its
    question is no."""
    if described(name) is None:
        return set()
    pages = boto3.client("cloudformation").get_paginator("list_change_sets").paginate(StackName=name)
    return set(pages.search("Summaries[?ExecutionStatus == 'AVAILABLE'].ChangeSetId"))


def resources_of(stack: str) -> Iterator[dict]:
    """The resources of the stack and of its nested stacks, even if it is gone: an id finds it for 90 days. They
    include those that it has left behind (DELETE_SKIPPED)."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in pages.search("StackResourceSummaries[]"):
        if not resource or not resource.get("PhysicalResourceId"):
            continue
        yield resource
        if resource["ResourceType"] == NESTED:
            yield from resources_of(resource["PhysicalResourceId"])


class Stack:
    """An existing stack, with its nested ones."""

    def __init__(self, it: dict):
        self.name = it["StackName"]
        self.parameters = {each["ParameterKey"]: each["ParameterValue"] for each in it.get("Parameters", [])}
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in it.get("Outputs", [])}
        # It finds the stack also when it is gone.
        self.id = it["StackId"]
        self.resources = [it for it in resources_of(self.id) if it["ResourceStatus"] != "DELETE_COMPLETE"]

    def of_type(self, kind: str) -> list[str]:
        return [it["PhysicalResourceId"] for it in self.resources if it["ResourceType"] == kind]

    def named(self, logical: str) -> str:
        found = [it["PhysicalResourceId"] for it in self.resources if it["LogicalResourceId"] == logical]
        if not found:
            raise LookupError(f"the stack has no {logical}")
        return found[0]


def check_state(name: str, region: str) -> str:
    """A word about its state, if CloudFormation accepts a deploy; refuses otherwise."""
    it = described(name)
    if it is None:
        return f"{name} is not there yet"
    status = it["StackStatus"]
    if status == "REVIEW_IN_PROGRESS":
        # A change set was made and never executed; `sam deploy` makes the stack then.
        return f"{name} is not there yet, but a change set of it"
    if status.endswith("_IN_PROGRESS"):
        raise Refusal(f"{name} is {status}: {UNDER_WAY.format(stack=name, region=region)}")
    if status in STUCK:
        told = [f"{name} is {status}: {way_out(status, name, region)}"]
        told += [f"why: {reason}" for reason in reasons(it["StackId"])]
        told += [f"it has left behind: `{command}`" for command in left_behind(it, region)]
        raise Refusal("\n  ".join(told))
    return f"{name} is {status}"


def way_out(status: str, stack: str, region: str) -> str | None:
    """What to do in a state in which CloudFormation accepts no deploy."""
    return STUCK[status].format(stack=stack, region=region) if status in STUCK else None


def left_behind(it: dict, region: str) -> list[str]:
    """How to delete what a failed first deploy has left behind, because no later stack can take it over. What a
    working stack has left behind has data in it, so this never deletes that."""
    if it["StackStatus"] not in FIRST:
        return []
    return [
        f"{RETAINED[kept['ResourceType']].format(id=kept['PhysicalResourceId'])} --region {region}"
        for kept in resources_of(it["StackId"])
        if kept["ResourceType"] in RETAINED and kept["ResourceStatus"] == "DELETE_SKIPPED"
    ]


def reasons(stack: str) -> list[str]:
    """Why the last operation failed: first causes first, those of nested stacks in the place of 'Embedded
    stack … was not successfully created'."""
    events = events_of(stack)
    begins = [it["Timestamp"] for it in events if is_of(it, stack) and it["ResourceStatus"] in BEGINS]
    return list(dict.fromkeys(causes(stack, events, begins[-1] if begins else None)))


def causes(stack: str, events: list[dict], since) -> Iterator[str]:
    """What has failed since then. A failed nested stack is deleted in the same operation, so the time, and not its
    own last operation, says what belongs to it."""
    for event in events:
        told = event.get("ResourceStatusReason", "")
        if not event["ResourceStatus"].endswith("_FAILED") or (since and event["Timestamp"] < since):
            continue
        if event["ResourceType"] == NESTED and not is_of(event, stack) and event.get("PhysicalResourceId"):
            nested = event["PhysicalResourceId"]
            inside = list(causes(nested, events_of(nested), since))
            # What is not explained there is explained here.
            yield from inside or [reason_of(event)]
        elif not any(word in told for word in FOLLOWS):
            yield reason_of(event)


def is_of(event: dict, stack: str) -> bool:
    """Whether an event is of the stack itself, not of one of its resources."""
    return event.get("PhysicalResourceId") == event["StackId"] == stack


def events_of(stack: str) -> list[dict]:
    """Oldest first."""
    pages = boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    return list(pages.search("StackEvents[]"))[::-1]


def reason_of(event: dict) -> str:
    told = one_line(event.get("ResourceStatusReason") or "CloudFormation gives no reason")
    return f"{event['LogicalResourceId']} ({event['ResourceType']}): {told}"
