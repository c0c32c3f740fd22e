"""Trees: the tool cache file by file, for runners that mount it. `current` is a link to the newest."""

import os
import secrets
import shutil
import time
from pathlib import Path

# Seconds after which no runner reads an old version any more, and no publisher is still writing a part.
A_DAY = 24 * 60 * 60


def publish(tools: Path, folder: Path, name: str) -> None:
    """Writes a version under another name, renames it when it is complete, and then points the link to it."""
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    if not (versions / name).exists():
        part = versions / f".part-{secrets.token_hex(8)}"
        shutil.copytree(tools, part, symlinks=True)
        part.chmod(0o755)
        os.rename(part, versions / name)
    current = folder / "current"
    before = os.readlink(current).rpartition("/")[2] if current.is_symlink() else name
    link = folder / f".current-{secrets.token_hex(8)}"
    os.symlink(f"versions/{name}", link)
    os.replace(link, current)
    sweep(folder, {name, before})


def sweep(folder: Path, kept: set[str]) -> None:
    """Removes what is a day old: versions, and what a killed publisher left behind. The newest version stays, and so does
    the one before it, which a runner may be reading."""
    left = (*(folder / "versions").iterdir(), *folder.glob(".current-*"))
    for it in (it for it in left if it.name not in kept and it.lstat().st_ctime < time.time() - A_DAY):
        if it.is_symlink():
            it.unlink()
        else:
            shutil.rmtree(it, ignore_errors=True)
