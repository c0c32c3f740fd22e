"""`sam build` and `sam deploy`, with every setting on their command lines, so that samconfig.toml's tables of
single commands have no effect."""

import os
import subprocess
import sys
from pathlib import Path

from samcli.commands.exceptions import UserException
from samcli.lib.bootstrap.bootstrap import manage_stack
from says import fail, one_line
from settings import ROOT, Settings
from tomlkit import dumps

BUILT = ROOT / ".aws-sam/build"
# What both are given as parameters. A file: values may have spaces, commas and nothing at all.
PARAMETERS = ROOT / ".aws-sam/parameters.toml"

# The roles of dependency caches have names, by which jobs find them; CloudFormation expands loops itself.
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def common(settings: Settings) -> list[str]:
    return [
        *("--region", settings.region),
        *("--config-file", str(ROOT / "samconfig.toml")),
        *("--config-env", settings.env),
        *("--parameter-overrides", f"file://{PARAMETERS}"),
        # Without it `sam` stops at the loops over the pools.
        "--language-extensions",
    ]


def build_command(settings: Settings) -> list[str]:
    template = ["--template-file", str(ROOT / "template.yaml"), "--build-dir", str(BUILT)]
    # Rust is built in the workspace, which has the settings and what is compiled already.
    return ["sam", "build", *common(settings), *template, "--build-in-source"]


def deploy_command(settings: Settings, confirm: bool, template: Path | None = None) -> list[str]:
    """`sam` may ask for confirmation of the change set; an empty one is not a failure."""
    return [
        *("sam", "deploy"),
        *common(settings),
        *("--stack-name", settings.stack),
        # On the stack, and by CloudFormation's doing on all of it that takes tags.
        *("--tags", *(f"{key}={value}" for key, value in {**settings.tags, "mayfly:stack": settings.stack}.items())),
        *("--template-file", str(template or BUILT / "template.yaml")),
        *(("--s3-bucket", settings.bucket, "--no-resolve-s3") if settings.bucket else ("--resolve-s3",)),
        *("--capabilities", *CAPABILITIES),
        "--confirm-changeset" if confirm else "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
    ]


def bucket(settings: Settings) -> str:
    """The bucket to which `sam deploy` uploads. This makes sam's own bucket if it does not exist yet."""
    try:
        return settings.bucket or manage_stack(profile=None, region=settings.region)
    except UserException as problem:
        # Of `sam` itself: what its bucket's stack lacks.
        fail(f"{one_line(problem.message)}; or set s3_bucket in samconfig.toml. Nothing was deployed")


def write_parameters(parameters: dict[str, str]) -> None:
    PARAMETERS.parent.mkdir(exist_ok=True)
    PARAMETERS.write_text(dumps(dict(sorted(parameters.items()))), encoding="utf-8")


def run(command: list[str]) -> int:
    """Runs it, and shows its output as it comes."""
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def check_binaries(architecture: str, folder: Path = BUILT) -> int:
    """Checks the built binaries against the deployed architecture."""
    script = [sys.executable, str(ROOT / ".ci/check-binaries"), "--architecture", architecture, str(folder)]
    return subprocess.run(script, cwd=ROOT, check=False).returncode
