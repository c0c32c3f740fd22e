"""The images of a deploy. It deploys the digest that a tag names now, which must exist for every architecture of
the map's pools."""

from dataclasses import dataclass, field

import registries
from pools import Pool
from says import Refusal, listed

# The parameter with the repositories of ECR that ECS may pull from.
REPOSITORIES = "ImageRepositories"

# The parameter, and whose image it is.
RUNNER, RUNNER_DOCKER, DOCKERD = "RunnerImage", "RunnerDockerImage", "DockerdImage"
PARAMETERS = [RUNNER, RUNNER_DOCKER, DOCKERD]
# Fluent Bit's may be of any pool, and none waits for it.
LOGS = "LogsImage"
# The publishers' runs beside the pools, on the architectures of all of them.
RUNTIMES = "RuntimesImage"
# The mirror of Docker Hub is no pool's.
MIRROR = "MirrorImage"
NAMED = [*PARAMETERS, LOGS, RUNTIMES, MIRROR]

# What registries call the map's architectures.
PLATFORMS = {"x86_64": "amd64", "arm64": "arm64"}
# Whose architectures an image has to have.
OF_POOLS = "pools of pools.toml are"
# infra/mirror.yaml's task.
OF_THE_MIRROR = {"arm64"}


@dataclass
class Images:
    """The images that the deploy uses instead of those that were written."""

    parameters: dict[str, str] = field(default_factory=dict)
    said: str = ""
    warnings: list[str] = field(default_factory=list)


def resolve(given: dict[str, str], pools: dict[str, Pool], stack: str, region: str) -> Images:
    """Resolves every named image, or says why one cannot be deployed."""
    found, problems, said, on_instances = Images(), [], [], set()
    for parameter in NAMED:
        if not given.get(parameter):
            continue
        try:
            whose = "the mirror is" if parameter == MIRROR else OF_POOLS
            pinned = resolved(given[parameter], needed_by(parameter, pools), region, whose)
        except Refusal as problem:
            problems.append(f"{parameter}: {problem}")
            continue
        found.parameters[parameter] = pinned
        said.append(f"{parameter} is {pinned}")
        if any(pool.on_ec2 for pool in run_by(parameter, pools)):
            on_instances.add(pinned)
    for pool in pools.values():
        if pool.image and pool.in_service:
            try:
                own = of_map(pool, resolved(pool.image, {pool.architecture}, region, OF_POOLS))
            except Refusal as problem:
                problems.append(f"the image of {pool.name}: {problem}")
                continue
            found.warnings += own
            on_instances |= {pool.image} if pool.on_ec2 else set()
    if problems:
        raise Refusal("\n  ".join(problems))
    own = [pool.image for pool in pools.values() if pool.image]
    arns = {registries.repository_arn(it) for it in [*found.parameters.values(), *own]} - {""}
    if arns and not given.get(REPOSITORIES):
        found.parameters[REPOSITORIES] = ",".join(sorted(arns))
    found.warnings += [it for image in sorted(on_instances) if (it := registries.unpulled(image, stack, region))]
    found.said = "; ".join([*said, *idle(given, pools)])
    return found


def of_map(pool: Pool, pinned: str) -> list[str]:
    """Warns about a pool's own image, which is deployed as the map names it. An instance's ECS agent keeps the
    image that it has for a tag (ECS_IMAGE_PULL_BEHAVIOR=prefer-cached), even if the tag names another one by now."""
    if "@" in pool.image:
        return []
    way = f'write image = "{pinned}" into pools.toml, then `mayfly pools render`'
    if pool.on_ec2:
        raise Refusal(f"{pool.image} is a tag, and an instance keeps the image that it has for a tag: {way}")
    return [f"the image of {pool.name} is {pool.image}, and each task gets what that names when it starts: {way}"]


def resolved(text: str, architectures: set[str], region: str, whose: str) -> str:
    """`repository@sha256:…` of it."""
    there = registries.look_up(text, region)
    if there.architectures is None:
        raise Refusal(
            f"{text} is one image and no index: `make images PUSH=…` pushes one for both architectures"
        )
    lacking = sorted(it for it in architectures if PLATFORMS.get(it) not in there.architectures)
    if lacking:
        raise Refusal(f"{text} has no image for {listed(lacking)}, and {whose} {listed(lacking)}")
    return f"{registries.Reference.of(text).name}@{there.digest}"


def needed_by(parameter: str, pools: dict[str, Pool]) -> set[str]:
    """The architectures of the pools that run it, or for which it publishes."""
    if parameter == RUNTIMES:
        return {pool.architecture for pool in pools.values() if pool.in_service}
    return OF_THE_MIRROR if parameter == MIRROR else {pool.architecture for pool in run_by(parameter, pools)}


def run_by(parameter: str, pools: dict[str, Pool]) -> list[Pool]:
    """The pools in service whose tasks have that image."""
    if parameter in (RUNTIMES, MIRROR):
        return []
    if parameter == LOGS:
        return [it for it in pools.values() if it.in_service]
    on_ec2, for_all = parameter != RUNNER, parameter == DOCKERD
    return [
        it for it in pools.values() if it.in_service and it.on_ec2 == on_ec2 and (for_all or not it.image)
    ]


def idle(given: dict[str, str], pools: dict[str, Pool]) -> list[str]:
    """Which pools start nothing, because they have no image yet."""
    said = []
    for parameter in PARAMETERS:
        waiting = [pool.name for pool in run_by(parameter, pools)]
        if waiting and not given.get(parameter):
            said.append(f"{parameter} is empty: {listed(waiting)} start nothing")
    return said
