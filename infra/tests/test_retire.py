"""`make retire`: first no new runners, then no runners, then no instances, then no pool; from any point."""

import subprocess
import sys
import tomllib
import unittest

from stage import ANYBODY, OnProject

POOL, GROUP, CLUSTER = "ec2-arm64-spot", "mayfly_ec2-arm64-spot", "mayfly_ec2"
# Nobody falls back on it.
SPOT = "fargate-x64-spot"


class Retire(OnProject):
    def start_work(self):
        """An instance of the pool, and two tasks on it; another pool has one of each."""
        ecs, scaling = self.client("ecs"), self.client("autoscaling")
        for family, count in ((GROUP, 2), ("mayfly_ec2-x64", 1)):
            # A task of the templates' own definitions needs more of a network than moto's ECS gives.
            container = {"name": "runner", "image": "runner", "memory": 128}
            made = ecs.register_task_definition(family=family, containerDefinitions=[container])
            task = made["taskDefinition"]["taskDefinitionArn"]
            ecs.run_task(cluster=CLUSTER, taskDefinition=task, launchType="FARGATE", count=count)
            scaling.set_desired_capacity(AutoScalingGroupName=family, DesiredCapacity=1)

    def group(self, name: str = GROUP) -> dict | None:
        found = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return next(iter(found["AutoScalingGroups"]), None)

    def entry(self, pool: str = POOL) -> dict | None:
        text = (self.project / "pools.toml").read_text(encoding="utf-8")
        return tomllib.loads(text)["pools"].get(pool)

    def stop_tasks(self):
        ecs = self.client("ecs")
        for task in ecs.list_tasks(cluster=CLUSTER, family=GROUP)["taskArns"]:
            ecs.stop_task(cluster=CLUSTER, task=task)

    def test_in_order_and_again_from_where_it_stopped(self):
        self.assert_refused(POOL, f"there is no stack mayfly in us-east-1: take {POOL} out of pools.toml")
        self.deployed()
        self.assert_refused("ec2-x64", "ec2-x64-spot fall back on ec2-x64: give them another fallback in ")
        self.assert_refused("gpu", "gpu is not in pools.toml; its pools are ")
        self.assert_refused(POOL, "nothing was done", text="yes\n")
        self.start_work()
        comments = [line for line in self.lines_of_map() if line.startswith("#")]

        ended = self.run_script("retire.py", POOL, "--yes", "--minutes", "0")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(
            ended.stderr,
            f"retire.py: 2 tasks of {POOL} left after 0 minutes; each ends with its job; `aws ecs stop-task --region "
            "us-east-1 --cluster mayfly_ec2 --task TASK` ends one before. `make retire` then continues\n",
        )
        self.assertEqual(self.entry()["maximum"], 0)
        self.assertEqual(self.group()["MaxSize"], 0, "deployed")
        self.assertTrue(
            self.group()["Instances"][0]["ProtectedFromScaleIn"], "not released while a task runs"
        )

        # What stands there when the line is printed, and what makes it go on.
        said = self.run_along({f"tasks of {POOL}: 2 left": self.stop_tasks})
        self.assert_in_order(
            said,
            f"pools.toml: {POOL} has maximum = 0 already",
            "deploy: sam deploy, mayfly in us-east-1",
            f"tasks of {POOL}: 2 left",
            f"tasks of {POOL}: none left",
            f"Auto Scaling group {GROUP}: no instances wanted, 1 no longer protected",
            f"instances of {POOL}: none left",
            f"pools.toml: {POOL} is taken out",
            "deploy: sam deploy, mayfly in us-east-1",
            f"{POOL} is retired; commit pools.toml, infra/pools.yaml and infra/map/pools.json.",
        )
        self.assertIsNone(self.entry())
        self.assertIsNone(self.group())
        self.assertEqual([line for line in self.lines_of_map() if line.startswith("#")], comments)
        self.assertEqual(len(self.group("mayfly_ec2-x64")["Instances"]), 1, "another pool's goes on")
        running = self.client("ecs").list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
        self.assertEqual(len(running), 1, "another pool's goes on")

        self.assert_refused(POOL, f"{POOL} is not in pools.toml; its pools are fargate-x64, ")

    def test_who_does_not_confirm_a_deploy_has_retired_nothing(self):
        self.deployed()
        self.wish(declined=True)
        ended = self.run_script("retire.py", POOL, "--yes")
        first, *_, last = ended.stderr.splitlines()
        self.assertEqual(ended.returncode, 1)
        self.assertTrue(first.startswith("deploy.py: the change set was not confirmed; nothing was deployed"))
        self.assertTrue(last.startswith("retire.py: the deploy failed, see above; "))
        self.assertEqual(self.entry()["maximum"], 0)
        self.assertGreater(self.group()["MaxSize"], 0, "it is still in service, and nothing was released")

    def test_a_deploy_that_fails_is_made_up_for_by_the_next_run(self):
        self.deployed()
        self.wish(deploy=1)
        again = "retire.py: the deploy failed, see above; fix the cause, and `make retire` continues"
        ended = self.run_script("retire.py", SPOT, "--yes")
        self.assertEqual((ended.returncode, ended.stderr.splitlines()[-1][: len(again)]), (1, again))
        self.assertEqual(self.entry(SPOT)["maximum"], 0)

        self.wish()
        fails = {f"pools.toml: {SPOT} is taken out": lambda: self.wish(deploy=1)}
        said = self.run_along(fails, SPOT, code=1)
        self.assertTrue(said[-1].startswith(again), said)
        self.assertIsNone(self.entry(SPOT))

        self.wish()
        self.assertEqual(self.run_along({}, SPOT)[-1].split(";")[0], f"{SPOT} is retired")
        self.assert_refused(SPOT, f"{SPOT} is not in pools.toml; its pools are ")

    def lines_of_map(self) -> list[str]:
        return (self.project / "pools.toml").read_text(encoding="utf-8").splitlines()

    def run_along(self, steps: dict, pool: str = POOL, code: int = 0) -> list[str]:
        """Runs it, and does what belongs to a line when that is printed."""
        script = [sys.executable, self.project / "infra/bin/retire.py", pool, "--yes", "--every", "0.1"]
        environment = {**ANYBODY, **self.surroundings()}
        said = []
        with subprocess.Popen(
            script,
            cwd=self.project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            for line in running.stdout:
                said.append(line.strip())
                steps.get(said[-1], lambda: None)()
        self.assertEqual(running.returncode, code, "\n".join(said))
        return said

    def assert_in_order(self, said: list[str], *lines: str):
        rest = iter(said)
        for line in lines:
            self.assertIn(line, rest, "\n".join(said))

    def assert_refused(self, pool: str, problem: str, text: str = ""):
        """In one line, and nothing is deployed."""
        deploys = len(self.calls("sam"))
        ended = self.run_script("retire.py", pool, text=text)
        self.assertEqual(ended.returncode, 1)
        (line,) = ended.stderr.splitlines()
        self.assertTrue(line.startswith(f"retire.py: {problem}"), line)
        self.assertEqual(len(self.calls("sam")), deploys)


if __name__ == "__main__":
    unittest.main()
