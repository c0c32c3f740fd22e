"""The pools of the map (pools.toml), and those of a stack that is deployed."""

import tomllib
from dataclasses import dataclass

import boto3
from says import Refusal, listed
from settings import ROOT
from stacks import Stack

FILE = ROOT / "pools.toml"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
# What DescribeTasks takes in one call.
TASKS = 100


@dataclass
class Pool:
    """An entry of the map, as far as a deploy has to know it."""

    name: str
    entry: dict

    @property
    def on_ec2(self) -> bool:
        return self.entry.get("capacity", "").startswith("ec2")

    @property
    def on_ec2_spot(self) -> bool:
        return self.entry.get("capacity") == "ec2-spot"

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


def of_map() -> dict[str, Pool]:
    try:
        entries = tomllib.loads(FILE.read_text(encoding="utf-8")).get("pools", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refusal(f"pools.toml cannot be read: {error}") from None
    return {name: Pool(name, entry) for name, entry in entries.items()}


def physical(stack: str, pool: str) -> str:
    """What its Auto Scaling group, capacity provider and task definition family are called. Neither a stack's
    name nor a pool's has an underscore."""
    return f"{stack}_{pool}"


def cluster(stack: str, on_ec2: bool) -> str:
    return f"{stack}_{'ec2' if on_ec2 else 'fargate'}"


def groups_of(stack: Stack) -> dict[str, str]:
    """The Auto Scaling groups of the stack's EC2 pools, by the pools' names."""
    return {group.removeprefix(f"{stack.name}_"): group for group in stack.of_type(GROUP)}


def check_dropped(stack: Stack | None, pools: dict[str, Pool]) -> str:
    """A pool that leaves the map leaves the stack. CloudFormation cannot take a capacity provider away while
    a task uses it (containers-roadmap #631), and its instances stay, protected and paid for, when it is gone
    (#2862)."""
    if stack is None:
        return "none is deployed yet"
    dropped = {name: group for name, group in groups_of(stack).items() if name not in pools}
    held = []
    for name, group in dropped.items():
        instances, tasks = instances_of(group), tasks_of(stack.name, name, on_ec2=True)
        if instances or tasks:
            held.append(
                f"{name} is not in pools.toml any more, and still has {len(instances)} instances and "
                f"{len(tasks)} tasks: put its entry back, then `make retire POOL={name}`"
            )
    if held:
        raise Refusal("; ".join(held))
    return f"{listed(dropped)} will go; nothing runs there" if dropped else "none with instances is dropped"


def instances_of(group: str) -> list[dict]:
    """Those that the group has, whatever becomes of them."""
    found = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return [it for each in found["AutoScalingGroups"] for it in each["Instances"]]


def tasks_of(stack: str, pool: str, on_ec2: bool) -> list[str]:
    """Tasks on this pool's capacity that are not at their end: those that run or wait, and those that are
    being stopped."""
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
