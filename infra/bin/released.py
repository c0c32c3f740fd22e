"""A release as a deploy uses it: `make deploy RELEASE=FOLDER`. Nothing is compiled; the command that checks, the functions and
the templates are the release's, and the map is this project's."""

import hashlib
import json
import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import boto3
import packaging
import pools
from botocore.exceptions import ClientError
from builds import FUNCTIONS, version_of
from says import Refusal, listed
from settings import ROOT

STAGED = ROOT / ".aws-sam/release"
# What `mayfly pools render` writes, and what a release brings.
RENDERED = ["template.yaml", "infra/*.yaml", "infra/map/pools.json"]
LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
# As `uname -m` calls the machines, and Lambda.
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Release:
    """A release whose files match its SHA256SUMS."""

    folder: Path
    version: str
    commit: str
    architectures: list[str]
    files: int

    def __str__(self) -> str:
        what = f"Mayfly {self.version} ({self.commit[:12]}) for {listed(self.architectures)}"
        return f"{what}: {self.files} files are as SHA256SUMS says"


def folder() -> Path | None:
    """`make deploy RELEASE=target/mayfly-0.1.0`."""
    given = os.environ.get("RELEASE")
    return Path(given).resolve() if given else None


def read(folder: Path) -> Release:
    """The release, if it is complete and has this project's version."""
    expected = sums(folder)
    problems = [problem for name, digest in expected.items() if (problem := of_file(folder, name, digest))]
    there = {str(it.relative_to(folder)) for it in folder.rglob("*") if it.is_file()}
    problems += [f"{name} is not in SHA256SUMS" for name in sorted(there - set(expected) - {"SHA256SUMS"})]
    if problems:
        raise Refusal("\n".join(f"{it}: download the release again" for it in problems))
    told = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    own = version_of(ROOT)
    if told["version"] != own:
        raise Refusal(
            f"{folder.name} is of version {told['version']}, and this checkout of {own}: `git checkout v{told['version']}`, "
            f"or take the release {own}"
        )
    return Release(folder, told["version"], told["commit"], told["architectures"], len(expected))


def sums(folder: Path) -> dict[str, str]:
    """The digests of SHA256SUMS, by the files' names."""
    file = folder / "SHA256SUMS"
    if not file.is_file():
        raise Refusal(f"RELEASE is {folder}, which has no SHA256SUMS: name the folder that `make release` made, or the unpacked archive")
    found = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        match = LINE.fullmatch(line)
        if not match or match[2].startswith("/") or ".." in Path(match[2]).parts:
            raise Refusal(f"line {number} of {file} is not the digest and name of a file in the release: download the release again")
        found[match[2]] = match[1]
    if missing := [name for name in ("release.json", "template.yaml") if name not in found]:
        raise Refusal(f"{file} does not list {listed(missing)}: this is not a release of Mayfly")
    return found


def of_file(folder: Path, name: str, digest: str) -> str | None:
    file = folder / name
    if not file.is_file():
        return f"{name} is missing"
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return None if found == digest else f"{name} has changed: its SHA-256 is {found[:12]}…, not {digest[:12]}…"


def command(folder: Path) -> Path:
    """The release's `mayfly` for this machine."""
    machine = MACHINES.get(platform.machine(), platform.machine())
    file = folder / f"mayfly-{machine}"
    if platform.system() != "Linux" or not file.is_file():
        raise Refusal(
            f"{folder.name} has no `mayfly` for {platform.system()} on {machine}: deploy from a machine that it has one for, "
            "or without RELEASE, which builds it"
        )
    # An archive that was unpacked on another system may have lost the mode.
    if not os.access(file, os.X_OK):
        raise Refusal(f"{file} cannot be run: `chmod +x {file}`")
    return file


def check_architecture(release: Release, architecture: str) -> str:
    if architecture not in release.architectures:
        raise Refusal(
            f"{release.folder.name} has no functions for {architecture}, only for {listed(release.architectures)}: take another "
            "release, or set FunctionArchitecture"
        )
    return f"the release has the functions for {architecture}"


def stage(release: Release, mayfly) -> str:
    """The release's templates with this project's map. Changes that were made to this project's templates by hand
    would not be deployed, so they are refused. `mayfly` runs the command in a folder."""
    shutil.rmtree(STAGED, ignore_errors=True)
    for pattern in RENDERED:
        for file in release.folder.glob(pattern):
            copy(file, STAGED / file.relative_to(release.folder))
    copy(pools.FILE, STAGED / "pools.toml")
    ended = mayfly("pools", "render", folder=STAGED)
    if ended.returncode:
        raise Refusal(f"{ended.stderr.strip() or ended.stdout.strip()}")
    if changed := [name for name in templates() if expected_of(name) != (STAGED / name).read_bytes()]:
        raise Refusal(
            f"{listed(changed)} of this checkout is not the release's: put it back (`git checkout v{release.version} -- "
            f"{' '.join(changed)}`, `mayfly pools render`), or deploy without RELEASE"
        )
    (STAGED / "map.zip").write_bytes(
        packaging.zipped("pools.json", (STAGED / "infra/map/pools.json").read_bytes(), packaging.FILE)
    )
    return "the release's, with the map of this project"


def copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def templates() -> list[str]:
    return sorted(str(it.relative_to(STAGED)) for pattern in RENDERED for it in STAGED.glob(pattern))


def expected_of(name: str) -> bytes | None:
    """What this project's own file would be in a release."""
    file = ROOT / name
    if not file.is_file():
        return None
    text = file.read_bytes()
    return packaging.from_bucket(text.decode()).encode() if name == "template.yaml" else text


def upload(release: Release, architecture: str, bucket: str, account: str) -> dict[str, str]:
    """Uploads the functions' code, the map and the nested templates into a folder named after a hash of their
    contents. Returns the template's parameters for them. Existing objects are not uploaded again."""
    files = {f"{name}-{architecture}.zip": release.folder / f"{name}-{architecture}.zip" for name in FUNCTIONS}
    files |= {name: STAGED / name for name in ["map.zip", *templates()] if name != "infra/map/pools.json"}
    contents = {name: file.read_bytes() for name, file in files.items()}
    prefix = f"mayfly-{release.version}/{packaging.digest(packaging.sums(contents).encode())[:16]}/"
    storage = boto3.client("s3")
    for name, content in contents.items():
        if not is_there(storage, bucket, prefix + name, account):
            storage.put_object(Bucket=bucket, Key=prefix + name, Body=content, ExpectedBucketOwner=account)
    return {"CodeBucket": bucket, "CodePrefix": prefix}


def template(code: dict[str, str], region: str) -> Path:
    """The staged template for `sam deploy`, which reads where the nested ones are."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    text = (STAGED / "template.yaml").read_text(encoding="utf-8")
    deployed = STAGED / "deployed.yaml"
    deployed.write_text(
        packaging.with_urls(text, {**code, "AWS::Region": region, "AWS::URLSuffix": suffix}), encoding="utf-8"
    )
    return deployed


def is_there(storage, bucket: str, key: str, account: str) -> bool:
    try:
        storage.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True
