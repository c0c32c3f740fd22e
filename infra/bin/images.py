"""The images of a deploy: what is deployed is what a tag names now, by its digest, for every architecture
that a pool of the map has."""

from dataclasses import dataclass, field

import registries
from pools import Pool
from says import Refusal, listed

# The parameter, and whose image it is.
RUNNER, RUNNER_DOCKER, DOCKERD = "RunnerImage", "RunnerDockerImage", "DockerdImage"
PARAMETERS = [RUNNER, RUNNER_DOCKER, DOCKERD]
# Fluent Bit's may be of any pool, and none waits for it.
LOGS = "LogsImage"
NAMED = [*PARAMETERS, LOGS]

# What registries call the map's architectures.
PLATFORMS = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass
class Images:
    """What the deploy is given in the place of what was written."""

    parameters: dict[str, str] = field(default_factory=dict)
    said: str = ""


def resolve(given: dict[str, str], pools: dict[str, Pool], region: str) -> Images:
    """Every image that is named, and why one cannot be deployed."""
    found, problems, said = Images(), [], []
    for parameter in NAMED:
        if not given.get(parameter):
            continue
        try:
            pinned = resolved(given[parameter], needed_by(parameter, pools), region)
        except Refusal as problem:
            problems.append(f"{parameter}: {problem}")
            continue
        found.parameters[parameter] = pinned
        said.append(f"{parameter} is {pinned}")
    for pool in pools.values():
        if pool.image and pool.in_service:
            try:
                # The map's own text is what is deployed.
                resolved(pool.image, {pool.architecture}, region)
            except Refusal as problem:
                problems.append(f"the image of {pool.name}: {problem}")
    if problems:
        raise Refusal("\n  ".join(problems))
    found.said = "; ".join([*said, *idle(given, pools)])
    return found


def resolved(text: str, architectures: set[str], region: str) -> str:
    """`repository@sha256:…` of it."""
    there = registries.look_up(text, region)
    if there.architectures is None:
        raise Refusal(
            f"{text} is one image and no index: `make images PUSH=…` pushes one for both architectures"
        )
    lacking = sorted(it for it in architectures if PLATFORMS.get(it) not in there.architectures)
    if lacking:
        raise Refusal(
            f"{text} has no image for {listed(lacking)}, and pools of pools.toml are {listed(lacking)}"
        )
    return f"{registries.Reference.of(text).name}@{there.digest}"


def needed_by(parameter: str, pools: dict[str, Pool]) -> set[str]:
    """The architectures of the pools that run it."""
    return {pool.architecture for pool in run_by(parameter, pools)}


def run_by(parameter: str, pools: dict[str, Pool]) -> list[Pool]:
    """The pools in service whose tasks have that image."""
    if parameter == LOGS:
        return [it for it in pools.values() if it.in_service]
    on_ec2, for_all = parameter != RUNNER, parameter == DOCKERD
    return [
        it for it in pools.values() if it.in_service and it.on_ec2 == on_ec2 and (for_all or not it.image)
    ]


def idle(given: dict[str, str], pools: dict[str, Pool]) -> list[str]:
    """Which pools start nothing, because their images are not there yet."""
    said = []
    for parameter in PARAMETERS:
        waiting = [pool.name for pool in run_by(parameter, pools)]
        if waiting and not given.get(parameter):
            said.append(f"{parameter} is empty: {listed(waiting)} start nothing")
    return said
