#!/usr/bin/env python3
"""Makes the seccomp profile of an EC2 host's Docker: the engine's default, and one more rule.

    images/host/seccomp/make_profile.py
    images/host/seccomp/make_profile.py --compare DEFAULT.json

The first prints the profile, made from default.toml, which lists what the default allows; ../pack.py packs the same
profile into the user data. The second compares default.toml with the default profile in an engine's source, and
fails with the differences on the architectures of our instances.

runc calls `keyctl` and `pivot_root` for each container that it starts, and Docker's default allows neither.
The rule allows both only to containers with SYS_ADMIN: the Docker daemon beside a runner has it, a runner does
not. The result is one line, because user data has room for 16 KB.
"""
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

DEFAULT = Path(__file__).with_name("default.toml")

# What runc needs to start a container inside a container, and the capability that must come with it.
CALLS = ["keyctl", "pivot_root"]
CAPABILITY = "SYS_ADMIN"

# Ours, each with those whose programs it can also run. The rules use Go's names.
ARCHITECTURES = {"SCMP_ARCH_X86_64": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"], "SCMP_ARCH_AARCH64": ["SCMP_ARCH_ARM"]}
GO_NAMES = {"amd64", "x86", "x32", "arm64", "arm"}


class NotADefault(Exception):
    """The input is not a default profile, or our rule must be reviewed for it."""


def allow(names: str | list[str], **conditions) -> dict:
    names = names.split() if isinstance(names, str) else names
    return {"names": names, "action": "SCMP_ACT_ALLOW", **conditions}


def having(capability: str) -> dict:
    return {"caps": [f"CAP_{capability}"]}


def rules(table: dict) -> Iterator[dict]:
    """The default's rules, in Docker's form."""
    yield allow(table["always"])
    for version, names in table["kernel"].items():
        yield allow(names, includes={"minKernel": version})
    for architectures, names in table["architecture"].items():
        yield allow(names, includes={"arches": architectures.split("-")})
    for capability, names in table["capability"].items():
        yield allow(names, includes=having(capability))
    for name, it in table["argument"].items():
        for value in it["values"]:
            compared = {"index": it["place"], "value": value, "op": f"SCMP_CMP_{it['compare']}"}
            yield allow(name, args=[compared], **without(it))
    for name, it in table["absent"].items():
        yield {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": it["errno"], **without(it)}


def without(it: dict) -> dict:
    return {"excludes": having(it["without"])} if "without" in it else {}


def profile(table: dict) -> dict:
    """The default with the rule added at its end."""
    default = list(rules(table))
    named = {name for rule in default for name in rule["names"]} & set(CALLS)
    if named:
        raise NotADefault(f"it already has a rule for {', '.join(sorted(named))}: review which of ours is still needed")
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "archMap": [{"architecture": it, "subArchitectures": also} for it, also in ARCHITECTURES.items()],
        "syscalls": [*default, allow(CALLS, includes=having(CAPABILITY))],
    }


def shipped() -> dict:
    """What default.toml says."""
    return tomllib.loads(DEFAULT.read_text(encoding="utf-8"))


def text() -> str:
    """The profile that a host gets, on one line."""
    return json.dumps(profile(shipped()), separators=(",", ":")) + "\n"


def grants(syscalls: list[dict]) -> set[str]:
    """Each name with its action and conditions, if the rule applies to one of our architectures."""
    found = set()
    for rule in syscalls:
        includes, excludes = dict(rule.get("includes", {})), dict(rule.get("excludes", {}))
        arches = includes.get("arches")
        if arches is not None and not GO_NAMES & set(arches):
            continue
        # Exceptions for other architectures do not matter.
        excludes["arches"] = [it for it in excludes.get("arches", []) if it in GO_NAMES]
        conditions = {
            "action": rule["action"],
            "errno": rule.get("errnoRet"),
            "args": rule.get("args") or None,
            "includes": {it: what for it, what in includes.items() if what},
            "excludes": {it: what for it, what in excludes.items() if what},
        }
        found |= {f"{name} {json.dumps(conditions, sort_keys=True)}" for name in rule["names"]}
    return found


def differences(table: dict, default: object) -> list[str]:
    """The differences between the table and an engine's default."""
    if not isinstance(default, dict) or not isinstance(default.get("syscalls"), list):
        raise NotADefault("it has no list of system calls")
    if default.get("defaultAction") != "SCMP_ACT_ERRNO" or default.get("defaultErrnoRet", 1) != 1:
        raise NotADefault("it does not refuse with EPERM what it does not name")
    ours, theirs = grants(list(rules(table))), grants(default["syscalls"])
    return [f"only here: {it}" for it in sorted(ours - theirs)] + [f"only there: {it}" for it in sorted(theirs - ours)]


def main(arguments: list[str]) -> None:
    """Prints the profile, or compares."""
    match arguments:
        case []:
            print(text(), end="")
        case ["--compare", file]:
            try:
                found = differences(shipped(), json.loads(Path(file).read_text(encoding="utf-8")))
            except (OSError, ValueError, NotADefault) as problem:
                sys.exit(f"{file}: {problem}")
            if found:
                sys.exit("\n".join(found))
        case _:
            sys.exit("usage: make_profile.py [--compare DEFAULT.json]")


if __name__ == "__main__":
    main(sys.argv[1:])
