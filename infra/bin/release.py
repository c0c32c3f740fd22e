#!/usr/bin/env python3
"""Makes a release: the functions' zips, PID 1, the `mayfly` command, the templates, their digests, and SBOMs.

    release.py [--architecture x86_64|arm64]... [--build-only | --built] [--only PROGRAM] [--out FOLDER]

    --architecture  one to build for, or several; without it all for which Rust is installed here
    --build-only    compile into target/release-binaries, as one machine of several, and stop there
    --built         compile nothing: take what is in target/release-binaries
    --only PROGRAM  compile one program, and print the digest of its binary; no release is made
    --out FOLDER    where the release goes, in a folder of its own (target)

It takes what is committed: the times in the release are those of the commit. Beside the folder stands the same as
tar.gz. `make deploy RELEASE=FOLDER` deploys it.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import builds
import packaging
import sbom
from says import Refusal, fail, listed, say
from settings import ROOT

BINARIES = ROOT / "target/release-binaries"


def main(arguments: list[str]) -> None:
    told = parsed(arguments)
    version, (commit, epoch) = builds.version_of(ROOT), committed()
    architectures = told.architecture or builds.installed(ROOT)
    if left_out := [it for it in builds.OPTIONS if it not in architectures]:
        say("architectures", f"{listed(architectures)}; {listed(left_out)} is left out")
    if not told.built:
        compile_all(architectures, epoch, told.only)
    for architecture in architectures:
        check_binaries(architecture, told.only)
    if told.only or told.build_only:
        return
    made = released(version, commit, epoch, architectures)
    folder = write(told.out, version, made)
    archive = folder.with_name(f"{folder.name}.tar.gz")
    archive.write_bytes(packaging.tarred(folder, epoch))
    say("release", f"Mayfly {version} ({commit[:12]}) for {listed(architectures)}: {folder}")
    say("SHA256SUMS", packaging.digest((folder / "SHA256SUMS").read_bytes()))
    say(archive.name, packaging.digest(archive.read_bytes()))


def parsed(arguments: list[str]) -> argparse.Namespace:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        sys.exit()
    usage = argparse.ArgumentParser(add_help=False)
    usage.add_argument("--architecture", action="append", choices=list(builds.OPTIONS))
    how = usage.add_mutually_exclusive_group()
    how.add_argument("--build-only", action="store_true")
    how.add_argument("--built", action="store_true")
    usage.add_argument("--only", choices=builds.PROGRAMS)
    usage.add_argument("--out", type=Path, default=ROOT / "target")
    return usage.parse_args(arguments)


def committed() -> tuple[str, int]:
    """The commit, and its time in seconds. Refuses uncommitted changes, because nobody could build such a release
    again."""
    if changed := git("status", "--porcelain", "--untracked-files=no"):
        raise Refusal(f"{changed.splitlines()[0].split()[-1]} has uncommitted changes: commit or stash them")
    commit, epoch = git("log", "-1", "--format=%H %ct").split()
    return commit, int(epoch)


def git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Refusal(f"a release is of a commit, and `git {arguments[0]}` says: {ended.stderr.strip()}")
    return ended.stdout.strip()


def compile_all(architectures: list[str], epoch: int, only: str | None) -> None:
    for architecture in architectures:
        say("build", f"{only or 'all programs'} for {architecture}: many minutes the first time")
        builds.build(ROOT, architecture, BINARIES / architecture, epoch, only)


def binary(architecture: str, name: str) -> Path:
    return BINARIES / architecture / name / "bootstrap"


def check_binaries(architecture: str, only: str | None) -> None:
    """Checks the architecture and glibc of each binary against Lambda's, and that all were built from this commit."""
    programs = [only] if only else builds.PROGRAMS
    if missing := [name for name in programs if not binary(architecture, name).is_file()]:
        raise Refusal(f"{listed(missing)} for {architecture} is not in {BINARIES}: leave --built out, and it is built")
    script = [sys.executable, str(ROOT / ".ci/check-binaries"), "--architecture", architecture]
    if subprocess.run([*script, str(BINARIES / architecture)], cwd=ROOT, check=False).returncode:
        raise Refusal(f"the built functions are not for {architecture}, see above; nothing was released")
    for name in programs:
        content = binary(architecture, name).read_bytes()
        say(f"{name}-{architecture}", packaging.digest(content))
        if mine := folder_of_this_machine(content):
            say("warning", f"{name} for {architecture} has the folder {mine} in it: built elsewhere, it differs")


def folder_of_this_machine(content: bytes) -> str | None:
    """A path of this machine in a binary, which would make another machine's binary differ."""
    folders = [str(ROOT), str(Path.home() / ".cargo"), os.environ.get("CARGO_HOME") or ""]
    return next((it for it in folders if it and re.search(re.escape(it.encode()) + rb"/", content)), None)


def released(version: str, commit: str, epoch: int, architectures: list[str]) -> dict[str, bytes]:
    """All files of the release by their names, except SHA256SUMS."""
    made: dict[str, bytes] = {}
    for architecture in architectures:
        for name in builds.FUNCTIONS:
            made[f"{name}-{architecture}.zip"] = packaging.zipped("bootstrap", binary(architecture, name).read_bytes())
        made[f"runner-init-{architecture}"] = binary(architecture, "runner-init").read_bytes()
        made[f"mayfly-{architecture}"] = binary(architecture, "mayfly").read_bytes()
    made["template.yaml"] = packaging.from_bucket((ROOT / "template.yaml").read_text(encoding="utf-8")).encode()
    files = [*sorted((ROOT / "infra").glob("*.yaml")), ROOT / "infra/map/pools.json", ROOT / "pools.toml"]
    made |= {str(file.relative_to(ROOT)): file.read_bytes() for file in [*files, *sorted(ROOT.glob("LICENSE*"))]}
    made["map.zip"] = packaging.zipped("pools.json", made["infra/map/pools.json"], packaging.FILE)
    made |= {f"sbom/{name}.cdx.json": text for name, text in sbom.made(ROOT, builds.PROGRAMS, epoch).items()}
    told = {"version": version, "commit": commit, "architectures": architectures, "toolchain": toolchain()}
    made["release.json"] = (json.dumps(told, indent=2) + "\n").encode()
    return made


def toolchain() -> str:
    """The compiler's version, because another compiler makes other binaries from the same source."""
    return subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def write(out: Path, version: str, made: dict[str, bytes]) -> Path:
    """Writes the folder, without anything left of an earlier one."""
    folder = out / f"mayfly-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in {**made, "SHA256SUMS": packaging.sums(made).encode()}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(packaging.PROGRAM if name.startswith(("runner-init-", "mayfly-")) else packaging.FILE)
    return folder


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refusal as problem:
        fail(f"{problem}")
    except KeyboardInterrupt:
        fail("interrupted; what is compiled is kept")
