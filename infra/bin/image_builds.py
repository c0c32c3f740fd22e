"""The images that the stack builds itself (infra/image-builds.yaml): which were published last, which are kept, and
which reach the pools without a deploy (infra/automatic-images.yaml)."""

import json

import boto3
from registries import ECR, Reference
from says import AWS_ERRORS, Refusal, one_line
from stacks import Stack, described

# The template's parameters, by the images that infra/image-store.yaml has repositories for.
PARAMETERS = {
    "runner": "RunnerImage",
    "runner-docker": "RunnerDockerImage",
    "dockerd": "DockerdImage",
    "logs": "LogsImage",
    "mirror": "MirrorImage",
    "runtimes": "RuntimesImage",
}
# What a deploy leaves out until its images are there: each with what says that it is.
WAITING = {
    "DockerHubMirror": ("off", "MirrorImage"),
    "HostLogs": ("off", "LogsImage"),
    "HostMetrics": ("off", "LogsImage"),
    "TaskLogs": ("off", "LogsImage"),
}
# Those that containers of the pools' tasks have.
OF_POOLS = ["runner", "runner-docker", "dockerd", "logs"]
# The nested stacks whose outputs scripts read.
NESTED = ("ImageStore", "ImageBuilding", "AutomaticImaging")
# ECR keeps what has such a tag.
LIVE = "live-"
# What is deployed, and what was before.
KEPT = 2


def is_on(parameters: dict[str, str]) -> bool:
    return parameters.get("ImageBuilds") == "on"


def gives(parameters: dict[str, str]) -> bool:
    """Whether new images reach the pools without a deploy."""
    return parameters.get("AutomaticImages") == "on"


def problems(parameters: dict[str, str], stack: str) -> list[str]:
    """ECR's names have no capital letter, and no hyphen before another mark."""
    found = []
    if is_on(parameters) and (stack != stack.lower() or stack.endswith("-")):
        found.append(f"ImageBuilds is on, and stack_name is {stack}: a repository of ECR is called after it, in small letters")
    if gives(parameters) and not is_on(parameters):
        found.append('AutomaticImages is on, and ImageBuilds is off: no build publishes any; set ImageBuilds = "on", or leave it out')
    return found


def given(parameters: dict[str, str]) -> dict[str, str]:
    """Which images the pools get without a deploy: those that samconfig.toml leaves empty."""
    if not gives(parameters):
        return {}
    return {"AutomaticImageNames": ",".join(it for it in OF_POOLS if not parameters.get(PARAMETERS[it]))}


def parameter_of(path: str) -> str:
    return f"{path}/images"


def record(path: str) -> dict:
    """What the last build and the one before have published; empty before the first build."""
    ssm = boto3.client("ssm")
    try:
        value = ssm.get_parameter(Name=parameter_of(path))["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return {}
    if value == "none":
        return {}
    try:
        found = json.loads(value)
        images, before = found["images"], found["before"]
    except (ValueError, TypeError, KeyError):
        images, before = None, None
    if not isinstance(images, dict) or not isinstance(before, dict):
        raise Refusal(f"{parameter_of(path)} is not what a build writes: `make images` writes it again")
    return found


def published(path: str, parameters: dict[str, str]) -> dict[str, str]:
    """The images of the last build, for the parameters that samconfig.toml leaves empty."""
    if not is_on(parameters):
        return {}
    images = record(path).get("images", {})
    return {
        parameter: images[image]
        for image, parameter in PARAMETERS.items()
        if image in images and parameters.get(parameter) == ""
    }


def waiting(parameters: dict[str, str]) -> dict[str, str]:
    """The parameters that stay off in this deploy because their images are not built yet."""
    if not is_on(parameters):
        return {}
    return {
        switch: off
        for switch, (off, image) in WAITING.items()
        if parameters.get(switch, off) != off and not parameters.get(image)
    }


def outputs(stack: str) -> dict[str, str]:
    """The outputs of the nested stacks; empty if there are none."""
    there = described(stack)
    if there is None or there["StackStatus"] == "REVIEW_IN_PROGRESS":
        return {}
    nested = [it["PhysicalResourceId"] for it in Stack(there).resources if it["LogicalResourceId"] in NESTED]
    return {name: value for it in nested for name, value in Stack(described(it)).outputs.items()}


def keep(deployed: list[str], stack: str) -> list[str]:
    """Tags the deployed images, so that ECR does not expire them, and removes the tag from those of two deploys
    ago. Returns what failed, which stops no deploy, because ECR keeps the ten newest builds anyway."""
    warnings = []
    for image in deployed:
        reference = Reference.of(image)
        if ECR.fullmatch(reference.registry) and reference.repository.startswith(f"{stack}_images/"):
            try:
                keep_one(reference)
            except AWS_ERRORS as error:
                warnings.append(f"{image} has no tag that keeps it: {one_line(error)}")
    return warnings


def keep_one(image: Reference) -> None:
    """Tags are numbered, because ECR does not say when one was given."""
    ecr, repository = boto3.client("ecr"), image.repository
    live = {}
    for it in ecr.get_paginator("describe_images").paginate(repositoryName=repository).search("imageDetails[]"):
        for tag in it.get("imageTags", []):
            if tag.startswith(LIVE) and tag.removeprefix(LIVE).isdecimal():
                live[int(tag.removeprefix(LIVE))] = it["imageDigest"]
    newest = max(live, default=0)
    if live.get(newest) != image.digest:
        answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": image.digest}])
        for found in answer["images"]:
            newest += 1
            ecr.put_image(
                repositoryName=repository,
                imageManifest=found["imageManifest"],
                imageManifestMediaType=found["imageManifestMediaType"],
                imageTag=f"{LIVE}{newest}",
                imageDigest=image.digest,
            )
    old = [{"imageTag": f"{LIVE}{it}"} for it in sorted(live) if it <= newest - KEPT]
    if old:
        # The image stays while it has another tag.
        ecr.batch_delete_image(repositoryName=repository, imageIds=old)
