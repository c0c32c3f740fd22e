#!/usr/bin/env python3
"""Measures both ways to restore a tool cache on this machine: how long PID 1 takes, and how large the cache is.

    measure.py TOOLS RUNNER-INIT [REPETITIONS]

TOOLS is a folder with the layout of the tool cache, RUNNER-INIT a release build. Everything is on one local disk, and
reads come from the page cache: with a network, both ways take longer.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import bundles
import trees


def restore(program: str, way: dict[str, str]) -> dict:
    """PID 1's log line with the result. No registrar answers its question, and the script stops it."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"MAYFLY_TICKET": "none", "MAYFLY_REGISTRAR_URL": "https://127.0.0.1:9/", "PATH": "/usr/bin:/bin"}
        environment |= {"RUNNER_TOOL_CACHE": cache, "MAYFLY_TOOL_CACHE_SECONDS": "600"} | way
        task = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
        told = next(json.loads(line) for line in task.stdout if "tool cache" in line)
        task.terminate()
        task.wait()
    assert told["message"] == "tool cache restored", told
    return told


def main(tools: Path, program: str, repetitions: int = 5) -> None:
    files = [it for it in tools.rglob("*") if it.is_file() and not it.is_symlink()]
    with tempfile.TemporaryDirectory() as folder:
        file, digest = bundles.pack(tools, Path(folder))
        trees.publish(tools, Path(folder) / "tree", digest)
        ways = {
            "bundle": {"MAYFLY_TOOL_CACHE_ARCHIVE": str(file), "MAYFLY_TOOL_CACHE_SHA256": digest},
            "tree": {"MAYFLY_TOOL_CACHE_TREE": f"{folder}/tree/current"},
        }
        sizes = {"bundle": (1, file.stat().st_size), "tree": (len(files), sum(it.stat().st_size for it in files))}
        for name, way in ways.items():
            seconds = sorted(restore(program, way)["seconds"] for _ in range(repetitions))
            count, size = sizes[name]
            print(f"{name}: {count} files, {size / 1e6:.0f} MB, {statistics.median(seconds):.1f} s ({seconds[0]:.1f} to {seconds[-1]:.1f})")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
