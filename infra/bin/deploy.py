#!/usr/bin/env python3
"""Builds the functions and deploys the stack that samconfig.toml describes.

    deploy.py [--check] [--yes]

    --check   look at everything, and build and change nothing
    --yes     no question about the change set

ENV=staging takes [staging.global.parameters] in the place of [default.global.parameters]. What is missing
there is asked for. Each step prints one line. Everything that speaks against the deploy is said at once,
before anything is built or changed; the exit code is 1 then. With nothing new it is 0.
"""

import sys
from functools import partial

import caches
import images
import logs
import mirror
import network
import parameter_store
import pools
import remedies
import roles
import runtimes
import sam
import settings
import stacks
import tools
from checks import Checks
from images import Images
from says import AWS_ERRORS, Refusal, fail, say, told_by_aws
from settings import Settings
from stacks import Stack


def look(env: str) -> tuple[Settings, dict[str, pools.Pool], Images]:
    """All checks. They change nothing, and those that can be made are made."""
    first = Checks()
    first.do("tools", tools.check)
    found = first.get("settings", lambda: settings_of(env))
    first.end()
    say("settings", f"{found.stack} in {found.region}, functions for {found.architecture}: {found.table}")

    checks = Checks()
    known_to_aws = checks.do("account", tools.account)
    checks.do("architecture", lambda: tools.check_target(found.architecture))
    checks.do("host", check_host)
    the_map = checks.get("map", pools.of_map)
    if not known_to_aws:
        # The rest takes a build of minutes, and most of it needs AWS.
        checks.end()
    say("mayfly", "the checks need the command, which is built now: minutes the first time, seconds after that")
    if the_map is not None:
        checks.do("map", check_map)
        checks.do("runtimes", lambda: runtimes.check(found.parameters))
        checks.do("caches", lambda: caches.check(found.parameters, found.stack, found.region))
    the_map = the_map or {}
    if any(found.given.get(name) for name in images.NAMED):
        checks.do("pins of the images", check_pins)
    say("network", network.said(found.parameters, the_map))
    resolved = against_the_account(checks, found, the_map)
    checks.end()
    return found, the_map, resolved


def against_the_account(checks: Checks, found: Settings, the_map: dict[str, pools.Pool]) -> Images:
    checks.do("secrets", lambda: parameter_store.check_secrets(found.path, found.region))
    checks.do("path", lambda: parameter_store.check_path(found.path, found.stack))
    named = {name: found.parameters[name] for name in found.stored}
    checks.do("AMIs", lambda: parameter_store.check_read(named, found.region))
    if logs.switched_on(found.parameters):
        checks.do("log key", lambda: logs.check_key(found.parameters, found.region))
    if runtimes.mounts_in(found.parameters):
        checks.do("zones", lambda: runtimes.check_zones(found.parameters))
    if mirror.is_on(found.parameters):
        checks.do("mirror key", lambda: mirror.check_key(found.parameters, found.region))
    if checks.do("stack", lambda: stacks.check_state(found.stack, found.region)):
        there = stacks.described(found.stack)
        deployed = Stack(there) if there else None
        checks.do("pools", lambda: pools.check_dropped(deployed, the_map))
    checks.do("quotas", lambda: check_quotas(found.region))
    look_up = partial(images.resolve, found.parameters, the_map, found.stack, found.region)
    resolved = checks.get("images", look_up) or Images()
    if resolved.said:
        say("images", resolved.said)
    for warning in resolved.warnings:
        say("warning", warning)
    return resolved


def settings_of(env: str) -> Settings:
    found, problems = settings.read(env)
    if problems or found is None:
        raise Refusal("\n".join(problems))
    return found


def check_map() -> str:
    ended = tools.mayfly("pools", "render", "--check")
    if ended.returncode == 1:
        raise Refusal(f"{tools.last_words(ended)}: `mayfly pools render` writes what pools.toml says")
    own = "mayfly: "
    said = [line.removeprefix(own) for line in ended.stderr.splitlines() if line.startswith(own)]
    if ended.returncode:
        # The map itself is wrong, a line for each mistake; or nothing could be built.
        raise Refusal("\n".join(said) or tools.last_words(ended))
    for warning in said:
        say("map", warning)
    return "what is deployed is what pools.toml says"


def check_host() -> str:
    """What an EC2 instance is given stands in the template as it was packed last."""
    ended = tools.run([sys.executable, "images/host/pack.py", "--check"])
    if ended.returncode:
        raise Refusal(tools.last_words(ended))
    return "what an instance is given is what images/host has"


def check_pins() -> str:
    """A stack that names images of which somebody does not know what they are made of is not deployed."""
    ended = tools.mayfly("images", "check", "--for-build")
    if ended.returncode:
        raise Refusal(f"{tools.last_words(ended)}: `mayfly images update`, then `make images PUSH=…`")
    return "known, and not too old"


def check_quotas(region: str) -> str:
    """1: something is small or could not be found out, which stops no deploy. 2: a pool cannot start."""
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


def build_and_deploy(found: Settings, resolved: Images, confirm: bool) -> None:
    before, waiting = changed_at(found), stacks.waiting_change_sets(found.stack)
    digests = runtimes.published(found.path, found.given)
    sam.write_parameters({**found.parameters, **resolved.parameters, **digests})
    say("build", f"sam build, for {found.architecture}")
    if sam.run(sam.build_command(found)):
        fail("sam build has failed, see above; nothing was deployed")
    if sam.check_binaries(found.architecture):
        fail(f"what was built is not for {found.architecture}, see above; nothing was deployed")
    say("deploy", f"sam deploy, {found.stack} in {found.region}")
    failed = sam.run(sam.deploy_command(found, confirm))
    there = stacks.described(found.stack)
    if there is None or there["StackStatus"] == "REVIEW_IN_PROGRESS":
        fail("nothing was deployed, see above; the stack is not there yet")
    if failed and changed_at(found) == before:
        fail("sam deploy has failed, see above; the stack is as it was")
    if failed:
        explain(found, there)
    if stacks.waiting_change_sets(found.stack) - waiting:
        fail("the change set was not confirmed; nothing was deployed, and the stack is as it was")


def changed_at(found: Settings):
    """When CloudFormation last began to change the stack. An older failure's reasons are not this one's."""
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


def farewell(found: Settings) -> None:
    there = stacks.described(found.stack)
    outputs = Stack(there).outputs if there else {}
    print(f"The webhook's payload URL: {outputs.get('WebhookUrl', 'not told by the stack')}")
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
        fail(f"{' '.join(sorted(unknown))} is no option; --help lists them")
    found, the_map, resolved = look(settings.environment())
    if "--check" in arguments:
        print("Nothing speaks against the deploy; nothing was built or changed.")
        return
    make_roles(the_map)
    build_and_deploy(found, resolved, confirm="--yes" not in arguments and sys.stdin.isatty())
    farewell(found)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; CloudFormation goes on with what it has begun")
