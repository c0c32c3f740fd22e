"""Checks before an action. Each prints a line. At the end, all refusals are printed together."""

import sys
from collections.abc import Callable
from typing import TypeVar

from says import AWS_ERRORS, Refusal, fail, one_line, say

T = TypeVar("T")


class Checks:
    """Checks that do not depend on each other."""

    def __init__(self):
        self.refusals: list[str] = []

    def get(self, what: str, check: Callable[[], T]) -> T | None:
        """What the check returns; None if it refuses."""
        try:
            return check()
        except Refusal as problem:
            self.refusals += [f"{what}: {line.strip()}" for line in str(problem).splitlines()]
        except AWS_ERRORS as error:
            self.refusals.append(f"{what}: {one_line(error)}")
        return None

    def do(self, what: str, check: Callable[[], str]) -> bool:
        """Runs a check and prints what it found. Returns whether it passed."""
        said = self.get(what, check)
        if said is not None:
            say(what, said)
        return said is not None

    def end(self) -> None:
        """Ends the script if any check has refused."""
        for refusal in self.refusals:
            print(refusal, file=sys.stderr)
        if self.refusals:
            fail(f"{len(self.refusals)} problems to fix; nothing was built or changed")
