"""What a release compiles, and how: from the lock file, and without paths of the machine in the binaries."""

import os
import subprocess
import tomllib
from pathlib import Path

from says import Refusal

FUNCTIONS = ["webhook", "launcher", "registrar", "scheduler", "reconciler"]
PROGRAMS = [*FUNCTIONS, "runner-init", "mayfly"]
# What cargo-lambda calls each, and Rust.
OPTIONS = {"x86_64": "--x86-64", "arm64": "--arm64"}
# cargo-lambda builds for these, and says so in a setting of cargo that RUSTFLAGS puts out of force. Lambda's machines have
# no older ones.
CPUS = {"x86_64": "haswell", "arm64": "neoverse-n1"}
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}

# Features are the same for all that one call compiles, so that the command, which has more of them than a function needs,
# has a call of its own; and so has PID 1, which shall be small.
CALLS = [FUNCTIONS, ["runner-init"], ["mayfly"]]
FEATURES = {"mayfly": "doctor,why"}


def version_of(root: Path) -> str:
    """The version in Cargo.toml, which all crates share."""
    return tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]


def calls(architecture: str, out: Path, only: str | None = None) -> list[list[str]]:
    """The calls of cargo-lambda, whose zig links everything for Lambda's glibc. Each program is `out`/NAME/bootstrap."""
    groups = [[only]] if only else CALLS
    return [_call(group, architecture, out) for group in groups]


def _call(programs: list[str], architecture: str, out: Path) -> list[str]:
    features = [it for name in programs if name in FEATURES for it in ("--features", FEATURES[name])]
    return [
        *("cargo", "lambda", "build", "--release", "--locked", OPTIONS[architecture]),
        *("--lambda-dir", str(out)),
        *(it for name in programs for it in ("-p", name, "--bin", name)),
        *features,
    ]


def environment(architecture: str, root: Path, cargo_home: Path, sysroot: Path, epoch: int) -> dict[str, str]:
    """Folders of this machine have fixed names in panics and in the C of the crates: rustc, "Remap source paths";
    https://reproducible-builds.org/docs/source-date-epoch/."""
    folders = {cargo_home: "/cargo", root: "/mayfly", sysroot: "/rust"}
    for folder in folders:
        if " " in str(folder):
            raise Refusal(f"{folder} contains a space, which RUSTFLAGS cannot express: build from another folder")
    for_c = " ".join(f"-ffile-prefix-map={folder}={name}" for folder, name in folders.items())
    return {
        "RUSTFLAGS": f"-Ctarget-cpu={CPUS[architecture]} "
        + " ".join(f"--remap-path-prefix={folder}={name}" for folder, name in folders.items()),
        "CFLAGS": for_c,
        "CXXFLAGS": for_c,
        "CARGO_INCREMENTAL": "0",
        "SOURCE_DATE_EPOCH": str(epoch),
    }


def of_this_machine(architecture: str, root: Path, epoch: int) -> dict[str, str]:
    """The same, with the folders of cargo and Rust on this machine."""
    cargo_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    return environment(architecture, root, cargo_home, Path(_said(root, "rustc", "--print", "sysroot")), epoch)


def installed(root: Path) -> list[str]:
    """The architectures for which Rust can build here. Without rustup, the build itself says what is missing."""
    try:
        targets = _said(root, "rustup", "target", "list", "--installed").split()
    except OSError:
        return list(TARGETS)
    return [name for name, target in TARGETS.items() if target in targets]


def build(root: Path, architecture: str, out: Path, epoch: int, only: str | None = None) -> None:
    variables = {**os.environ, **of_this_machine(architecture, root, epoch)}
    for call in calls(architecture, out, only):
        if subprocess.run(call, cwd=root, env=variables, check=False).returncode:
            raise Refusal(f"`{' '.join(call)}` has failed, see above")


def _said(root: Path, *command: str) -> str:
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Refusal(f"`{' '.join(command)}` has failed: {ended.stderr.strip()}")
    return ended.stdout.strip()
