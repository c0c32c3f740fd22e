#!/usr/bin/env python3
"""Takes a pool out of service and out of the stack, in the order that AWS requires.

    retire.py POOL [--yes] [--minutes N] [--every SECONDS]

    --yes            no question, here or about change sets
    --minutes N      how long to wait for its tasks, and for its instances, each (60)
    --every SECONDS  between two looks (15)

1. `maximum = 0` in pools.toml, rendered and deployed: no job is routed to it, nothing is launched.
2. Wait until no task of it runs or waits. A job that runs is not ended.
3. On EC2, its Auto Scaling group wants no instance and protects none; wait until none is left.
4. Its entry leaves pools.toml, which is rendered and deployed: the stack no longer has it.

CloudFormation cannot take a capacity provider away while a task uses it (containers-roadmap #631), and
instances that ECS has protected stay, and cost, when it is gone (#2862). It can be run again from any point.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import clearing
import pools
import settings
import stacks
import tomlkit
import tools
from pools import Pool
from says import AWS_ERRORS, Refusal, fail, listed, say, told_by_aws
from settings import Settings
from stacks import Stack


def main() -> None:
    told = arguments()
    found = settings.settings_or_fail(settings.environment(), stack_only=False)
    there = stacks.described(found.stack)
    if there is None:
        fail(f"there is no stack {found.stack} in {found.region}: take {told.pool} out of pools.toml")
    pool = check(told.pool, Stack(there))
    if not told.yes:
        print(f"Type {told.pool} to take it out of {found.stack} in {found.region}: ", end="", flush=True)
        if sys.stdin.readline().strip() != told.pool:
            fail("nothing was done")
    if pool:
        empty(found, pool, told)
    out_of_the_map(told.pool)
    deploy(told.yes)
    print(f"{told.pool} is retired; commit pools.toml, infra/pools.yaml and infra/map/pools.json.")


def empty(found: Settings, pool: Pool, told: argparse.Namespace) -> None:
    """Waits until only its entry is left."""
    out_of_service(pool.name)
    deploy(told.yes)
    wait(
        f"tasks of {pool.name}",
        lambda: pools.tasks_of(found.stack, pool.name, pool.on_ec2),
        told,
        how_to_stop(found, pool),
    )
    if pool.on_ec2:
        release(found, pool, told)


def arguments() -> argparse.Namespace:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        sys.exit()
    usage = argparse.ArgumentParser(add_help=False)
    usage.add_argument("pool", metavar="POOL")
    usage.add_argument("--yes", action="store_true")
    usage.add_argument("--minutes", type=float, default=60)
    usage.add_argument("--every", type=float, default=15)
    return usage.parse_args()


def check(name: str, stack: Stack) -> Pool | None:
    """The pool, if it can be retired. None if an earlier run has taken it out of the map, but its deploy has
    failed. The deploy refuses if anything of the pool is left."""
    the_map = pools.of_map()
    if name not in the_map:
        if name in pools.deployed(stack):
            return None
        raise Refusal(f"{name} is not in pools.toml; its pools are {listed(the_map)}")
    if falling := [other for other, it in the_map.items() if it.fallback == name]:
        raise Refusal(
            f"{listed(falling)} fall back on {name}: give them another fallback in pools.toml, or none"
        )
    if len(the_map) == 1:
        raise Refusal(f"{name} is the only pool: `make destroy` takes the stack down")
    return the_map[name]


def changed(change: Callable[[dict], bool]) -> bool:
    """Changes pools.toml, keeping its comments, and renders it."""
    document = tomlkit.parse(pools.FILE.read_text(encoding="utf-8"))
    if not change(document["pools"]):
        return False
    pools.FILE.write_text(tomlkit.dumps(document), encoding="utf-8")
    return True


def render() -> None:
    """Renders even if nothing has changed, because an earlier run may have ended in between."""
    ended = tools.mayfly("pools", "render")
    if ended.returncode:
        fail(f"pools.toml cannot be rendered: {tools.last_words(ended)}")


def out_of_service(name: str) -> None:
    def change(entries: dict) -> bool:
        entry, before = entries[name], dict(entries[name])
        entry["maximum"] = 0
        # No runner waits where none may live.
        entry.update({key: 0 for key in ("working_hours_minimum", "off_hours_minimum") if key in entry})
        entry.pop("off_hours_maximum", None)
        return dict(entry) != before

    say("pools.toml", f"{name} has maximum = 0" + ("" if changed(change) else " already"))
    render()


def out_of_the_map(name: str) -> None:
    def change(entries: dict) -> bool:
        return entries.pop(name, None) is not None

    changed(change)
    say("pools.toml", f"{name} is taken out")
    render()


def deploy(yes: bool) -> None:
    """Deploys, with all checks and output of deploy.py."""
    script = [sys.executable, str(Path(__file__).with_name("deploy.py")), *(["--yes"] if yes else [])]
    if subprocess.run(script, check=False).returncode:
        fail(
            "the deploy failed, see above; fix the cause, and `make retire` continues from here"
        )


def release(found: Settings, pool: Pool, told: argparse.Namespace) -> None:
    """The deploy has set the group's maximum to 0, but instances that ECS protects stay; this lets them go."""
    group = pools.physical(found.stack, pool.name)
    if not pools.instances_of(group):
        say(f"Auto Scaling group {group}", "no instance is left")
        return
    say(f"Auto Scaling group {group}", clearing.let_instances_go(group))
    where = f"--auto-scaling-group-name {group} --region {found.region}"
    way = f"aws autoscaling describe-scaling-activities {where}"
    wait(
        f"instances of {pool.name}",
        lambda: pools.instances_of(group),
        told,
        f"`{way}` says what becomes of them",
    )


def how_to_stop(found: Settings, pool: Pool) -> str:
    where = f"--region {found.region} --cluster {pools.cluster(found.stack, pool.on_ec2)}"
    return f"each ends with its job; `aws ecs stop-task {where} --task TASK` ends one before"


def wait(what: str, look: Callable[[], list], told: argparse.Namespace, otherwise: str) -> None:
    """Waits until there are none, with a line whenever the number changes."""
    end, before = time.monotonic() + told.minutes * 60, None
    while left := len(look()):
        if left != before:
            say(what, f"{left} left")
            before = left
        if time.monotonic() >= end:
            fail(
                f"{left} {what} left after {told.minutes:g} minutes; {otherwise}. `make retire` then continues"
            )
        time.sleep(min(told.every, max(0, end - time.monotonic())))
    say(what, "none left")


if __name__ == "__main__":
    try:
        main()
    except Refusal as problem:
        fail(f"{problem}; nothing was done")
    except AWS_ERRORS as error:
        fail(told_by_aws(error))
    except KeyboardInterrupt:
        fail("interrupted; `make retire` continues from here")
