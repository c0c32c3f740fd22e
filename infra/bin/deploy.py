#!/usr/bin/env python3
"""Builds the functions, or takes a release's, and deploys the stack that samconfig.toml describes.

    deploy.py [--check] [--yes]

    --check   run all checks, but build and change nothing
    --yes     no question about the change set

RELEASE=FOLDER takes the functions, the command and the templates of a release, so that nothing is built.
ENV=staging takes [staging.global.parameters] in the place of [default.global.parameters]. What is missing
there is asked for. Each step prints one line. Everything that speaks against the deploy is said at once,
before anything is built or changed; the exit code is 1 then. With nothing new it is 0.
"""

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import caches
import image_builds
import images
import logs
import make_images
import mirror
import network
import parameter_store
import pools
import released
import remedies
import roles
import runtimes
import sam
import settings
import stacks
import tools
from checks import Checks
from images import Images
from released import Release
from says import AWS_ERRORS, Refusal, fail, say, told_by_aws
from settings import Settings
from stacks import Stack


def look(env: str) -> tuple[Settings, dict[str, pools.Pool], Images, Release | None]:
    """Runs all checks that can be run. They change nothing."""
    first = Checks()
    first.do("tools", tools.check)
    release = first.get("release", read_release)
    found = first.get("settings", lambda: settings_of(env))
    first.end()
    if release:
        say("release", str(release))
    say("settings", f"{found.stack} in {found.region}, functions for {found.architecture}: {found.table}")

    checks = Checks()
    known_to_aws = checks.do("account", tools.account)
    checks.do("architecture", lambda: check_architecture(release, found.architecture))
    checks.do("host", check_host)
    the_map = checks.get("map", pools.of_map)
    if not known_to_aws:
        # The rest takes a build of minutes, and most of it needs AWS.
        checks.end()
    if not release:
        say("mayfly", "building the command that the checks need: minutes the first time, seconds after that")
    if the_map is not None:
        if checks.do("map", check_map) and release:
            checks.do("templates", lambda: released.stage(release, tools.mayfly))
        checks.do("runtimes", lambda: runtimes.check(found.parameters))
        checks.do("caches", lambda: caches.check(found.parameters, found.stack, found.region))
    the_map = the_map or {}
    if any(found.given.get(name) for name in images.NAMED):
        checks.do("pins of the images", check_pins)
    say("network", network.said(found.parameters, the_map))
    resolved = against_the_account(checks, found, the_map)
    checks.end()
    return found, the_map, resolved, release


def read_release() -> Release | None:
    """The release in RELEASE, if it is complete and has a command for this machine."""
    folder = released.folder()
    if folder is None:
        return None
    release = released.read(folder)
    released.command(folder)
    return release


def check_architecture(release: Release | None, architecture: str) -> str:
    return released.check_architecture(release, architecture) if release else tools.check_target(architecture)


def against_the_account(checks: Checks, found: Settings, the_map: dict[str, pools.Pool]) -> Images:
    checks.do("secrets", lambda: parameter_store.check_secrets(found.path, found.region))
    checks.do("path", lambda: parameter_store.check_path(found.path, found.stack))
    named = {name: found.parameters[name] for name in found.stored}
    checks.do("AMIs", lambda: parameter_store.check_read(named, found.region))
    if logs.switched_on(found.parameters):
        checks.do("log key", lambda: logs.check_key(found.parameters, found.region))
    if the_map and runtimes.mounts_in(found.parameters):
        checks.do("zones", lambda: runtimes.check_zones(found.parameters))
    if mirror.is_on(found.parameters):
        checks.do("mirror key", lambda: mirror.check_key(found.parameters, found.region))
    if checks.do("stack", lambda: stacks.check_state(found.stack, found.region)):
        there = stacks.described(found.stack)
        deployed = Stack(there) if there else None
        checks.do("pools", lambda: pools.check_dropped(deployed, the_map))
    checks.do("quotas", lambda: check_quotas(found.region))
    given = {**found.parameters, **(checks.get("image builds", lambda: of_builds(found)) or {})}
    resolved = checks.get("images", partial(images.resolve, given, the_map, found.stack, found.region)) or Images()
    resolved.parameters = {**image_builds.waiting(given), **resolved.parameters}
    if resolved.said:
        say("images", resolved.said)
    for warning in resolved.warnings:
        say("warning", warning)
    return resolved


def of_builds(found: Settings) -> dict[str, str]:
    return image_builds.published(found.path, found.parameters)


def settings_of(env: str) -> Settings:
    found, problems = settings.read(env)
    if problems or found is None:
        raise Refusal("\n".join(problems))
    return found


def check_map() -> str:
    ended = tools.mayfly("pools", "render", "--check")
    if ended.returncode == 1:
        raise Refusal(f"{tools.last_words(ended)}: run `mayfly pools render`")
    own = "mayfly: "
    said = [line.removeprefix(own) for line in ended.stderr.splitlines() if line.startswith(own)]
    if ended.returncode:
        # The map itself is wrong, a line for each mistake; or nothing could be built.
        raise Refusal("\n".join(said) or tools.last_words(ended))
    for warning in said:
        say("map", warning)
    return "the templates match pools.toml"


def check_host() -> str:
    """Refuses a template whose user data for EC2 instances is older than images/host."""
    ended = tools.run([sys.executable, "images/host/pack.py", "--check"])
    if ended.returncode:
        raise Refusal(tools.last_words(ended))
    return "the instances' user data matches images/host"


def check_pins() -> str:
    """Refuses to deploy images while a pin that they are built from is unknown or too old."""
    ended = tools.mayfly("images", "check", "--for-build")
    if ended.returncode:
        raise Refusal(f"{tools.last_words(ended)}: `mayfly images update`, then `make images PUSH=…`")
    return "known, and not too old"


def check_quotas(region: str) -> str:
    """Exit code 1: a quota is too small or unknown, which stops no deploy. 2: a pool cannot start."""
    asked = ["doctor", "--before-deploy", "--pools", str(pools.FILE), "--region", region]
    ended = tools.mayfly(*asked, features="doctor", **tools.credentials())
    if ended.returncode not in (0, 1):
        # A line for each pool and quota; a map that is wrong is on standard error.
        raise Refusal(ended.stdout.strip() or tools.last_words(ended))
    told = ended.stdout.strip() or ended.stderr.strip()
    return told or "large enough for the map"


def make_roles(the_map: dict[str, pools.Pool]) -> None:
    made, warnings = roles.make(roles.needed(the_map.values()))
    say("service-linked roles", made)
    for warning in warnings:
        say("warning", warning)


def build(found: Settings) -> Path:
    """Builds the functions; returns the template that names the results."""
    say("build", f"sam build, for {found.architecture}")
    if sam.run(sam.build_command(found)):
        fail("sam build failed, see above; nothing was deployed")
    if sam.check_binaries(found.architecture):
        fail(f"the built functions are not for {found.architecture}, see above; nothing was deployed")
    return sam.BUILT / "template.yaml"


@dataclass(frozen=True)
class Code:
    """The built or uploaded code, once for all deploys of one run."""

    template: Path
    # Those that say where a release is.
    parameters: dict[str, str] = field(default_factory=dict)


def code_of(found: Settings, release: Release | None) -> Code:
    if release:
        uploaded = released.upload(release, found.architecture, sam.bucket(found), tools.account())
        say("upload", "the release is in s3://{CodeBucket}/{CodePrefix}".format_map(uploaded))
        return Code(released.template(uploaded, found.region), uploaded)
    sam.write_parameters(found.parameters)
    return Code(build(found))


def deploy_stack(found: Settings, resolved: Images, code: Code, confirm: bool) -> None:
    before, waiting = changed_at(found), stacks.waiting_change_sets(found.stack)
    digests = runtimes.published(found.path, found.given)
    given = image_builds.given(found.parameters)
    sam.write_parameters({**found.parameters, **resolved.parameters, **digests, **given, **code.parameters})
    say("deploy", f"sam deploy, {found.stack} in {found.region}")
    failed = sam.run(sam.deploy_command(found, confirm, code.template))
    there = stacks.described(found.stack)
    if there is None or there["StackStatus"] == "REVIEW_IN_PROGRESS":
        fail("nothing was deployed, see above; the stack is not there yet")
    if failed and changed_at(found) == before:
        fail("sam deploy failed, see above; the stack has not changed")
    if failed:
        explain(found, there)
    if stacks.waiting_change_sets(found.stack) - waiting:
        fail("the change set was not confirmed; nothing was deployed, and the stack is as it was")
    deployed = [it for name, it in resolved.parameters.items() if name in images.NAMED]
    for warning in image_builds.keep(deployed, found.stack):
        say("warning", warning)


def changed_at(found: Settings):
    """When CloudFormation last began to change the stack, so that an older failure's reasons are left out."""
    there = stacks.described(found.stack) or {}
    return there.get("LastUpdatedTime") or there.get("CreationTime")


def explain(found: Settings, there: dict) -> None:
    """Ends the script with CloudFormation's reasons."""
    status = there["StackStatus"]
    told = stacks.reasons(there["StackId"]) or ["CloudFormation gives no reason"]
    for reason in told:
        print(f"  {reason}", file=sys.stderr)
        if remedy := remedies.remedy_of(reason):
            print(f"    {remedy}", file=sys.stderr)
    for command in stacks.left_behind(there, found.region):
        print(f"  it has left behind: {command}", file=sys.stderr)
    way = stacks.way_out(status, found.stack, found.region) or "mend that, then `make deploy` again"
    fail(f"{found.stack} is {status}, for the reasons above; {way}")


def first_images(found: Settings, the_map: dict[str, pools.Pool], code: Code, confirm: bool) -> None:
    """A stack that builds its images exists before them, with pools that start nothing. This builds the images, and
    then deploys the pools. After an interruption, the next deploy continues here, and builds nothing that is
    already published."""
    if not image_builds.is_on(found.parameters) or image_builds.record(found.path):
        return
    say("images", "the stack exists but has no images yet: building them, which takes about half an hour")
    try:
        make_images.at_aws(found.stack, found.path)
        given = {**found.parameters, **of_builds(found)}
        resolved = images.resolve(given, the_map, found.stack, found.region)
    except Refusal as problem:
        fail(f"{problem}; the stack is there, and `make deploy` continues from here")
    say("images", resolved.said)
    deploy_stack(found, resolved, code, confirm)


def automatic_images(found: Settings) -> None:
    """Gives the pools now, and not a day later, any images that were published during this deploy."""
    if image_builds.gives(found.parameters):
        outputs = image_builds.outputs(found.stack)
        make_images.upload_give(outputs["Bucket"])
        make_images.start_giving(outputs)


def farewell(found: Settings) -> None:
    there = stacks.described(found.stack)
    outputs = Stack(there).outputs if there else {}
    print(f"The webhook's payload URL: {outputs.get('WebhookUrl', 'missing in the outputs of the stack')}")
    hook = "the organisation's" if found.parameters.get("HookKind") == "organisation" else "the App's"
    print(f"At GitHub, in {hook} webhook: this URL, JSON, the secret of `make secrets`, Workflow jobs.")
    print(
        f"Then run a workflow; `sam logs --stack-name {found.stack} --region {found.region} --tail` shows it."
    )


def main(arguments: list[str]) -> None:
    known = {"--check", "--yes"}
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if unknown := set(arguments) - known:
        fail(f"{' '.join(sorted(unknown))} is not an option; --help lists them")
    found, the_map, resolved, release = look(settings.environment())
    if "--check" in arguments:
        print("All checks passed; nothing was built or changed.")
        return
    make_roles(the_map)
    confirm = "--yes" not in arguments and sys.stdin.isatty()
    code = code_of(found, release)
    deploy_stack(found, resolved, code, confirm)
    first_images(found, the_map, code, confirm)
    automatic_images(found)
    farewell(found)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; CloudFormation continues what it has begun")
