#!/usr/bin/env python3
"""Makes the webhook secret and the first ticket key, as SecureStrings in the Parameter Store, under the
ParametersPath and in the region of samconfig.toml. Existing ones stay.

    make_secrets.py

ENV=staging takes [staging.global.parameters]. It asks for a missing region.
"""

import secrets
import sys

import boto3
import parameter_store
import settings
from parameter_store import APP_KEYS, TICKET_KEYS, WEBHOOK_SECRETS
from says import AWS_ERRORS, fail, listed, told_by_aws

# Bytes; as long as what HMAC-SHA256 makes of them.
LENGTH = 32


def put(ssm, name: str, secret: str) -> bool:
    """Writes a secret. False if its folder already has one, which stays. The Parameter Store decides, so that two
    people at once do not overwrite each other's."""
    if there := parameter_store.names_under(name.rpartition("/")[0]):
        print(f"{listed(there)} is there and stays")
        return False
    try:
        ssm.put_parameter(Name=name, Type="SecureString", Value=secret, Overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        print(f"{name} is there and stays")
        return False
    return True


def make(ssm, path: str, region: str) -> None:
    if put(ssm, name := f"{path}/{TICKET_KEYS}/1", secrets.token_hex(LENGTH)):
        print(f"{name} is written in {region}; nobody needs to copy it")

    secret = secrets.token_hex(LENGTH)
    if put(ssm, name := f"{path}/{WEBHOOK_SECRETS}/1", secret):
        print(
            f"{name} is written in {region}. Paste this at GitHub as the webhook's secret; it is shown once:"
        )
        print(secret)

    name = f"{path}/{APP_KEYS}/1"
    if not parameter_store.names_under(f"{path}/{APP_KEYS}"):
        print(f"Still to do: put the App's private key, as GitHub gave it to you, into {name}:")
        print(f"  {parameter_store.put_app_key(path, region)}")


def main() -> None:
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return
    if len(sys.argv) > 1:
        fail("the path and the region are samconfig.toml's; --help says more")
    try:
        found = settings.settings_or_fail(settings.environment())
        boto3.client("sts").get_caller_identity()
        make(boto3.client("ssm"), found.path, found.region)
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; run it again to make what is missing")


if __name__ == "__main__":
    main()
