"""What the template gives an EC2 instance: its launch template, and what its user data has for it."""

import base64
import email
import re
import sys
from pathlib import Path

from shapes import Stack

sys.path.insert(0, str(Path(__file__).parents[2] / "images/host"))

import pack  # noqa: E402  (the folder is not a package)


def launch_templates(pools: Stack) -> dict[str, dict]:
    """By the pool's name in logical ids."""
    return {
        logical.removeprefix("LaunchTemplate"): pools.value(it["Properties"]["LaunchTemplateData"])
        for logical, it in pools.resources().items()
        if it["Type"] == "AWS::EC2::LaunchTemplate"
    }


def user_data(pools: Stack) -> dict[str, str]:
    return {pool: it["UserData"]["Fn::Base64"] for pool, it in launch_templates(pools).items()}


def parts(text: str) -> list:
    """As cloud-init takes it apart."""
    return email.message_from_string(text).get_payload()


def settings(text: str) -> dict[str, str]:
    """What host.env says."""
    return dict(re.findall(r'^(MAYFLY_\w+)="(.*)"$', text, re.MULTILINE))


def files(text: str) -> dict[str, str]:
    """What is packed into it, by path."""
    _, lines, _ = pack.sections(text)
    return {path: content.decode() for path, _, content in pack.unpacked(base64.b64decode("".join(lines)))}
