"""Commands that a page or a script tells somebody to type: found in their text, and held against what the programs
take, as botocore, the SAM CLI and the Makefile know it. Nothing is run."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from samcli.commands.logs.command import cli as sam_logs

# What stands where a script fills something in.
FILLED = "FILLED-IN"

# Of the AWS CLI itself: https://docs.aws.amazon.com/cli/latest/reference/
GLOBAL = {"endpoint-url", "output", "profile", "query", "region"}
# Its own commands, which are no operation of a service's: `aws configure`, `aws sso login`.
OWN = {"configure", "sso"}

SHELL = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def of_page(file: Path) -> list[str]:
    """The code of a Markdown page, with what a line goes on with."""
    text = file.read_text(encoding="utf-8")
    blocks, rest = SHELL.findall(text), FENCED.sub("", text)
    return [re.sub(r"\\\n\s*", " ", it) for it in blocks] + [" ".join(it.split()) for it in CODE.findall(rest)]


def of_script(file: Path) -> list[str]:
    """The texts of a Python script, with `FILLED` for each value in them."""
    tree, found = ast.parse(file.read_text(encoding="utf-8")), []
    inner = {id(it) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for it in each.values}
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            parts = [it.value if isinstance(it, ast.Constant) else FILLED for it in each.values]
            found.append("".join(map(str, parts)))
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in inner:
            found.append(re.sub(r"\{\w*\}", FILLED, each.value))
    return [part for text in found for part in text.split("`")]


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Every call of the program in a text, as words; one in `$(…)` is a call too, and a word where it stands."""
    while match := re.search(r"\$\(([^()]*)\)", text):
        yield from commands(match[1], program)
        text = text.replace(match[0], FILLED)
    for line in text.splitlines():
        for match in re.finditer(rf"(?:^|[;|&(]|\bdo|\bxargs)\s*{program} (.*)", line):
            yield words(match[1])


def words(text: str) -> list[str]:
    """Up to what ends a command in a shell, or a sentence."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    found = []
    for word in lexer:
        if set(word) <= set(";|&<>"):
            break
        found.append(word)
    return found


def options(told: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """`--name VALUE…`, and what stands before the first of them."""
    found, bare, name = {}, [], None
    for word in told:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = [value] if equals else []
        else:
            (bare if name is None else found[name]).append(word)
    return found, bare


@cache
def service(name: str):
    """The AWS CLI calls S3's own operations s3api; its s3 has commands that botocore does not know."""
    return botocore.session.get_session().get_service_model({"s3api": "s3"}.get(name, name))


def aws_problem(told: list[str]) -> str | None:
    """What the AWS CLI would not take of it."""
    if told[0] in OWN:
        return None
    try:
        model = service(told[0])
    except UnknownServiceError:
        return f"there is no service {told[0]}"
    operations = {xform_name(it, "-"): it for it in model.operation_names}
    if told[1] not in operations:
        return f"{told[0]} has no operation {told[1]}"
    operation = model.operation_model(operations[told[1]])
    given, bare = options(told[2:])
    members = operation.input_shape.members if operation.input_shape else {}
    known = {xform_name(it, "-"): it for it in members}
    flags = {name for name, it in known.items() if members[it].type_name == "boolean"}
    given = {name.removeprefix("no-") if name.removeprefix("no-") in flags else name: it for name, it in given.items()}
    if unknown := set(given) - set(known) - GLOBAL:
        return f"it has no {', '.join(sorted(unknown))}"
    if wrong := [it for it in bare if it != FILLED]:
        return f"what is {' '.join(wrong)}?"
    if empty := [name for name, values in given.items() if not values and name not in flags]:
        return f"nothing is said for {', '.join(empty)}"
    required = {xform_name(it, "-") for it in (operation.input_shape.required_members if operation.input_shape else [])}
    if not bare and (missing := required - set(given)):
        return f"it needs {', '.join(sorted(missing))}"
    return query_problem(given["query"][0], operation) if "query" in given else None


def query_problem(query: str, operation) -> str | None:
    """Whether each name of the query is one of the answer's, on the way down."""

    def walk(node: dict, shape):
        if shape is None:
            return None
        match node["type"]:
            case "field":
                if shape.type_name != "structure" or node["value"] not in shape.members:
                    raise LookupError(node["value"])
                return shape.members[node["value"]]
            case "subexpression" | "projection" | "index_expression" | "pipe":
                for child in node["children"]:
                    shape = walk(child, shape)
                return shape
            case "flatten":
                inner = walk(node["children"][0], shape)
                return inner.member if inner.type_name == "list" else inner
            case "index":
                return shape.member
            case "multi_select_list":
                for child in node["children"]:
                    walk(child, shape)
                return None
            case "identity":
                return shape
        raise LookupError(f"a {node['type']}")

    try:
        walk(jmespath.compile(query).parsed, operation.output_shape)
    except LookupError as lacks:
        return f"its answer has no {lacks.args[0]}"
    return None


def sam_problem(told: list[str]) -> str | None:
    """What `sam logs` would not take of it; it is the one command of `sam` that a person types."""
    if told[0] != "logs":
        return None
    known = {name.removeprefix("--") for it in sam_logs.params for name in it.opts}
    unknown = set(options(told[1:])[0]) - known
    return f"it has no {', '.join(sorted(unknown))}" if unknown else None
