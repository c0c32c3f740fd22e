#!/usr/bin/env python3
"""Makes the webhook secret and the first ticket key, as SecureStrings in the Parameter Store. What is
there already stays.

    make_secrets.py [PATH]     PATH is the template's ParametersPath, /mayfly unless told
"""

import re
import secrets
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Bytes; as long as what HMAC-SHA256 makes of them.
LENGTH = 32


def fail(problem: str) -> None:
    sys.exit(f"make_secrets.py: {problem}")


def put(ssm, name: str, secret: str) -> bool:
    """False: there is one of that name, and it stays. Parameter Store decides, so that two who do this at
    once do not overwrite each other's."""
    try:
        ssm.put_parameter(Name=name, Type="SecureString", Value=secret, Overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        print(f"{name} is there and stays")
        return False
    return True


def make(ssm, path: str) -> None:
    if put(ssm, name := f"{path}/ticket-keys/1", secrets.token_hex(LENGTH)):
        print(f"{name} is written; nobody else needs it")

    secret = secrets.token_hex(LENGTH)
    if put(ssm, name := f"{path}/webhook-secrets/1", secret):
        print(f"{name} is written. Paste this at GitHub, as the webhook's secret; it is shown this once:")
        print(secret)

    name = f"{path}/github-app-keys/1"
    if not ssm.get_parameters(Names=[name])["Parameters"]:
        print(f"Still to do: put the App's private key, as GitHub gave it to you, into {name}:")
        value = "file://YOUR-APP.private-key.pem"
        print(f"  aws ssm put-parameter --type SecureString --name {name} --value {value}")


def main() -> None:
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    path = sys.argv[1] if len(sys.argv) == 2 else "/mayfly"
    if not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", path):
        fail(f"the path {path} is none of the Parameter Store; /mayfly is one")
    try:
        boto3.client("sts").get_caller_identity()
        make(boto3.client("ssm"), path)
    except (BotoCoreError, ClientError) as error:
        fail(f"{error}; `aws configure` or `aws sso login` tells AWS who you are")


if __name__ == "__main__":
    main()
