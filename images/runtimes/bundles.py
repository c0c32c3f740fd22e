"""Bundles: the whole tool cache as one file, known by its digest.

A published bundle is never overwritten, so a runner with an old digest still finds the old bundle.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# PID 1 unpacks every level equally fast; this one packs a gigabyte in about a minute.
LEVEL = 15


def pack(tools: Path, work: Path) -> tuple[Path, str]:
    """The file and its SHA-256. File times stay: a compiled Python module is valid only for its source's time."""
    file = work / "bundle.tar.zst"
    names = sorted(it.name for it in tools.iterdir() if it.is_dir() and not it.name.startswith("."))
    tar = ["tar", "--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"]
    subprocess.run(
        [*tar, f"--use-compress-program=zstd -{LEVEL} -T0", f"--file={file}", f"--directory={tools}", "--", *names],
        check=True,
    )
    with file.open("rb") as read:
        return file, hashlib.file_digest(read, "sha256").hexdigest()


def publish(file: Path, digest: str, place: str, architecture: str, parameter: str | None) -> None:
    """Writes the complete bundle, and then names it as the newest."""
    if bucket := place.removeprefix("s3://") if place.startswith("s3://") else None:
        to_s3(file, digest, bucket, architecture, parameter)
    else:
        to_folder(file, digest, Path(place) / architecture)


def to_folder(file: Path, digest: str, folder: Path) -> None:
    version = folder / "versions" / digest
    version.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=version, delete=False) as part:
        with file.open("rb") as read:
            shutil.copyfileobj(read, part)
        part.flush()
        os.fsync(part.fileno())
    os.chmod(part.name, 0o644)
    os.replace(part.name, version / "bundle.tar.zst")
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as part:
        part.write(f"{digest}\n")
    os.replace(part.name, folder / "current")


def to_s3(file: Path, digest: str, bucket: str, architecture: str, parameter: str | None) -> None:
    """S3 shows an upload only when it is complete, and the parameter changes at once."""
    import boto3

    boto3.client("s3").upload_file(str(file), bucket, f"{architecture}/versions/{digest}/bundle.tar.zst")
    if parameter:
        boto3.client("ssm").put_parameter(Name=parameter, Value=digest, Type="String", Overwrite=True)
