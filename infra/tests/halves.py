#!/usr/bin/env python3
"""Runs the tests of this folder in two halves beside each other, each with a moto of its own, because most of
their time is spent in one script after the other.

    halves.py

Prints what each half has said, the one that is over first at first; fails if one does.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HALVES = ["test_[a-i]*.py", "test_[j-z]*.py"]
FOLDER = Path(__file__).parent


def run(files: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "unittest", "discover", "--start-directory", FOLDER, "--pattern", files]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def main() -> None:
    left_out = set(FOLDER.glob("test_*.py")) - {file for half in HALVES for file in FOLDER.glob(half)}
    if left_out:
        sys.exit(f"halves.py: no half has {', '.join(sorted(file.name for file in left_out))}")
    failed = 0
    with ThreadPoolExecutor() as both:
        halves = {both.submit(run, files): files for files in HALVES}
        for half in as_completed(halves):
            ended = half.result()
            print(f"{halves[half]}: {ended.stdout}", flush=True)
            failed |= ended.returncode
    sys.exit(failed)


if __name__ == "__main__":
    main()
