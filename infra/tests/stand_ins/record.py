"""What every stand-in does: it writes down how it was called, and knows what the test wants of it."""

import json
import os
import sys
from pathlib import Path

# The test's folder, with `calls` and `wishes.json`.
FOLDER = Path(os.environ["STAND_INS"])


def record(name: str) -> list[str]:
    """The arguments, which are a line of `calls` from now on."""
    with (FOLDER / "calls").open("a", encoding="utf-8") as file:
        file.write(json.dumps([name, *sys.argv[1:]]) + "\n")
    return sys.argv[1:]


def wish(name: str, usual):
    """What the test wants in the place of the usual."""
    file = FOLDER / "wishes.json"
    wishes = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return wishes.get(name, usual)


def value_of(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def play_mayfly(arguments: list[str]) -> None:
    """`mayfly pools` is the real one, in the folder where it is called; what reads the internet or the account's quotas answers
    as the test wants it, unless the test has these too."""
    if arguments[0] == "pools" or wish(arguments[0], None) == "real":
        os.execv(os.environ["MAYFLY"], ["mayfly", *arguments])
    told = wish(arguments[0], {"code": 0, "said": f"{arguments[0]}: nothing to say"})
    print(told["said"])
    sys.exit(told["code"])
