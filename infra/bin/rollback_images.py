#!/usr/bin/env python3
"""Goes back to the previously published images: `make images-rollback`.

    rollback_images.py

With AutomaticImages on, it gives them to the pools; otherwise it deploys nothing, and says what to run next. A second
run goes forward again. After it, nothing is built until a pin, a base image or a file of the images has changed.
"""

import json
import sys

import boto3
import image_builds
import make_images
import stacks
from says import AWS_ERRORS, Refusal, fail, say, told_by_aws
from settings import environment, settings_or_fail


def rollback(path: str) -> dict[str, str]:
    """The images that deploys use from now on."""
    record = image_builds.record(path)
    if not record:
        raise Refusal("nothing was published yet: `make images` builds and publishes")
    if not record["before"]:
        raise Refusal("there are no earlier images to go back to: fix the images, then run `make images`")
    # Without its day, what is published is never too old: the check would build again what did not work.
    swapped = {"pins": record.get("pins", ""), "images": record["before"], "before": record["images"]}
    value = json.dumps(swapped, separators=(",", ":"))
    boto3.client("ssm").put_parameter(
        Name=image_builds.parameter_of(path), Type="String", Value=value, Overwrite=True
    )
    return swapped["images"]


def give(outputs: dict[str, str]) -> None:
    """Gives them to the pools. The record of what is published has already changed, even if this fails."""
    try:
        make_images.give(outputs)
    except Refusal as problem:
        raise Refusal(
            f"{problem}; they are what is published all the same, and `make deploy` gives them to the pools: this command again "
            "would go forth"
        ) from problem


def main(arguments: list[str]) -> None:
    if arguments:
        print(__doc__)
        return
    found = settings_or_fail(environment())
    outputs = image_builds.outputs(found.stack)
    # The stack says whether functions launch what is given, whatever samconfig.toml has said since its deploy.
    automatic = "Give" in outputs
    try:
        if automatic:
            stacks.check_state(found.stack, found.region)
        for name, image in sorted(rollback(found.path).items()):
            say(name, image)
        if automatic:
            give(outputs)
    except Refusal as problem:
        fail(str(problem))
    ended = "those that run end with their jobs."
    if automatic:
        print(f"New runners have these images; {ended} `make deploy` gives them to hosts, mirror and runtimes.")
    else:
        print(f"Now `make deploy`: new runners have these images; {ended}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; what was begun continues, and running this command again would go forward")
