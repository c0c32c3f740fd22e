"""What an EC2 instance is given: user data, volumes, and what its role and its alarm say. `make test-docker`
runs the user data."""

import email
import json
import re
import sys
import unittest

from shapes import ROOT, Stack

sys.path.insert(0, str(ROOT / "images/host"))

import pack  # noqa: E402  (no package either)

# EC2: user data has 16 KB before it is base64.
MOST = 16 * 1024

IMAGES = {it: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{it.lower()}@sha256:{'0' * 64}" for it in ("RunnerDockerImage", "DockerdImage")}


def launch_templates(**given: str) -> dict[str, dict]:
    """By the pool's name in logical ids."""
    pools = Stack.whole(**given).below("Pools")
    return {
        logical.removeprefix("LaunchTemplate"): pools.value(it["Properties"]["LaunchTemplateData"])
        for logical, it in pools.resources().items()
        if it["Type"] == "AWS::EC2::LaunchTemplate"
    }


def user_data(**given: str) -> dict[str, str]:
    return {pool: it["UserData"]["Fn::Base64"] for pool, it in launch_templates(**given).items()}


def settings(text: str) -> dict[str, str]:
    """What host.env says."""
    return dict(re.findall(r'^(MAYFLY_\w+)="(.*)"$', text, re.MULTILINE))


class UserData(unittest.TestCase):
    def test_cloud_init_finds_two_programs_in_it(self):
        for text in user_data(**IMAGES).values():
            parts = email.message_from_string(text)
            kinds = [it.get_content_type() for it in parts.get_payload()]
            self.assertEqual(kinds, ["text/cloud-boothook", "text/x-shellscript"])
            for part in parts.get_payload():
                self.assertTrue(part.get_payload().startswith("#!/bin/bash\n"))
                self.assertEqual(part.defects, [])

    def test_every_pools_says_what_it_is_for(self):
        found = user_data(**IMAGES, RegistryMirror="http://mirror.internal:5000")
        pools = json.loads((ROOT / "infra/map/pools.json").read_text(encoding="utf-8"))["pools"]
        names = {name for name, it in pools.items() if it["capacity"].startswith("ec2")}
        self.assertEqual({settings(it)["MAYFLY_POOL"] for it in found.values()}, names)
        for text in found.values():
            told = settings(text)
            del told["MAYFLY_POOL"]
            self.assertEqual(
                told,
                {
                    "MAYFLY_CLUSTER": "mayfly_ec2",
                    "MAYFLY_IMAGES": " ".join(IMAGES.values()),
                    "MAYFLY_REGISTRY_MIRROR": "http://mirror.internal:5000",
                    "MAYFLY_METRICS_NAMESPACE": "Mayfly/mayfly/hosts",
                },
            )

    def test_what_is_pulled_is_what_the_tasks_have(self):
        pools = Stack.whole(**IMAGES).below("Pools")
        for pool, text in user_data(**IMAGES).items():
            task = pools.template["Resources"][f"TaskDefinition{pool}"]["Properties"]
            containers = pools.value(task["ContainerDefinitions"])
            images = {it["Image"] for it in containers if it["Name"] in ("runner", "dockerd")}
            self.assertEqual(set(settings(text)["MAYFLY_IMAGES"].split()), images)

    def test_without_images_none_is_pulled(self):
        for text in user_data().values():
            self.assertEqual(settings(text)["MAYFLY_IMAGES"].split(), [])

    def test_there_is_room_for_the_longest_names(self):
        long = {it: f"{image[:-71]}{'x' * 200}{image[-71:]}" for it, image in IMAGES.items()}
        pools = Stack.whole("n" * 128, **long, RegistryMirror="http://" + "m" * 200).below("Pools")
        for logical in user_data():
            data = pools.value(pools.template["Resources"][f"LaunchTemplate{logical}"]["Properties"]["LaunchTemplateData"])
            self.assertLess(len(data["UserData"]["Fn::Base64"].encode()), MOST)

    def test_no_secret_is_in_it(self):
        """Whoever reaches the metadata service reads it."""
        for text in [*user_data(**IMAGES).values(), *(it.decode() for _, _, it in pack.files())]:
            self.assertNotRegex(text, r"(?i)ticket|webhook-secret|github-app|ssm[:.]")


class Volumes(unittest.TestCase):
    def test_dockers_data_has_the_pools_disk_beside_the_system(self):
        pools = Stack.whole().below("Pools")
        for pool, it in launch_templates().items():
            disk = pools.template["Mappings"]["Pools"][pool]["Disk"]
            volumes = {each["DeviceName"]: each["Ebs"] for each in it["BlockDeviceMappings"]}
            self.assertEqual({name: ebs["VolumeSize"] for name, ebs in volumes.items()}, {"/dev/xvda": 30, "/dev/xvdb": disk})
            for ebs in volumes.values():
                self.assertTrue(ebs["Encrypted"] and ebs["DeleteOnTermination"])


class Role(unittest.TestCase):
    """An instance's role is what a job can get hold of: docs/SECURITY.md."""

    def statements(self) -> dict[str, dict]:
        pools = Stack.whole().below("Pools")
        role = pools.value(pools.template["Resources"]["InstanceRole"]["Properties"])
        self.assertNotIn("ManagedPolicyArns", role)
        (policy,) = role["Policies"]
        return {it["Sid"]: it for it in policy["PolicyDocument"]["Statement"]}

    def test_it_pulls_this_stacks_images_alone(self):
        pull = self.statements()["PullThisStacksImages"]
        self.assertEqual(pull["Condition"], {"StringEquals": {"aws:ResourceTag/mayfly:stack": "mayfly"}})

    def test_its_metrics_are_those_of_hosts_alone(self):
        """The functions' alarms read another namespace, which no job can write into."""
        tell = self.statements()["TellHowFullDockersVolumeIs"]
        self.assertEqual(tell["Condition"], {"StringEquals": {"cloudwatch:namespace": "Mayfly/mayfly/hosts"}})

    def test_it_may_do_nothing_else(self):
        actions = set()
        for it in self.statements().values():
            actions |= {it["Action"]} if isinstance(it["Action"], str) else set(it["Action"])
        self.assertEqual(
            {it for it in actions if not it.startswith("ecs:")},
            {
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "cloudwatch:PutMetricData",
            },
        )
        for never in ("ecs:RunTask", "ecs:StartTask", "ecs:StopTask", "ecs:DescribeTasks", "ecs:ListTasks"):
            self.assertNotIn(never, actions)


class Alarm(unittest.TestCase):
    def alarm(self, **given: str) -> dict:
        pools = Stack.whole(**given).below("Pools")
        return pools.value(pools.template["Resources"]["DockerVolumeAlarm"]["Properties"])

    def test_it_rings_for_the_metric_that_instances_send(self):
        alarm = self.alarm()
        tell = next(content for path, _, content in pack.files() if path.endswith("/tell")).decode()
        self.assertIn(f"MetricName={alarm['MetricName']}", tell)
        self.assertIn(f"Unit={alarm['Unit']}", tell)
        for text in user_data().values():
            self.assertEqual(settings(text)["MAYFLY_METRICS_NAMESPACE"], alarm["Namespace"])
        self.assertEqual((alarm["Statistic"], alarm["Threshold"]), ("Maximum", 85))
        self.assertEqual(alarm["ComparisonOperator"], "GreaterThanThreshold")

    def test_it_tells_a_topic_where_there_is_one(self):
        topic = "arn:aws:sns:us-east-1:123456789012:alarms"
        self.assertEqual(self.alarm(AlarmTopicArn=topic)["AlarmActions"], [topic])
        self.assertIsNone(self.alarm()["AlarmActions"])


if __name__ == "__main__":
    unittest.main()
