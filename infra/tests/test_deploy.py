"""`make deploy` on moto: an account that never saw ECS, a deploy with nothing new, pools that come and go."""

import re
import unittest

from stage import REGION, ROOT, OnProject, run

ONE_MORE = """
[pools.ec2-x64-large]
labels = ["large"]
architecture = "x86_64"
capacity = "ec2"
instance_types = ["m6i.4xlarge"]
runners_per_instance = 1
cpu_units = 8192
memory_mib = 15360
disk_gib = 120
runner_group = "ecs"
priority = 90
maximum = 2
"""

# What moto has under the names that the template reads.
AMIS = ("ami-05fb4f257abd42992", "ami-0dcab4a333584aee7")

FRESH = f"""\
tools: sam 1.170.0, cargo 1.95.0, cargo-lambda
settings: mayfly in {REGION}, functions for arm64: [default.global.parameters] of samconfig.toml
account: 123456789012
architecture: Rust can build for arm64
host: the instances' user data matches images/host
mayfly: building the command that the checks need: minutes the first time, seconds after that
map: the templates match pools.toml
runtimes: none in pools.toml
caches: none in pools.toml
network: NatGateways is auto: 1 NAT gateway, about $33 a month, and $0.045 a gigabyte
secrets: all three kinds are under /mayfly
path: /mayfly is nobody's yet
AMIs: InstanceAmiX64 is {AMIS[0]}; InstanceAmiArm64 is {AMIS[1]}
stack: mayfly is not there yet
pools: none is deployed yet
quotas: doctor: nothing to say
images: RunnerImage is empty: fargate-x64, fargate-x64-spot, fargate-arm64 start nothing; RunnerDockerImage is \
empty: ec2-x64, ec2-x64-spot, ec2-arm64, ec2-arm64-spot start nothing; DockerdImage is empty: ec2-x64, \
ec2-x64-spot, ec2-arm64, ec2-arm64-spot start nothing
"""


class Deploy(OnProject):
    def test_a_fresh_account_then_nothing_new_then_another_stack(self):
        said = self.deployed("--check")
        self.assertEqual(said, FRESH + "All checks passed; nothing was built or changed.\n")
        self.assertEqual(self.calls("sam"), [["--version"]])
        self.assertEqual(self.roles(), set())

        said = self.deployed()
        self.assertEqual(said[: len(FRESH)], FRESH)
        self.assertEqual(self.roles(), {"ecs", "autoscaling", "spot"})
        made = "made for ecs.amazonaws.com, autoscaling.amazonaws.com, spot.amazonaws.com"
        rest = said[len(FRESH) :].splitlines()
        self.assertEqual(rest[0], f"service-linked roles: {made}")
        self.assertIn("WebhookFunction: 0.00 MB, zipped 0.00 MB, glibc 2.34", rest)
        self.assertRegex(rest[-3], "^The webhook's payload URL: https://")
        self.assertIn("At GitHub, in the App's webhook", rest[-2])
        stack = self.client("cloudformation").describe_stacks(StackName="mayfly")["Stacks"][0]
        self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")

        again = self.deployed()
        for line in (
            "path: /mayfly is this stack's",
            "stack: mayfly is CREATE_COMPLETE",
            "pools: none is dropped",
            "service-linked roles: 3 of 3 are there",
        ):
            self.assertIn(line, again.splitlines())
        self.another_stack_stands_beside_it()

    def another_stack_stands_beside_it(self):
        self.settings(env="staging", stack_name="mayfly-staging", ParametersPath="/staging")
        for folder in ("webhook-secrets", "ticket-keys", "github-app-keys"):
            self.put(f"/staging/{folder}/1")
        said = self.deployed(ENV="staging")
        self.assertIn("[staging.global.parameters] of samconfig.toml", said)
        self.assertEqual(
            [call[call.index("--config-env") + 1] for call in self.calls("sam")[-2:]], ["staging"] * 2
        )
        names = [it["StackName"] for it in self.client("cloudformation").describe_stacks()["Stacks"]]
        self.assertLessEqual({"mayfly", "mayfly-staging"}, set(names))

    def roles(self) -> set[str]:
        found = self.client("iam").list_roles(PathPrefix="/aws-service-role/")["Roles"]
        return {re.match("/aws-service-role/([a-z]+)[.]amazonaws[.]com/", it["Path"])[1] for it in found}

    def test_a_pool_with_tasks_stays_and_does_not_move(self):
        self.deployed()
        ecs = self.client("ecs")
        container = {"name": "runner", "image": "runner", "memory": 128}
        task = ecs.register_task_definition(family="mayfly_fargate-arm64", containerDefinitions=[container])
        revision = task["taskDefinition"]["taskDefinitionArn"]
        ecs.run_task(cluster="mayfly_fargate", taskDefinition=revision, launchType="FARGATE")
        scaling = self.client("autoscaling")
        scaling.set_desired_capacity(AutoScalingGroupName="mayfly_ec2-arm64-spot", DesiredCapacity=1)

        def change(text: str) -> str:
            begin, end = text.index("[pools.fargate-arm64]"), text.index("# Two tasks share")
            kept = text[:begin] + text[end:]
            moved = kept.index("[pools.ec2-arm64-spot]")
            lines = kept[moved:].replace('"ec2-spot"', '"fargate"').splitlines()
            gone = ("instance_types", "runners_per_instance", "fallback")
            without = [line for line in lines if not line.startswith(gone)]
            return kept[:moved] + "\n".join(without)

        self.change_map(change)
        self.mayfly("pools", "render")
        ended = self.run_script("deploy.py", "--check")
        moves, gone, last = ended.stderr.splitlines()
        if moves.startswith("pools: fargate"):
            moves, gone = gone, moves
        way = "put its entry back as it was, then `make retire POOL="
        self.assertEqual(
            moves,
            "pools: ec2-arm64-spot moves between EC2 and Fargate, and still has 1 instances and 0 tasks: "
            f"{way}ec2-arm64-spot`",
        )
        self.assertEqual(
            gone,
            "pools: fargate-arm64 is not in pools.toml any more, and still has 0 instances and 1 tasks: "
            f"{way}fargate-arm64`",
        )

    def test_a_map_may_have_pools_of_one_kind_alone(self):
        """A Fargate pool first, then EC2 pools in its place."""
        text = (self.project / "pools.toml").read_text(encoding="utf-8")
        first, second = text.index("[pools.fargate-x64]"), text.index("# Two tasks share")
        on_ec2 = {"ec2-x64", "ec2-x64-spot", "ec2-arm64", "ec2-arm64-spot"}
        for pools, there, groups in (
            (text[first:second], "fargate-x64", set()),
            (text[second:], "ec2-x64", on_ec2),
        ):
            (self.project / "pools.toml").write_text(pools, encoding="utf-8")
            self.mayfly("pools", "render")
            template = self.project / "infra/pools.yaml"
            linted = run([ROOT / ".tools/template/bin/cfn-lint", "--regions", REGION, "--", template])
            self.assertEqual((linted.returncode, linted.stdout), (0, ""))
            self.deployed()
            families = self.client("ecs").list_task_definition_families(status="ACTIVE")["families"]
            self.assertIn(f"mayfly_{there}", families)
            found = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
            names = {it["AutoScalingGroupName"].removeprefix("mayfly_") for it in found}
            self.assertEqual(names, groups)

    def test_a_pool_is_added_and_dropped(self):
        self.deployed()
        scaling = self.client("autoscaling")
        scaling.set_desired_capacity(AutoScalingGroupName="mayfly_ec2-x64", DesiredCapacity=1)

        before = (self.project / "pools.toml").read_text(encoding="utf-8")
        self.change_map(lambda text: text + ONE_MORE)
        ended = self.run_script("deploy.py")
        self.assertEqual(ended.returncode, 1)
        stale, last = ended.stderr.splitlines()
        self.assertRegex(
            stale, "^map: .*infra/pools.yaml.*run `mayfly pools render`$"
        )
        self.mayfly("pools", "render")
        self.deployed()
        self.assertEqual(self.instances("mayfly_ec2-x64"), 1, "what ran goes on")
        self.assertEqual(self.instances("mayfly_ec2-x64-large"), 0)

        scaling.set_desired_capacity(AutoScalingGroupName="mayfly_ec2-x64-large", DesiredCapacity=1)
        self.change_map(lambda _: before)
        self.mayfly("pools", "render")
        builds = len(self.calls("sam"))
        ended = self.run_script("deploy.py")
        self.assertEqual(
            ended.stderr.splitlines()[0],
            "pools: ec2-x64-large is not in pools.toml any more, and still has 1 instances and 0 tasks: put its "
            "entry back as it was, then `make retire POOL=ec2-x64-large`",
        )
        self.assertEqual(self.calls("sam")[builds:], [["--version"]], "nothing was built")

        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["mayfly_ec2-x64-large"])[
            "AutoScalingGroups"
        ]
        for it in group["Instances"]:
            scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=it["InstanceId"], ShouldDecrementDesiredCapacity=True
            )
        said = self.deployed()
        self.assertIn("pools: ec2-x64-large will go; nothing runs there", said.splitlines())
        groups = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        self.assertNotIn("mayfly_ec2-x64-large", [it["AutoScalingGroupName"] for it in groups])

    def instances(self, group: str) -> int:
        found = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        (it,) = found["AutoScalingGroups"]
        return len(it["Instances"])

    def test_what_was_built_for_something_else_is_not_deployed(self):
        for wishes, problem in (
            ({"architecture": "x86_64"}, "is for x86_64, not for arm64"),
            ({"glibc": "GLIBC_2.38"}, "needs glibc 2.38, and Lambda has 2.34"),
            ({"build": 2}, "sam build failed"),
        ):
            self.wish(**wishes)
            ended = self.run_script("deploy.py")
            self.assertEqual(ended.returncode, 1)
            self.assertIn(problem, ended.stderr)
            self.assertTrue(ended.stderr.endswith("nothing was deployed\n"), ended.stderr)
            self.assertEqual([call[0] for call in self.calls("sam")][-1], "build")


if __name__ == "__main__":
    unittest.main()
