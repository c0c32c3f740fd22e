"""An SBOM of each program, as CycloneDX. cargo-cyclonedx asks cargo, so crates that only tests use are left out."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from builds import FEATURES, FUNCTIONS, TARGETS
from says import Refusal

FOLDERS = {**{name: f"functions/{name}" for name in FUNCTIONS}, "runner-init": "runner-init", "mayfly": "cli"}
NAME = "release-sbom"


def made(root: Path, programs: list[str], epoch: int) -> dict[str, bytes]:
    """An SBOM for each program, by its name. cargo-cyclonedx writes one beside every crate of a workspace, so it
    works on a copy of the commit in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "mayfly"
        copy.mkdir()
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, capture_output=True, check=True).stdout
        subprocess.run(["tar", "--extract", "--directory", copy], input=archive, check=True)
        described: dict[str, bytes] = {}
        for name in programs:
            if name in FEATURES or not described:
                describe(copy, FOLDERS[name], FEATURES.get(name), epoch)
            described[name] = of_nowhere((copy / FOLDERS[name] / f"{NAME}.json").read_text(encoding="utf-8"), copy)
        return described


def describe(copy: Path, crate: str, features: str | None, epoch: int) -> None:
    """Describes all crates with the programs' features, for Linux."""
    command = ["cargo", "cyclonedx", "--quiet", "--manifest-path", f"{crate}/Cargo.toml", "--format", "json"]
    command += ["--spec-version", "1.5", "--target", TARGETS["x86_64"], "--override-filename", NAME]
    command += ["--features", features] if features else []
    variables = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    ended = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Refusal(f"`{' '.join(command[:2])}` has failed: {ended.stderr.strip()}")


def of_nowhere(text: str, copy: Path) -> bytes:
    """Removes the folder in which it was made, and its random serial number."""
    bom = json.loads(text.replace(str(copy), "/mayfly"))
    bom.pop("serialNumber", None)
    return (json.dumps(bom, indent=2, sort_keys=True) + "\n").encode()
