"""For tests: a source with runtimes that are scripts, laid out as GitHub's actions/*-versions and their archives."""

import io
import json
import tarfile
from pathlib import Path

SETUP = """set -e
to=$AGENT_TOOLSDIRECTORY/Python/{version}
mkdir -p $to/{arch}
cp -R ./* $to/{arch}
rm $to/{arch}/setup.sh
touch $to/{arch}.complete
"""


def archive(file: Path, contents: dict[str, tuple[str, int]]) -> str:
    """An archive of these texts and modes, and its URL."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as tar:
        for name, (text, mode) in contents.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode, about.mtime = len(text.encode()), mode, 1_700_000_000
            tar.addfile(about, io.BytesIO(text.encode()))
    return file.as_uri()


def program(says: str, code: int = 0) -> tuple[str, int]:
    return f"#!/bin/sh\necho {says}\nexit {code}\n", 0o700


def write(folder: Path, versions: dict[str, list[tuple[str, bool]]], arch: str, mark: str = "", files: int = 3) -> str:
    """A source of these versions of each tool, which are stable or not, each with files that say `mark`."""
    for tool, each in versions.items():
        manifest = []
        for version, stable in each:
            file = folder / f"{tool}-{version}-{arch}.tar.gz"
            contents = {f"lib/{number}": (f"{version} {mark}", 0o600) for number in range(files)}
            top = "" if tool == "python" else f"{tool}-{version}/"
            name = {"python": "python3"}.get(tool, tool)
            contents = {f"{top}{path}": it for path, it in (contents | {f"bin/{name}": program(version)}).items()}
            if tool == "python":
                contents["setup.sh"] = (SETUP.format(version=version, arch=arch), 0o644)
            about = {"platform": "linux", "arch": arch, "download_url": archive(file, contents)}
            manifest.append({"version": version, "stable": stable, "files": [about]})
        file = folder / f"{tool}-versions/main/versions-manifest.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(manifest), encoding="utf-8")
    return folder.as_uri()
