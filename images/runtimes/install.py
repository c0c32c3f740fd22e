"""One runtime in the layout of @actions/tool-cache: TOOL/VERSION/ARCH, and beside it ARCH.complete."""

import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from pathlib import Path

from sources import Release, opened

# The folder in which each setup action looks, and the command that shows that a runtime works.
FOLDERS = {"node": "node", "python": "Python", "go": "go"}
WORKS = {"node": ["bin/node", "--version"], "python": ["bin/python3", "--version"], "go": ["bin/go", "version"]}

# Seconds. Python's own setup updates its pip.
PATIENCE = 600


class DoesNotWork(Exception):
    """No archive of a version has a program that starts here."""


def install(tool: str, release: Release, architecture: str, tools: Path) -> None:
    """A Python built for an Ubuntu newer than this system does not start: then it takes the next older one."""
    version = tools / FOLDERS[tool] / release.version
    said = []
    for url in release.urls:
        shutil.rmtree(version, ignore_errors=True)
        with tempfile.TemporaryDirectory() as work:
            unpack(url, Path(work))
            if tool == "python" and (Path(work) / "setup.sh").exists():
                problem = set_up(Path(work), tools)
            else:
                (Path(work) / "setup.sh").unlink(missing_ok=True)
                version.mkdir(parents=True)
                shutil.move(top(Path(work)), version / architecture)
                problem = ""
        problem = problem or starts(version / architecture, WORKS[tool])
        if not problem:
            (version / f"{architecture}.complete").touch()
            return
        said.append(f"{url}: {problem}")
    shutil.rmtree(version, ignore_errors=True)
    raise DoesNotWork(f"{tool} {release.version} does not start: {'; '.join(said)}")


def unpack(url: str, folder: Path) -> None:
    with opened(url) as file, tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        with tarfile.open(fileobj=copy) as archive:
            archive.extractall(folder, filter="tar")


def top(folder: Path) -> Path:
    """The folder with the runtime: some archives have it inside another folder."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != "bin" else folder


def set_up(folder: Path, tools: Path) -> str:
    """Installs with the archive's own script, which knows what Python needs (actions/python-versions, installers)."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AGENT_TOOLSDIRECTORY": str(tools)}
    return runs(["bash", "./setup.sh"], cwd=folder, env=environment)


def starts(folder: Path, command: list[str]) -> str:
    return runs([str(folder / command[0]), *command[1:]], env={"PATH": os.environ["PATH"]})


def runs(command: list[str], **where) -> str:
    """What it prints if it does not work; nothing if it works."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=PATIENCE, **where
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode == 0:
        return ""
    return (ended.stderr or ended.stdout).strip().rpartition("\n")[2] or f"exit code {ended.returncode}"


def set_modes(tools: Path) -> None:
    """Everyone may read and run what the owner may, and only the owner may write."""
    for folder, folders, files in os.walk(tools):
        for path in (Path(folder), *(Path(folder) / name for name in (*folders, *files))):
            if path.is_symlink():
                continue
            own = stat.S_IMODE(path.stat().st_mode)
            may_start = 0o111 if path.is_dir() or own & 0o100 else 0
            path.chmod(0o644 | may_start)
