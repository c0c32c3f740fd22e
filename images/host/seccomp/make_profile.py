#!/usr/bin/env python3
"""Makes the seccomp profile of an EC2 host's Docker: the engine's default, and one rule more.

    images/host/seccomp/make_profile.py DEFAULT.json >PROFILE.json

DEFAULT.json is the default profile of the engine that the host runs: `profiles/seccomp/default.json` in
that version's source. The host's `daemon.json` names the result as its `seccomp-profile`.

runc calls `keyctl` and `pivot_root` for each container that it starts, and Docker's default allows neither.
The rule allows both to containers that were given SYS_ADMIN: the Docker daemon beside a runner, and no
runner. The result is one line, because user data has room for 16 KB.
"""
import json
import sys
from pathlib import Path

# What runc needs to start a container within a container, and the capability that it is bound to.
CALLS = ["keyctl", "pivot_root"]
CAPABILITY = "CAP_SYS_ADMIN"

RULE = {"names": CALLS, "action": "SCMP_ACT_ALLOW", "includes": {"caps": [CAPABILITY]}}


class NotADefault(Exception):
    """The input is no default profile, or one that wants another look at the rule."""


def profile(default: object) -> dict:
    """The default with the rule added at its end."""
    if not isinstance(default, dict) or not isinstance(default.get("syscalls"), list):
        raise NotADefault("it has no list of system calls")
    if default.get("defaultAction") != "SCMP_ACT_ERRNO":
        raise NotADefault("it does not refuse what it does not name")
    for rule in default["syscalls"]:
        named = set(CALLS) & set(rule.get("names", []))
        if named:
            raise NotADefault(f"it has a rule for {', '.join(sorted(named))} already: look at what is still needed")
    if not any(CAPABILITY in rule.get("includes", {}).get("caps", []) for rule in default["syscalls"]):
        raise NotADefault(f"no rule of it is bound to {CAPABILITY}, so it is of another form")
    return {**default, "syscalls": [*default["syscalls"], RULE]}


def main(arguments: list[str]) -> None:
    """Reads the default that is named, and prints the profile."""
    if len(arguments) != 1:
        sys.exit("usage: make_profile.py DEFAULT.json >PROFILE.json")
    try:
        made = profile(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    except (OSError, ValueError, NotADefault) as problem:
        sys.exit(f"{arguments[0]}: {problem}")
    print(json.dumps(made, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1:])
