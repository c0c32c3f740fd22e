"""Settings that samconfig.toml lacks: the message about them, and the questions on a terminal."""

import re
import sys

import boto3
from overrides import Template, as_table
from says import fail, listed
from samconfig import Document

OWN_KEYS = ["stack_name", "region"]

# CloudFormation: letters, digits and hyphens, a letter first, 128 at most.
STACK_NAME = r"[A-Za-z][A-Za-z0-9-]{0,127}"
REGION_NAME = r"[a-z]{2,4}(-[a-z]+)+-\d+"


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
    where = {name: "" if name in OWN_KEYS else "parameter_overrides." for name in missing}
    keys = listed(f"{where[name]}{name}" for name in missing)
    return (
        f"[{env}.global.parameters] of samconfig.toml lacks {keys}; write it there, or answer on a terminal"
    )


def ask(document: Document, template: Template, missing: list[str]) -> None:
    """Asks for each until the answer is possible; then writes all of them."""
    answers, parameters = {}, {}
    print(f"samconfig.toml lacks answers for {document.env}; they are written there.")
    for name in missing:
        stack = answers.get("stack_name") or document.of("global").get("stack_name") or "mayfly"
        if name in OWN_KEYS:
            pattern = STACK_NAME if name == "stack_name" else REGION_NAME
            answers[name] = answer(
                name, suggested(name, document.env), lambda it, p=pattern: re.fullmatch(p, it)
            )
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
