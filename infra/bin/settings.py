"""What is deployed, and where: the table `[<env>.global.parameters]` of samconfig.toml, which `sam build` and
`sam deploy` read too. No script takes a region, a stack's name or a parameter from anywhere else."""

import os
import re
import sys
from dataclasses import dataclass, field

import boto3
import image_builds
import logs
import mirror
from overrides import Template, as_table
from questions import REGION_NAME, STACK_NAME, ask, missing_in, not_there
from samconfig import ROOT, Document
from says import Refusal, fail, listed

# Commands of `sam` whose own table goes before the global one. `sam deploy --guided` writes there.
COMMANDS = ["build", "deploy", "package", "validate", "sync", "delete"]
SHARED = ["stack_name", "region", "profile"]
REGIONS = ["AWS_REGION", "AWS_DEFAULT_REGION"]

# ECS, CreateCapacityProvider: a provider's name does not begin with one of these, and the pools' begin
# with the stack's.
RESERVED_STACKS = ("aws", "ecs", "fargate")


@dataclass
class Settings:
    """The settings of one environment in samconfig.toml."""

    env: str
    stack: str
    region: str
    given: dict[str, str]
    # Of the template, for parameters that are not given.
    defaults: dict[str, str]
    # Those whose values are names of the Parameter Store's.
    stored: list[str] = field(default_factory=list)
    # A bucket for what is uploaded, where it is not the one that `sam` makes.
    bucket: str | None = None
    # Of the stack, beside its own; CloudFormation hands them to all that takes tags.
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """All parameters. `sam deploy` keeps the deployed value of one that is missing, so removing it from
        samconfig.toml would have no effect."""
        return {**self.defaults, **self.given}

    @property
    def path(self) -> str:
        """Where the secrets are in the Parameter Store."""
        return self.parameters["ParametersPath"]

    @property
    def architecture(self) -> str:
        return self.parameters["FunctionArchitecture"]

    @property
    def table(self) -> str:
        return f"[{self.env}.global.parameters] of samconfig.toml"


def read(env: str, stack_only: bool = False) -> tuple[Settings | None, list[str]]:
    """The settings. Asks for missing ones on a terminal; otherwise says what is missing. `stack_only`: the stack
    and its region are enough."""
    document, template = Document(env), Template(ROOT / "template.yaml")
    try:
        if missing := missing_in(document, template, stack_only):
            if not sys.stdin.isatty():
                return None, [not_there(env, missing)]
            ask(document, template, missing)
        table = document.of("global")
        given = as_table(table.get("parameter_overrides"))
        problems = leftovers(document, given)
        tags = {**as_table(table.get("tags")), **as_table(document.of("deploy").get("tags"))}
    except Refusal as problem:
        return None, [str(problem)]
    settings = Settings(
        env=env,
        stack=str(table["stack_name"]),
        region=str(table["region"]),
        given=given,
        defaults=template.defaults(),
        stored=template.stored(),
        tags=tags,
        bucket=table.get("s3_bucket") or document.of("deploy").get("s3_bucket"),
    )
    # Who takes a stack down may have parameters that the template has no longer.
    checked = {name: value for name, value in given.items() if not stack_only or name == "ParametersPath"}
    problems += name_problems(settings) + region_problems(settings) + template.problems(checked)
    if not stack_only:
        problems += network_problems(settings.parameters) + logs.problems(settings.parameters)
        problems += mirror.problems(settings.parameters, settings.stack)
        problems += image_builds.problems(settings.parameters, settings.stack)
        problems += problems_together(settings.parameters)
    if not problems:
        use(settings, table.get("profile"))
    return settings, problems


def settings_or_fail(env: str, stack_only: bool = True) -> Settings:
    """The settings, for scripts without other checks. Most need only the stack, its region and its path."""
    settings, problems = read(env, stack_only)
    if problems or settings is None:
        fail("; ".join(problems))
    return settings


def environment() -> str:
    """`ENV=staging make deploy`."""
    return os.environ.get("ENV") or "default"


def use(settings: Settings, profile: str | None) -> None:
    """Sets the region for every client of this process and for its child processes."""
    for name in REGIONS:
        os.environ[name] = settings.region
    if profile:
        os.environ["AWS_PROFILE"] = str(profile)
    boto3.setup_default_session()


def leftovers(document: Document, given: dict[str, str]) -> list[str]:
    """Tables of single commands that differ: `sam build` would build for one architecture, and `sam deploy` would
    deploy as the other."""
    shared, problems = document.of("global"), []
    for command in COMMANDS:
        own = document.of(command)
        differing = [name for name in SHARED if name in own and own[name] != shared.get(name)]
        theirs = as_table(own.get("parameter_overrides"))
        differing += [name for name, value in theirs.items() if given.get(name) != value]
        if differing:
            problems.append(
                f"[{document.env}.{command}.parameters] of samconfig.toml has another "
                f"{listed(differing)} than [{document.env}.global.parameters], as `sam deploy "
                "--guided` leaves it: move what is right into the global table, and delete it there"
            )
    return problems


def name_problems(settings: Settings) -> list[str]:
    problems = []
    if not re.fullmatch(STACK_NAME, settings.stack):
        problems.append(
            f"stack_name is {settings.stack!r}; it is letters, digits and hyphens, a letter first"
        )
    if settings.stack.lower().startswith(RESERVED_STACKS):
        problems.append(
            f"stack_name is {settings.stack}; it must not begin with aws, ecs or fargate: ECS refuses "
            "capacity providers whose name does: choose another"
        )
    if not re.fullmatch(REGION_NAME, settings.region):
        problems.append(f"region is {settings.region!r}; it is one of AWS's, eu-west-1 say")
    return problems


def network_problems(parameters: dict[str, str]) -> list[str]:
    """What no parameter by itself is wrong about."""
    vpc, subnets = parameters["VpcId"], parameters["SubnetIds"]
    if vpc and not subnets:
        return [f"VpcId is {vpc}, and SubnetIds is empty: name private subnets of it with a route to the internet"]
    if subnets and not vpc:
        return [f"SubnetIds is {subnets}, and VpcId is empty: name the network that they are in"]
    return []


def problems_together(parameters: dict[str, str]) -> list[str]:
    """The same, of alarms and volumes."""
    problems = []
    if parameters["AlarmEmail"] and parameters["AlarmTopicArn"]:
        problems.append("AlarmEmail and AlarmTopicArn are both given: subscribe the address to that topic, or leave one out")
    throughput, iops = parameters["DiskThroughput"], parameters["DiskIops"]
    if throughput.isdecimal() and iops.isdecimal() and int(throughput) * 4 > int(iops):
        # EBS, "gp3 volume performance".
        problems.append(
            f"DiskThroughput is {throughput}, and DiskIops is {iops}: EC2 gives a quarter MiB/s for each; "
            f"set DiskIops = {int(throughput) * 4}"
        )
    return problems


def region_problems(settings: Settings) -> list[str]:
    return [
        f"{name} is {there}, and {settings.table} says {settings.region}: unset {name}, or change the table"
        for name in REGIONS
        if (there := os.environ.get(name)) and there != settings.region
    ]
