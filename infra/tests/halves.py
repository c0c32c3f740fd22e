#!/usr/bin/env python3
"""Runs the tests of this folder in two halves beside each other, each with a moto of its own, because most of
their time is spent in one script after the other.

    halves.py           both
    halves.py FILES     only the tests in the files of this pattern

Prints what each half has said, the one that is over first at first, and why tests were skipped; fails if one does.
"""

import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HALVES = ["test_[a-i]*.py", "test_[j-z]*.py"]
FOLDER = Path(__file__).parent


def run(files: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, __file__, files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def half(files: str) -> None:
    tests = unittest.defaultTestLoader.discover(str(FOLDER), files)
    result = unittest.TextTestRunner().run(tests)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    sys.exit(not result.wasSuccessful())


def both() -> None:
    left_out = set(FOLDER.glob("test_*.py")) - {file for half in HALVES for file in FOLDER.glob(half)}
    if left_out:
        sys.exit(f"halves.py: no half has {', '.join(sorted(file.name for file in left_out))}")
    failed = 0
    with ThreadPoolExecutor() as pool:
        halves = {pool.submit(run, files): files for files in HALVES}
        for it in as_completed(halves):
            ended = it.result()
            print(f"{halves[it]}: {ended.stdout}", flush=True)
            failed |= ended.returncode
    sys.exit(failed)


if __name__ == "__main__":
    half(sys.argv[1]) if sys.argv[1:] else both()
