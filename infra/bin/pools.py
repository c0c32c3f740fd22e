"""The pools of the map (pools.toml), and those of a deployed stack."""

import tomllib
from dataclasses import dataclass

import boto3
from says import Refusal, listed
from settings import ROOT
from stacks import Stack

FILE = ROOT / "pools.toml"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
# What is read of an entry here.
TEXTS = ("capacity", "architecture", "image", "fallback")
# What DescribeTasks takes in one call.
TASKS = 100


@dataclass
class Pool:
    """An entry of the map, as far as a deploy needs it."""

    name: str
    entry: dict

    @property
    def on_ec2(self) -> bool:
        return self.entry.get("capacity", "").startswith("ec2")

    @property
    def on_ec2_spot(self) -> bool:
        return self.entry.get("capacity") == "ec2-spot"

    @property
    def in_service(self) -> bool:
        """A pool with `maximum = 0` launches nothing."""
        return self.entry.get("maximum") != 0

    @property
    def architecture(self) -> str:
        return self.entry.get("architecture", "")

    @property
    def image(self) -> str | None:
        """One of its own."""
        return self.entry.get("image")

    @property
    def fallback(self) -> str | None:
        return self.entry.get("fallback")


def whole_map() -> dict:
    """All of pools.toml."""
    try:
        return tomllib.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal(f"pools.toml cannot be read: {error}") from None


def of_map() -> dict[str, Pool]:
    """The map's pools. `mayfly pools render` checks every field; here only the fields that are read must be text."""
    entries = whole_map().get("pools", {})
    if not isinstance(entries, dict):
        raise Refusal("pools.toml: pools is not a table of pools, [pools.<name>]")
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            raise Refusal(f"pools.toml: {name} is not a table of fields")
        for field in TEXTS:
            if not isinstance(entry.get(field, ""), str):
                raise Refusal(f"pools.toml: {name}.{field} is {entry[field]!r}, and no text")
    return {name: Pool(name, entry) for name, entry in entries.items()}


def physical(stack: str, pool: str) -> str:
    """The name of its Auto Scaling group, capacity provider and task definition family. Neither a stack's
    name nor a pool's has an underscore."""
    return f"{stack}_{pool}"


def cluster(stack: str, on_ec2: bool) -> str:
    return f"{stack}_{'ec2' if on_ec2 else 'fargate'}"


def groups_of(stack: Stack) -> dict[str, str]:
    """The Auto Scaling groups of the stack's EC2 pools, by the pools' names."""
    return {group.removeprefix(f"{stack.name}_"): group for group in stack.of_type(GROUP)}


def deployed(stack: Stack) -> dict[str, bool]:
    """The pools that the stack has, and whether each is on EC2."""
    # arn:PARTITION:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION
    families = [arn.rpartition("/")[2].partition(":")[0] for arn in stack.of_type(TASK_DEFINITION)]
    groups, own = groups_of(stack), f"{stack.name}_"
    # What is called otherwise is not a pool's: Fluent Bit's on the hosts.
    names = [*(family.removeprefix(own) for family in families if family.startswith(own)), *groups]
    return {name: name in groups for name in names}


def check_dropped(stack: Stack | None, pools: dict[str, Pool]) -> str:
    """Refuses to remove a pool, or to move one between EC2 and Fargate, while it has tasks or instances.
    CloudFormation cannot delete a capacity provider while a task uses it (containers-roadmap #631), and its
    instances stay, protected and billed, after it is gone (#2862). And the functions look for tasks in the cluster
    that the map says, not where they are."""
    if stack is None:
        return "none is deployed yet"
    there = deployed(stack).items()
    dropped = {name: on_ec2 for name, on_ec2 in there if name not in pools or pools[name].on_ec2 != on_ec2}
    held = []
    for name, on_ec2 in dropped.items():
        instances = instances_of(physical(stack.name, name)) if on_ec2 else []
        tasks = tasks_of(stack.name, name, on_ec2)
        if instances or tasks:
            what = "moves between EC2 and Fargate" if name in pools else "is not in pools.toml any more"
            held.append(
                f"{name} {what}, and still has {len(instances)} instances and {len(tasks)} tasks: put its "
                f"entry back as it was, then `make retire POOL={name}`"
            )
    if held:
        raise Refusal("\n".join(held))
    return f"{listed(dropped)} will go; nothing runs there" if dropped else "none is dropped"


def instances_of(group: str) -> list[dict]:
    """The group's instances, in any state."""
    found = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return [it for each in found["AutoScalingGroups"] for it in each["Instances"]]


def tasks_of(stack: str, pool: str, on_ec2: bool) -> list[str]:
    """Tasks on this pool's capacity that have not ended: those that run, wait, or are being stopped."""
    ecs = boto3.client("ecs")
    where = {"cluster": cluster(stack, on_ec2), "family": physical(stack, pool)}
    pages = ecs.get_paginator("list_tasks")
    try:
        live = list(pages.paginate(**where, desiredStatus="RUNNING").search("taskArns[]"))
        ending = list(pages.paginate(**where, desiredStatus="STOPPED").search("taskArns[]"))
    except ecs.exceptions.ClusterNotFoundException:
        return []
    for start in range(0, len(ending), TASKS):
        some = ecs.describe_tasks(cluster=where["cluster"], tasks=ending[start : start + TASKS])["tasks"]
        live += [it["taskArn"] for it in some if it["lastStatus"] != "STOPPED"]
    return live
