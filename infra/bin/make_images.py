#!/usr/bin/env python3
"""Builds the images: at AWS if the stack of samconfig.toml has ImageBuilds on, otherwise on this machine.

    make_images.py [OPTION]...

The options are those of images/build, which builds on this machine. At AWS it uploads the images' sources, starts a
check, and waits for the build that follows. You can interrupt and repeat it: it then finds the running build.
"""

import os
import subprocess
import sys
import time

import boto3
import image_builds
import packaging
from overrides import as_table
from samconfig import ROOT, Document
from says import AWS_ERRORS, Refusal, fail, say, told_by_aws
from settings import environment, settings_or_fail

KEY = "context.tar.gz"
# Seconds between two looks.
LOOK_EVERY = float(os.environ.get("MAYFLY_LOOK_EVERY", "15"))
INIT = "target/images/init"
GIVE = ROOT / "images/at-aws/give"


def build_programs() -> None:
    """Builds PID 1 for both architectures and the command for the check, all for an older glibc than the machines'."""
    script = ["bash", str(ROOT / "images/build"), "--programs"]
    if subprocess.run(script, cwd=ROOT, check=False).returncode:
        raise Refusal("PID 1 or the command could not be built, see above; nothing was uploaded")


def context() -> bytes:
    """The sources of a build as one archive; the same files give the same bytes."""
    files = [it for it in sorted((ROOT / "images").rglob("*")) if it.is_file() and "__pycache__" not in it.parts]
    files += [ROOT / INIT / it / "runner-init" for it in ("amd64", "arm64")]
    named = {str(it.relative_to(ROOT)): it for it in files} | {"bin/mayfly": ROOT / "target/images/mayfly"}
    return packaging.archived(dict(sorted(named.items())), epoch=0)


def upload(bucket: str) -> None:
    data = context()
    boto3.client("s3").put_object(Bucket=bucket, Key=KEY, Body=data)
    say("context", f"{len(data) // 1000} kB, {packaging.digest(data)[:12]}, in {bucket}")


def build(outputs: dict[str, str]) -> None:
    """Waits for a running build; otherwise starts a check and waits for the build that follows."""
    steps = boto3.client("stepfunctions")
    running = steps.list_executions(stateMachineArn=outputs["Machine"], statusFilter="RUNNING")["executions"]
    if running:
        say("build", "one is under way")
        wait_for_execution(running[0]["executionArn"])
        return
    upload(outputs["Bucket"])
    started = boto3.client("codebuild").start_build(projectName=outputs["Check"])["build"]["id"]
    ended = wait_for_project(started, "check")
    if ended["buildStatus"] != "SUCCEEDED":
        raise Refusal(f"the check has {ended['buildStatus'].lower()}: {logs_of(ended)}")
    # images/at-aws/check calls the execution as it is called itself.
    name = started.rpartition(":")[2]
    execution = f"{outputs['Machine'].replace(':stateMachine:', ':execution:')}:{name}"
    try:
        steps.describe_execution(executionArn=execution)
    except steps.exceptions.ExecutionDoesNotExist:
        say("build", "nothing is newer than what was published; none was started")
        return
    wait_for_execution(execution)


def wait_for_execution(execution: str) -> None:
    steps = boto3.client("stepfunctions")
    ended = wait("build", lambda: steps.describe_execution(executionArn=execution))
    if ended["status"] != "SUCCEEDED":
        raise Refusal(f"the build has {ended['status'].lower()}, and the published images stay: {execution} has its steps")


def upload_give(bucket: str) -> None:
    """Uploads the script that gives images to the pools and runs on its own: each deploy uploads its version."""
    boto3.client("s3").put_object(Bucket=bucket, Key="give", Body=GIVE.read_bytes())


def start_giving(outputs: dict[str, str]) -> str:
    """Starts the run that gives the pools the images that were published last; returns its id."""
    started = boto3.client("codebuild").start_build(projectName=outputs["Give"])["build"]["id"]
    say("automatic images", "new runners have what was published last in a minute or two")
    return started


def give(outputs: dict[str, str]) -> None:
    """Waits until the pools have the images that were published last."""
    ended = wait_for_project(start_giving(outputs))
    if ended["buildStatus"] != "SUCCEEDED":
        raise Refusal(f"giving the images to the pools has {ended['buildStatus'].lower()}, and they keep what they have: {logs_of(ended)}")


def wait_for_project(build: str, what: str = "automatic images") -> dict:
    codebuild = boto3.client("codebuild")
    return wait(what, lambda: codebuild.batch_get_builds(ids=[build])["builds"][0])


def logs_of(build: dict) -> str:
    return build.get("logs", {}).get("deepLink") or f"`aws codebuild batch-get-builds --ids {build['id']}` says where its log is"


def wait(what: str, look) -> dict:
    """Waits until it has ended, with a line each minute."""
    began, told = time.monotonic(), -1
    while True:
        it = look()
        status = it.get("status") or it["buildStatus"]
        if status not in ("RUNNING", "IN_PROGRESS"):
            say(what, status.lower())
            return it
        minutes = int((time.monotonic() - began) // 60)
        if minutes > told:
            told = minutes
            say(what, f"{it.get('currentPhase', 'running').lower()}, for {minutes} minutes")
        time.sleep(LOOK_EVERY)


def at_aws(stack: str, path: str) -> None:
    outputs = image_builds.outputs(stack)
    if not outputs:
        raise Refusal(f"{stack} has no image builds yet: `make deploy`, which makes them and then the images")
    build_programs()
    build(outputs)
    for name, image in sorted(image_builds.record(path).get("images", {}).items()):
        say(name, image)


def main(arguments: list[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
    given = as_table(Document(environment()).of("global").get("parameter_overrides"))
    if arguments or not image_builds.is_on(given):
        sys.exit(subprocess.run(["bash", str(ROOT / "images/build"), *arguments], cwd=ROOT, check=False).returncode)
    found = settings_or_fail(environment())
    at_aws(found.stack, found.path)
    if image_builds.gives(given):
        print("New runners have them in a few minutes; `make deploy` gives them to hosts, mirror and runtimes.")
    else:
        print("`make deploy` gives them to the pools.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refusal as problem:
        fail(str(problem))
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; a build that has started continues, and `make images` finds it")
