"""Checks that speak for or against something: each prints its line, and all that speaks against it is said
together at the end."""

import sys
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from says import Refusal, fail, one_line, say

T = TypeVar("T")


class Checks:
    """Those that do not depend on each other."""

    def __init__(self):
        self.refusals: list[str] = []

    def get(self, check: Callable[[], T]) -> T | None:
        """What the check finds; nothing, if it speaks against it."""
        try:
            return check()
        except Refusal as problem:
            self.refusals += str(problem).splitlines()
        except (BotoCoreError, ClientError) as error:
            self.refusals.append(one_line(error))
        return None

    def do(self, what: str, check: Callable[[], str | None]) -> bool:
        """Whether nothing speaks against it; the line says what was found."""
        before = len(self.refusals)
        said = self.get(check)
        for number in range(before, len(self.refusals)):
            self.refusals[number] = f"{what}: {self.refusals[number].strip()}"
        if len(self.refusals) > before:
            return False
        if said:
            say(what, said)
        return True

    def end(self) -> None:
        """Ends the script if anything speaks against it."""
        for refusal in self.refusals:
            print(refusal, file=sys.stderr)
        if self.refusals:
            fail(f"{len(self.refusals)} of these to mend; nothing was built or changed")
