#!/usr/bin/env python3
"""Installs runtimes in a tool cache, and publishes it for the runners of one architecture.

    publish.py --architecture x64 [--bundles PLACE [--parameter NAME]] [--trees FOLDER] RUNTIME…

A RUNTIME is node@22, python@3.13 or go@1.25.1: the newest stable version that begins with it. --bundles takes a folder
or s3://BUCKET, and --parameter the Parameter Store parameter that names the newest bundle. --trees takes a folder, for
example on EFS. At least one of --bundles and --trees is needed. The exit code is 1 if nothing was published; then
runners keep getting what was published before.
"""

import argparse
import platform
import re
import sys
import tempfile
from pathlib import Path

import bundles
import install
import trees
from sources import Manifest, Unavailable

# The manifests that GitHub's own setup actions use.
SOURCES = "https://raw.githubusercontent.com/actions"

ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def runtime(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(node|python|go)@(\d+(?:\.\d+){0,2})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a runtime, such as node@22, python@3.13 or go@1.25.1")
    return match[1], match[2]


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=sorted(ARCHITECTURES.values()), required=True)
    parser.add_argument("--bundles", metavar="PLACE")
    parser.add_argument("--parameter", metavar="NAME")
    parser.add_argument("--trees", metavar="FOLDER", type=Path)
    parser.add_argument("--sources", metavar="URL", default=SOURCES)
    # Python finds its libraries at the path that it was built for, so it is installed at the path that jobs use.
    parser.add_argument("--tools", metavar="FOLDER", type=Path, default=Path("/opt/hostedtoolcache"))
    parser.add_argument("runtimes", nargs="+", metavar="RUNTIME", type=runtime)
    found = parser.parse_args(given)
    if not found.bundles and not found.trees:
        parser.error("--bundles or --trees says where to publish")
    if ARCHITECTURES.get(platform.machine()) != found.architecture:
        parser.error(f"this machine is {platform.machine()}, and cannot run programs for {found.architecture}")
    return found


def publish(wanted: argparse.Namespace) -> None:
    for tool, version in wanted.runtimes:
        found = Manifest.read(wanted.sources, tool).newest(version, wanted.architecture)
        print(f"installs {tool} {found.version}", flush=True)
        install.install(tool, found, wanted.architecture, wanted.tools)
    install.set_modes(wanted.tools)
    with tempfile.TemporaryDirectory() as work:
        file, digest = bundles.pack(wanted.tools, Path(work))
        print(f"packed {file.stat().st_size} bytes, SHA-256 {digest}", flush=True)
        if wanted.trees:
            trees.publish(wanted.tools, wanted.trees / wanted.architecture, digest)
        if wanted.bundles:
            bundles.publish(file, digest, wanted.bundles, wanted.architecture, wanted.parameter)
    print(f"published {digest} for {wanted.architecture}", flush=True)


def main() -> int:
    try:
        publish(arguments(sys.argv[1:]))
    except (Unavailable, install.DoesNotWork, OSError) as error:
        print(f"publish: {error}; runners keep getting what was published before", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
