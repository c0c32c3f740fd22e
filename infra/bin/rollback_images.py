#!/usr/bin/env python3
"""Goes back to the images that were published before: `make images-rollback`.

    rollback_images.py

Deploys nothing: it says what to run next. Run twice, it goes forth again. Nothing is built after it until a pin, a base
image or a file of the images has changed.
"""

import json
import sys

import boto3
import image_builds
from says import AWS_ERRORS, Refusal, fail, say, told_by_aws
from settings import environment, settings_or_fail


def rollback(path: str) -> dict[str, str]:
    """The images that deploys use from now on."""
    record = image_builds.record(path)
    if not record:
        raise Refusal("nothing was published yet: `make images` builds and publishes")
    if not record["before"]:
        raise Refusal("nothing was published before what is published now: mend the images, then `make images`")
    # Without its day, what is published is never too old: the check would build again what did not work.
    swapped = {"pins": record.get("pins", ""), "images": record["before"], "before": record["images"]}
    value = json.dumps(swapped, separators=(",", ":"))
    boto3.client("ssm").put_parameter(
        Name=image_builds.parameter_of(path), Type="String", Value=value, Overwrite=True
    )
    return swapped["images"]


def main(arguments: list[str]) -> None:
    if arguments:
        print(__doc__)
        return
    found = settings_or_fail(environment())
    try:
        for name, image in sorted(rollback(found.path).items()):
            say(name, image)
    except Refusal as problem:
        fail(str(problem))
    print("Now `make deploy`: new runners have these images; those that run end with their jobs.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
