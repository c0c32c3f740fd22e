"""What is deployed, and where: the table `[<env>.global.parameters]` of samconfig.toml, which `sam build` and
`sam deploy` read too. No script has a region, a stack's name or a parameter from anywhere else."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
import tomlkit
from botocore.exceptions import BotoCoreError
from overrides import Template, as_table
from says import Refusal, fail, listed
from tomlkit.exceptions import TOMLKitError

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "samconfig.toml"

# Commands of `sam` whose own table goes before the global one. `sam deploy --guided` writes there.
COMMANDS = ["build", "deploy", "package", "validate", "sync", "delete"]
SHARED = ["stack_name", "region", "profile"]
REGIONS = ["AWS_REGION", "AWS_DEFAULT_REGION"]

# CloudFormation: letters, digits and hyphens, a letter first, 128 at most.
STACK_NAME = r"[A-Za-z][A-Za-z0-9-]{0,127}"
REGION_NAME = r"[a-z]{2,4}(-[a-z]+)+-\d+"
# ECS, CreateCapacityProvider: a provider's name does not begin with one of these, and the pools' begin
# with the stack's.
RESERVED_STACKS = ("aws", "ecs", "fargate")


@dataclass
class Settings:
    """What samconfig.toml says of one environment."""

    env: str
    stack: str
    region: str
    given: dict[str, str]
    # Of the template, for parameters that are not given.
    defaults: dict[str, str]
    # A bucket for what is uploaded, where it is not the one that `sam` makes.
    bucket: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """All of them. `sam deploy` keeps the deployed value of one that it is not given, so that taking one
        out of samconfig.toml would change nothing."""
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


class Document:
    """samconfig.toml, which keeps its comments when something is written."""

    def __init__(self, env: str):
        self.env = env
        if not re.fullmatch(r"[A-Za-z0-9_-]+", env):
            fail(f"ENV is {env!r}; it is the name of a table in samconfig.toml, default or staging say")
        try:
            self.document = tomlkit.parse(FILE.read_text(encoding="utf-8")) if FILE.exists() else tomlkit.document()
        except TOMLKitError as error:
            fail(f"samconfig.toml cannot be read: {error}")

    def of(self, command: str) -> dict:
        table = self.document
        for key in (self.env, command, "parameters"):
            table = table.get(key, {})
            if not isinstance(table, dict):
                fail(f"{key} in samconfig.toml is no table")
        return table

    def write(self, answers: dict[str, str], parameters: dict[str, str]) -> None:
        """Into the global table; the parameters as a table of it, whatever form they had."""
        table = self.document
        for key in (self.env, "global", "parameters"):
            if key not in table:
                table[key] = tomlkit.table(is_super_table=key != "parameters")
            table = table[key]
        table.update(answers)
        if parameters:
            both = {**as_table(table.get("parameter_overrides")), **parameters}
            if not isinstance(table.get("parameter_overrides"), dict):
                table.pop("parameter_overrides", None)
                table["parameter_overrides"] = tomlkit.table()
            table["parameter_overrides"].update(both)
        FILE.write_text(tomlkit.dumps(self.document), encoding="utf-8")


def read(env: str, stack_only: bool = False) -> tuple[Settings | None, list[str]]:
    """The settings, asked for where they are missing and somebody is there to answer; else why there are none.
    `stack_only`: the stack and its region are enough."""
    document, template = Document(env), Template(ROOT / "template.yaml")
    try:
        if missing := missing_in(document, template, stack_only):
            if not sys.stdin.isatty():
                return None, [not_there(env, missing)]
            ask(document, template, missing)
        table = document.of("global")
        given = as_table(table.get("parameter_overrides"))
        problems = leftovers(document, given)
    except Refusal as problem:
        return None, [str(problem)]
    settings = Settings(
        env=env,
        stack=str(table["stack_name"]),
        region=str(table["region"]),
        given=given,
        defaults=template.defaults(),
        bucket=table.get("s3_bucket") or document.of("deploy").get("s3_bucket"),
    )
    # Who takes a stack down may have parameters that the template has no longer.
    checked = {name: value for name, value in given.items() if not stack_only or name == "ParametersPath"}
    problems += name_problems(settings) + region_problems(settings) + template.problems(checked)
    if not problems:
        use(settings, table.get("profile"))
    return settings, problems


def settings_or_fail(env: str) -> Settings:
    """For scripts that need no more than the stack, its region and its path."""
    settings, problems = read(env, stack_only=True)
    if problems or settings is None:
        fail("; ".join(problems))
    return settings


def environment() -> str:
    """`ENV=staging make deploy`."""
    return os.environ.get("ENV") or "default"


def use(settings: Settings, profile: str | None) -> None:
    """For every client of this process, and for what it starts."""
    for name in REGIONS:
        os.environ[name] = settings.region
    if profile:
        os.environ["AWS_PROFILE"] = str(profile)
    boto3.setup_default_session()


def missing_in(document: Document, template: Template, stack_only: bool) -> list[str]:
    table = document.of("global")
    missing = [name for name in ("stack_name", "region") if not table.get(name)]
    given = as_table(table.get("parameter_overrides"))
    if not stack_only:
        missing += [name for name in template.wanted() if name not in given]
    # Two stacks need two paths, and the one that is called like the project has the usual one.
    if table.get("stack_name", document.env) not in ("mayfly", "default") and "ParametersPath" not in given:
        missing.append("ParametersPath")
    return missing


def not_there(env: str, missing: list[str]) -> str:
    where = {name: "" if name in SHARED else "parameter_overrides." for name in missing}
    keys = listed(f"{where[name]}{name}" for name in missing)
    return f"[{env}.global.parameters] of samconfig.toml lacks {keys}; write it there, or answer on a terminal"


def ask(document: Document, template: Template, missing: list[str]) -> None:
    """Each once, until it can be right; then all are written."""
    answers, parameters = {}, {}
    print(f"samconfig.toml lacks answers for {document.env}; they are written there.")
    for name in missing:
        stack = answers.get("stack_name") or document.of("global").get("stack_name") or "mayfly"
        if name in SHARED:
            pattern = STACK_NAME if name == "stack_name" else REGION_NAME
            answers[name] = answer(name, suggested(name, document.env), lambda it, p=pattern: re.fullmatch(p, it))
        else:
            if about := template.about(name):
                print(f"  {about}")
            usual = f"/{stack}" if name == "ParametersPath" else ""
            parameters[name] = answer(name, usual, lambda it, name=name: not template.problem(name, it))
    document.write(answers, parameters)


def suggested(name: str, env: str) -> str:
    if name == "region":
        # What the AWS CLI is set to.
        return boto3.session.Session().region_name or ""
    return "mayfly" if env == "default" else f"mayfly-{env}"


def answer(name: str, usual: str, fits) -> str:
    while True:
        print(f"{name}{f' [{usual}]' if usual else ''}: ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            fail("nothing was written: there was no answer")
        said = line.strip() or usual
        if said and fits(said):
            return said
        print(f"  {said!r} cannot be {name}")


def leftovers(document: Document, given: dict[str, str]) -> list[str]:
    """Tables of single commands that say otherwise: `sam build` would build for one architecture, and
    `sam deploy` deploy as the other."""
    shared, problems = document.of("global"), []
    for command in COMMANDS:
        own = document.of(command)
        differing = [name for name in SHARED if name in own and own[name] != shared.get(name)]
        theirs = as_table(own.get("parameter_overrides"))
        differing += [name for name, value in theirs.items() if given.get(name) != value]
        if differing:
            problems.append(
                f"[{document.env}.{command}.parameters] of samconfig.toml has another {listed(differing)} than "
                f"[{document.env}.global.parameters], as `sam deploy --guided` leaves it: move what is right "
                f"into the global table, and delete it there"
            )
    return problems


def name_problems(settings: Settings) -> list[str]:
    problems = []
    if not re.fullmatch(STACK_NAME, settings.stack):
        problems.append(f"stack_name is {settings.stack!r}; it is letters, digits and hyphens, a letter first")
    if settings.stack.lower().startswith(RESERVED_STACKS):
        problems.append(
            f"stack_name is {settings.stack}; it must not begin with aws, ecs or fargate, because ECS refuses "
            "capacity providers whose name does: choose another"
        )
    if not re.fullmatch(REGION_NAME, settings.region):
        problems.append(f"region is {settings.region!r}; it is one of AWS's, eu-west-1 say")
    return problems


def region_problems(settings: Settings) -> list[str]:
    return [
        f"{name} is {there}, and {settings.table} says {settings.region}: unset {name}, or change the table"
        for name in REGIONS
        if (there := os.environ.get(name)) and there != settings.region
    ]
