"""What the templates hold as they are expanded: AMIs, images, order, and how often what failed is tried."""

import json
import re
import unittest

from shapes import ROOT, Stack, expanded


class Pools(unittest.TestCase):
    AMIS = {"InstanceAmiX64": "ami-of-x64", "InstanceAmiArm64": "ami-of-arm64"}

    def test_every_instance_has_the_ami_of_its_architecture(self):
        pools = Stack.whole(**self.AMIS).below("Pools")
        of = {"X86_64": "ami-of-x64", "ARM64": "ami-of-arm64"}
        seen = set()
        for logical, resource in pools.resources().items():
            if resource["Type"] != "AWS::EC2::LaunchTemplate":
                continue
            pool = logical.removeprefix("LaunchTemplate")
            task = pools.template["Resources"][f"TaskDefinition{pool}"]["Properties"]
            architecture = pools.value(task["RuntimePlatform"]["CpuArchitecture"])
            image = pools.value(resource["Properties"]["LaunchTemplateData"]["ImageId"])
            self.assertEqual(image, of[architecture], pool)
            seen.add(architecture)
        self.assertEqual(seen, set(of), "the map has pools of both")

    def test_no_launch_template_looks_an_ami_up(self):
        """A group with InstanceRequirements refuses one that does."""
        self.assertNotIn("resolve:ssm", json.dumps(expanded()))

    def test_a_group_may_launch_each_type_that_its_pool_names(self):
        """What EC2 leaves out by default: bare metal, burstable types, and what costs far more."""
        told = json.loads((ROOT / "infra/map/pools.json").read_text(encoding="utf-8"))["pools"]
        pools, seen = Stack.whole("one", **self.AMIS).below("Pools"), set()
        for resource in pools.resources().values():
            if resource["Type"] != "AWS::AutoScaling::AutoScalingGroup":
                continue
            group = pools.value(resource["Properties"])
            pool = group["AutoScalingGroupName"].removeprefix("one_")
            (override,) = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
            wanted = override["InstanceRequirements"]
            self.assertEqual(wanted.pop("AllowedInstanceTypes"), told[pool]["instance_types"])
            self.assertEqual(
                wanted,
                {
                    "BareMetal": "included",
                    "BurstablePerformance": "included",
                    "OnDemandMaxPricePercentageOverLowestPrice": 999999,
                    "SpotMaxPricePercentageOverLowestPrice": 999999,
                    "VCpuCount": {"Min": 1},
                    "MemoryMiB": {"Min": 1},
                },
            )
            seen.add(pool)
        self.assertEqual(seen, {name for name, it in told.items() if it["capacity"].startswith("ec2")})

    def outputs(self, **given: str) -> tuple[dict, str | None]:
        """What the functions get, and which pools are named as those that start nothing."""
        root = Stack.whole("one", **given)
        outputs = root.template["Outputs"]
        told = outputs["WithoutImages"]
        variables = root.template["Resources"]["LauncherFunction"]["Properties"]["Environment"]["Variables"]
        placements = json.loads(root.value(variables["MAYFLY_PLACEMENTS"]))
        below = root.below("Pools")
        nested = below.template["Outputs"]["WithoutImages"]
        self.assertEqual(root.holds(told["Condition"]), below.holds(nested["Condition"]), "both or neither")
        return placements, root.value(told["Value"]) if root.holds(told["Condition"]) else None

    IMAGES = {"RunnerImage": "r.example/a", "RunnerDockerImage": "r.example/b", "DockerdImage": "r.example/c"}

    def test_placements_are_json_of_names_networks_and_revisions(self):
        placements, without = self.outputs(**self.IMAGES, VpcId="vpc-1", SubnetIds='subnet-1","subnet-2')
        group = "<one-Pools-ID-RunnerSecurityGroup.GroupId>"
        self.assertIsNone(without)
        network = {"subnets": ["subnet-1", "subnet-2"], "securityGroups": [group], "assignPublicIp": "DISABLED"}
        pools = json.loads((ROOT / "infra/map/pools.json").read_text(encoding="utf-8"))["pools"]
        self.assertEqual(
            placements,
            {
                "stack": "one",
                "fargate": {"network": network, "image": True},
                "ec2": {"network": network, "image": True, "dockerd": True},
                "revisions": dict.fromkeys(pools, 1),
            },
        )

    def test_pools_without_images_start_nothing_and_it_is_said(self):
        for missing, place in [
            ("RunnerImage", ("fargate", "image")),
            ("RunnerDockerImage", ("ec2", "image")),
            ("DockerdImage", ("ec2", "dockerd")),
        ]:
            placements, without = self.outputs(**{**self.IMAGES, missing: ""})
            has = {(where, what): it for where in ("fargate", "ec2") for what, it in placements[where].items()}
            self.assertEqual([it for it, there in has.items() if there is False], [place])
            pools = "fargate-" if place[0] == "fargate" else "ec2-"
            self.assertRegex(without, rf"^{missing} is empty: ({pools}[a-z0-9-]+(, )?)+ start nothing\. $")
        _, without = self.outputs()
        self.assertEqual(without.count(" is empty: "), 3)

    def test_no_task_has_an_image_that_is_nothing(self):
        for given, image in ((self.IMAGES, r"r\.example/[abc]"), ({}, r"mayfly\.invalid/no-image-yet")):
            pools = Stack.whole(**given).below("Pools")
            for resource in pools.resources().values():
                if resource["Type"] == "AWS::ECS::TaskDefinition":
                    for container in pools.value(resource["Properties"]["ContainerDefinitions"]):
                        self.assertRegex(container["Image"], f"^{image}$")


def needed(template: dict, logical: str) -> set[str]:
    """The resources that have to be there before this one, all the way down."""
    found, todo = set(), [logical]
    while todo:
        resource = template["Resources"][todo.pop()]
        text = json.dumps({"Properties": resource.get("Properties", {})})
        named = set(re.findall(r'"Ref": "(\w+)"', text)) | set(re.findall(r'"Fn::GetAtt": \["(\w+)"', text))
        named |= set(re.findall(r"\$\{(\w+)[.}]", text))
        waits = resource.get("DependsOn", [])
        named |= {waits} if isinstance(waits, str) else set(waits)
        new = (named & set(template["Resources"])) - found
        found |= new
        todo += new
    return found


class Order(unittest.TestCase):
    def test_the_webhook_is_updated_after_those_that_launch(self):
        template = expanded()["template"]
        found = template["Resources"].items()
        functions = {it for it, what in found if what["Type"] == "AWS::Lambda::Function"}
        # The reconciler has the webhook's URL. What it does not know of a new pool it learns later.
        later = {"WebhookFunction", "ReconcilerFunction"}
        self.assertEqual(needed(template, "WebhookFunction") & functions, functions - later)

    def test_a_path_that_is_taken_is_found_before_anything_is_made(self):
        template = expanded()["template"]
        for logical, resource in template["Resources"].items():
            if resource["Type"] == "AWS::CloudFormation::Stack":
                self.assertIn("ParametersPathOwner", needed(template, logical), logical)


# Rules of events whose targets a schedule calls too.
BESIDE_A_TICK = {"AfterABuild"}
DEAD_LETTERS = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


class Ticks(unittest.TestCase):
    def test_what_comes_every_minute_may_be_called_by_the_rule_and_by_no_other(self):
        resources = expanded()["template"]["Resources"]
        rule = resources["EveryMinuteRule"]["Properties"]
        called = {target["Arn"]["Fn::GetAtt"][0] for target in rule["Targets"]}
        self.assertEqual(called, {"SchedulerFunction", "ReconcilerFunction"})
        given = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Lambda::Permission"]
        by_rule = {it["FunctionName"]["Ref"] for it in given if it["Principal"] == "events.amazonaws.com"}
        self.assertEqual(by_rule, called)
        self.assertTrue(all(it["SourceArn"] == {"Fn::GetAtt": ["EveryMinuteRule", "Arn"]} for it in given))


class Retries(unittest.TestCase):
    def test_whatever_calls_asynchronously_says_how_often_and_how_long(self):
        """A new kind of it fails here until somebody has thought of it."""
        told, functions = {}, set()
        for template in expanded().values():
            for logical, it in template["Resources"].items():
                properties = it.get("Properties", {})
                match it["Type"]:
                    case "AWS::Lambda::Function":
                        functions.add(logical)
                    case "AWS::Lambda::EventInvokeConfig":
                        told[properties["FunctionName"]["Ref"]] = retries(properties)
                    case "AWS::Events::Rule":
                        for target in properties["Targets"]:
                            # The next tick makes good what one missed: nobody is to look at it.
                            ticks = "ScheduleExpression" in properties or logical in BESIDE_A_TICK
                            kept = None if ticks else {"Arn": DEAD_LETTERS}
                            self.assertEqual(target.get("DeadLetterConfig"), kept)
                            told[f"{logical} to {target['Id']}"] = retries(target["RetryPolicy"])
                    case "AWS::S3::Bucket" if "NotificationConfiguration" not in properties:
                        pass
                    # SNS tries a mail for hours, and the alarm is seen in CloudWatch too.
                    case "AWS::SNS::Subscription" if properties["Protocol"] == "email":
                        pass
                    case "AWS::Scheduler::Schedule" | "AWS::SNS::Subscription" | "AWS::Pipes::Pipe" | "AWS::S3::Bucket":
                        self.fail(f"{logical}, a {it['Type']}: what becomes of an event that fails?")
        once = (0, 60)
        self.assertEqual(
            told,
            {
                **dict.fromkeys(functions, once),
                "EveryMinuteRule to Scheduler": once,
                "EveryMinuteRule to Reconciler": once,
                **dict.fromkeys(("WeeklyX64 to Publisher", "WeeklyArm64 to Publisher"), (3, 3600)),
                **dict.fromkeys(("Daily to Check", "Daily to Give", "AfterABuild to Give"), (3, 3600)),
                "TaskStoppedRule to JobQueue": (185, 86400),
                "SpotInterruptionRule to JobQueue": (185, 120),
            },
        )


def retries(properties: dict) -> tuple[int, int]:
    return properties["MaximumRetryAttempts"], properties["MaximumEventAgeInSeconds"]


if __name__ == "__main__":
    unittest.main()
