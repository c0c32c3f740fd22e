"""What a stack needs in the Parameter Store before a deploy, and which stack owns its path."""

import boto3
from botocore.exceptions import ClientError
from says import Refusal

WEBHOOK_SECRETS, TICKET_KEYS, APP_KEYS = "webhook-secrets", "ticket-keys", "github-app-keys"


def put_app_key(path: str, region: str) -> str:
    """The command that stores the App's private key."""
    name, file = f"{path}/{APP_KEYS}/1", "file://YOUR-APP.private-key.pem"
    return f"aws ssm put-parameter --type SecureString --name {name} --value {file} --region {region}"


def types_under(folder: str) -> dict[str, str]:
    """The type of each parameter under the path, by its name. All are valid; after a rotation the first one is
    gone."""
    pages = boto3.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=folder)
    return dict(pages.search("Parameters[].[Name, Type]"))


def names_under(folder: str) -> list[str]:
    """Their names."""
    return list(types_under(folder))


def check_secrets(path: str, region: str) -> str:
    """Refuses missing secrets: CloudFormation cannot make them, and the functions need them."""
    there = {it: types_under(f"{path}/{it}") for it in (WEBHOOK_SECRETS, TICKET_KEYS, APP_KEYS)}
    missing = [it for it, found in there.items() if not found]
    problems = [
        f"{name} is a {kind}, stored unencrypted, but must be a SecureString: delete it, and put it there again"
        for found in there.values()
        for name, kind in found.items()
        if kind != "SecureString"
    ]
    ways = []
    if WEBHOOK_SECRETS in missing or TICKET_KEYS in missing:
        ways.append("`make secrets` makes the webhook secret and the ticket key")
    if APP_KEYS in missing:
        ways.append(f"the App's private key, as GitHub gave it to you: `{put_app_key(path, region)}`")
    if missing:
        problems.append(
            f"nothing is under {', '.join(f'{path}/{it}' for it in missing)} in {region}: {'; '.join(ways)}"
        )
    if problems:
        raise Refusal("\n".join(problems))
    return f"all three kinds are under {path}"


def check_key(name: str, region: str) -> str:
    """Checks a SecureString that ECS gives to a container."""
    ssm = boto3.client("ssm")
    way = f"`aws ssm put-parameter --type SecureString --name {name} --value file://KEY --region {region}`"
    try:
        kind = ssm.get_parameter(Name=name)["Parameter"]["Type"]
    except ssm.exceptions.ParameterNotFound:
        raise Refusal(f"{name} is not in {region}: {way}") from None
    if kind != "SecureString":
        raise Refusal(f"{name} is a {kind}, but must be a SecureString: delete it, then {way}")
    return f"{name} is there"


def check_path(path: str, stack: str) -> str:
    """Refuses another stack's path. The template writes the stack's name there, because otherwise two stacks could
    read each other's secrets."""
    ssm = boto3.client("ssm")
    try:
        owner = ssm.get_parameter(Name=f"{path}/stack")["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return f"{path} is nobody's yet"
    if owner != stack:
        raise Refusal(
            f"{path} belongs to the stack {owner}: give {stack} a ParametersPath of its own, /{stack} say"
        )
    return f"{path} is this stack's"


def check_read(named: dict[str, str], region: str) -> str:
    """Checks the names that CloudFormation itself reads, by the template's parameters that have them."""
    ssm, found, missing = boto3.client("ssm"), [], []
    for parameter, name in named.items():
        try:
            found.append(f"{parameter} is {ssm.get_parameter(Name=name)['Parameter']['Value']}")
        except ClientError as error:
            # The second is of what can be no name.
            if error.response["Error"]["Code"] not in ("ParameterNotFound", "ValidationException"):
                raise
            missing.append(
                f"{parameter} is {name!r}, and the Parameter Store of {region} has no such parameter: it is the name "
                "of a parameter that holds an AMI's id, not the id itself"
            )
    if missing:
        raise Refusal("\n".join(missing))
    return "; ".join(found)
