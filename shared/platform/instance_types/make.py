#!/usr/bin/env python3
"""Makes instance_types.tsv beside it, from EC2's answers to DescribeInstanceTypes that moto carries.

    make.py [--check]

    --check   write nothing; exit with 1 if the table is not what this would write

It runs in .venv, whose moto is pinned (.ci/requirements.txt): `make instance-types`.
"""

import gzip
import json
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

TABLE = Path(__file__).with_name("instance_types.tsv")
COLUMNS = ["type", "architecture", "vcpus", "memory_mib", "interfaces"]
# What ECS-optimised Amazon Linux 2023 comes for. macOS has words of its own.
ARCHITECTURES = ["x86_64", "arm64"]

HEAD = """\
# EC2 instance types that can run ECS's tasks on Linux: EC2's answers to DescribeInstanceTypes, as moto {version} has them.
# `interfaces` are those of the network card that an interface without a number goes to.
# Made by `make instance-types`; nobody edits it.
"""


def architecture(told: dict) -> str | None:
    supported = told["ProcessorInfo"]["SupportedArchitectures"]
    return next((it for it in ARCHITECTURES if it in supported), None)


def row(name: str, told: dict) -> list[str]:
    network = told["NetworkInfo"]
    card = network["NetworkCards"][network["DefaultNetworkCardIndex"]]
    numbers = [
        told["VCpuInfo"]["DefaultVCpus"],
        told["MemoryInfo"]["SizeInMiB"],
        card["MaximumNetworkInterfaces"],
    ]
    return [name, architecture(told), *map(str, numbers)]


def table() -> str:
    packed = files("moto") / "ec2/resources/instance_types.json.gz"
    types = json.loads(gzip.decompress(packed.read_bytes()))
    usable = {name: told for name, told in types.items() if architecture(told)}
    rows = [COLUMNS, *(row(name, told) for name, told in sorted(usable.items()))]
    return HEAD.format(version=version("moto")) + "".join("\t".join(each) + "\n" for each in rows)


def main(arguments: list[str]) -> None:
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    made = table()
    if not arguments:
        TABLE.write_text(made, encoding="utf-8")
        print(f"{TABLE.name} is written: {made.count(chr(10)) - HEAD.count(chr(10)) - 1} instance types")
    elif made != TABLE.read_text(encoding="utf-8"):
        sys.exit(f"{TABLE.name} is not what moto {version('moto')} says: run `make instance-types`")


if __name__ == "__main__":
    main(sys.argv[1:])
