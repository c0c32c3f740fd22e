"""Checks that speak for or against something: each prints its line, and all that speaks against it is said
together at the end."""

import sys
from collections.abc import Callable
from typing import TypeVar

from says import AWS_ERRORS, Refusal, fail, one_line, say

T = TypeVar("T")


class Checks:
    """Those that do not depend on each other."""

    def __init__(self):
        self.refusals: list[str] = []

    def get(self, what: str, check: Callable[[], T]) -> T | None:
        """What the check finds; nothing, if it speaks against it."""
        try:
            return check()
        except Refusal as problem:
            self.refusals += [f"{what}: {line.strip()}" for line in str(problem).splitlines()]
        except AWS_ERRORS as error:
            self.refusals.append(f"{what}: {one_line(error)}")
        return None

    def do(self, what: str, check: Callable[[], str]) -> bool:
        """Whether nothing speaks against it; a line says what was found."""
        said = self.get(what, check)
        if said is not None:
            say(what, said)
        return said is not None

    def end(self) -> None:
        """Ends the script if anything speaks against it."""
        for refusal in self.refusals:
            print(refusal, file=sys.stderr)
        if self.refusals:
            fail(f"{len(self.refusals)} of these to mend; nothing was built or changed")
