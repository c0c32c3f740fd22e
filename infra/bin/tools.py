"""The programs that a deploy runs, and our identity at AWS."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import boto3
import released
from says import AWS_ERRORS, Refusal, one_line, told_by_aws
from settings import ROOT

# From here on `rust-cargolambda` needs no beta flag: SAM CLI's release notes of 1.156.
OLDEST_SAM = (1, 156)

INSTALLED_BY = {
    "sam": "`make .tools/template/.installed` installs it",
    "cargo": "https://rustup.rs installs it",
    "cargo-lambda": "`make .venv/.installed` installs it",
}


# What compiles is not wanted where a release is deployed.
DEPLOYS = ["sam"]


def check() -> str:
    """Their versions."""
    wanted = DEPLOYS if released.folder() else list(INSTALLED_BY)
    missing = [f"{name} is not here: {INSTALLED_BY[name]}" for name in wanted if not shutil.which(name)]
    if missing:
        raise Refusal("; ".join(missing))
    sam = version("sam", "--version")
    if numbers(sam) < OLDEST_SAM:
        raise Refusal(f"sam is {sam}, but must be 1.156 or newer: {INSTALLED_BY['sam']}")
    if released.folder():
        return f"sam {sam}"
    cargo = version("cargo", "--version")
    return f"sam {sam}, cargo {cargo}, cargo-lambda"


def check_target(architecture: str) -> str:
    """Rust's standard library for the functions' architecture."""
    if not shutil.which("rustup"):
        return "Rust was not installed by rustup, so only the build can say what is missing"
    target = {"arm64": "aarch64", "x86_64": "x86_64"}.get(architecture, architecture) + "-unknown-linux-gnu"
    listed = run(["rustup", "target", "list", "--installed"])
    if listed.returncode == 0 and target not in listed.stdout.split():
        raise Refusal(f"Rust cannot build for {architecture} here: `rustup target add {target}`")
    return f"Rust can build for {architecture}"


def version(*command: str) -> str:
    found = re.search(r"\d+\.\d+(\.\d+)?", run(list(command)).stdout)
    if not found:
        raise Refusal(f"`{' '.join(command)}` prints no version")
    return found[0]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def account() -> str:
    """The number of the account."""
    try:
        return boto3.client("sts").get_caller_identity()["Account"]
    except AWS_ERRORS as error:
        raise Refusal(told_by_aws(error)) from None


def credentials() -> dict[str, str]:
    """Our AWS credentials as variables, because another program may not find those of a login or a process."""
    found = boto3.DEFAULT_SESSION.get_credentials().get_frozen_credentials()
    named = {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
    return {**named, "AWS_SESSION_TOKEN": found.token or ""}


def run(command: list[str], folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess:
    """Runs it in the project's folder, or another, and captures its output."""
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def mayfly(
    *arguments: str, features: str = "", folder: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess:
    """The command line of this project: the release's, which has all features, or built here."""
    if release := released.folder():
        return run([str(released.command(release)), *arguments], folder, **variables)
    chosen = ["--features", features] if features else []
    return run(["cargo", "run", "--quiet", "-p", "mayfly", *chosen, "--", *arguments], folder, **variables)


def last_words(ended: subprocess.CompletedProcess) -> str:
    """The last output of a failed program, in one line."""
    return one_line(ended.stderr or ended.stdout) or f"exit code {ended.returncode}, without any output"
