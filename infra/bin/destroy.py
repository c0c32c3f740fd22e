#!/usr/bin/env python3
"""Takes a stack down: no new runners, then no runners, then no instances, then the stack.

    destroy.py

The stack and its region are those of samconfig.toml; ENV=staging takes [staging.global.parameters]. It
touches what CloudFormation lists as this stack's, and the tasks in its clusters that have its tag: nobody else's.

Each step prints one line, and is tried whether or not those before it went well; when one has failed,
the exit code is 1, and a second run does what is left. The ledger's table, the queues and the secrets
stay; what is printed at the end removes them.
"""

import re
import sys
from collections.abc import Callable
from functools import partial

import boto3
import clearing
import registrations
import settings
import stacks
from botocore.exceptions import BotoCoreError
from registrations import GITHUB_COM, GitHub
from says import AWS_ERRORS, fail, told_by_aws
from settings import Settings
from stacks import Stack

# Items that BatchGetItem takes in one call.
ITEMS = 100


def stack_in(settings: Settings) -> Stack:
    found = stacks.described(settings.stack)
    if found is None:
        fail(f"there is no stack {settings.stack} in {settings.region}")
    return Stack(found)


def delete(stack: Stack) -> str:
    formation = boto3.client("cloudformation")
    formation.delete_stack(StackName=stack.id)
    try:
        formation.get_waiter("stack_delete_complete").wait(StackName=stack.id)
    except BotoCoreError:
        told = stacks.reasons(stack.id) or ["CloudFormation tells no reason"]
        raise RuntimeError(f"it is not gone: {'; '.join(told)}") from None
    return "deleted"


def delete_registrations(stack: Stack) -> str:
    """Deletes registrations with the App's key that sorts last, as the registrar does."""
    told = stack.parameters
    path = f"{told['ParametersPath']}/github-app-keys"
    pages = boto3.client("ssm").get_paginator("get_parameters_by_path")
    found = pages.paginate(Path=path, WithDecryption=True).search("Parameters[].[Name, Value]")
    keys = sorted(((name, key) for name, key in found if key.strip()), key=lambda it: as_numbers(it[0]))
    if not keys:
        left = "GitHub removes runners a day after they went offline"
        raise LookupError(f"the App's key is not under {path}; {left}")
    api = told.get("GitHubApiUrl") or GITHUB_COM
    github = GitHub(api, told["Organisation"], told["GitHubAppId"], keys[-1][1])
    return str(registrations.delete_all(github, lambda ids: in_ledger(stack.named("LedgerTable"), ids)))


def as_numbers(name: str) -> list[str | int]:
    """By this names sort as people count: 10 after 9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name)]


def in_ledger(table: str, ids: list[str]) -> set[str]:
    """Those of the RunnerIds that the ledger knows."""
    ledger, known = boto3.client("dynamodb"), set()
    for some in clearing.parts_of(sorted(set(ids)), ITEMS):
        keys = [{"key": {"S": f"runner#{each}"}} for each in some]
        only_keys = {"ProjectionExpression": "#key", "ExpressionAttributeNames": {"#key": "key"}}
        asked = {table: {"Keys": keys, "ConsistentRead": True, **only_keys}}
        while asked:
            answer = ledger.batch_get_item(RequestItems=asked)
            known |= {it["key"]["S"].removeprefix("runner#") for it in answer["Responses"].get(table, [])}
            asked = answer.get("UnprocessedKeys")
    return known


class Steps:
    """The steps, each by itself."""

    def __init__(self):
        self.failed = 0

    def do(self, what: str, step: Callable[[], str]) -> None:
        try:
            print(f"{what}: {step()}", flush=True)
        except Exception as error:  # any error is reported, and the others are still deleted
            self.failed += 1
            print(f"{what}: failed: {error}", file=sys.stderr, flush=True)


def all_steps(stack: Stack) -> list[tuple[str, list[str], Callable[[str], str]]]:
    """Every step with its resources, in this order: functions, tasks, registrations, instances, storage."""
    of_type = stack.of_type
    return [
        ("function", of_type("AWS::Lambda::Function"), clearing.switch_off),
        ("cluster", of_type("AWS::ECS::Cluster"), partial(clearing.stop_tasks, stack=stack.name)),
        ("registrations at", ["GitHub"], lambda _: delete_registrations(stack)),
        ("Auto Scaling group", of_type("AWS::AutoScaling::AutoScalingGroup"), clearing.let_instances_go),
        # All of them go at the same time, and are waited for one after the other.
        ("Auto Scaling group", of_type("AWS::AutoScaling::AutoScalingGroup"), clearing.wait_until_empty),
        ("bucket", of_type("AWS::S3::Bucket"), clearing.empty_bucket),
        ("repository", of_type("AWS::ECR::Repository"), clearing.empty_repository),
    ]


def destroy(stack: Stack) -> int:
    """Runs all steps; returns how many have failed."""
    steps = Steps()
    for word, names, step in all_steps(stack):
        for name in names:
            steps.do(f"{word} {name}", partial(step, name))
    steps.do(f"stack {stack.name}", lambda: delete(stack))
    return steps.failed


def main() -> None:
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return
    if len(sys.argv) > 1:
        fail("the stack and its region are samconfig.toml's; --help says more")
    found = settings.settings_or_fail(settings.environment())
    stack, name = stack_in(found), found.stack
    print(f"Type {name} to delete it in {found.region}, with every runner: ", end="", flush=True)
    if sys.stdin.readline().strip() != name:
        fail("nothing was done")
    if failed := destroy(stack):
        fail(f"{failed} steps failed; fix the causes and run it again")
    print(f"{name} is gone. What stays, because nothing brings it back:")
    for kind, command in stacks.RETAINED.items():
        for each in stack.of_type(kind):
            print(f"  {command.format(id=each)} --region {found.region}")
    if path := stack.parameters.get("ParametersPath"):
        print(
            f"  the secrets: aws ssm delete-parameter --region {found.region} --name, for each under {path}"
        )
    where = f"--region {found.region} --family-prefix {name}_"
    print(f"  old revisions of task definitions, which cost nothing: aws ecs list-task-definition-families {where}")
    print("  what the SAM CLI has uploaded, in the bucket that it made for all of its stacks")


if __name__ == "__main__":
    try:
        main()
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; run `make destroy` again for the rest; CloudFormation continues what it has begun")
