"""What an EC2 instance is given: user data, volumes, and what its role and its alarm say. `make test-docker`
runs the user data."""

import json
import unittest

from launched import files, launch_templates, parts, settings, user_data
from shapes import ROOT, Stack

# EC2: user data has 16 KB before it is base64.
MOST = 16 * 1024

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGES = {it: f"{REGISTRY}/{it.lower()}@sha256:{'0' * 64}" for it in ("RunnerDockerImage", "DockerdImage")}


def pools(name: str = "mayfly", **given: str) -> Stack:
    return Stack.whole(name, **given).below("Pools")


class UserData(unittest.TestCase):
    def test_cloud_init_finds_two_programs_in_it(self):
        for text in user_data(pools(**IMAGES)).values():
            kinds = [it.get_content_type() for it in parts(text)]
            self.assertEqual(kinds, ["text/cloud-boothook", "text/x-shellscript"])
            for part in parts(text):
                self.assertTrue(part.get_payload().startswith("#!/bin/bash\n"))
                self.assertEqual(part.defects, [])

    def test_every_pools_says_what_it_is_for(self):
        found = user_data(pools(**IMAGES, RegistryMirror="http://mirror.internal:5000"))
        entries = json.loads((ROOT / "infra/map/pools.json").read_text(encoding="utf-8"))["pools"]
        names = {name for name, it in entries.items() if it["capacity"].startswith("ec2")}
        self.assertEqual({settings(it)["MAYFLY_POOL"] for it in found.values()}, names)
        for text in found.values():
            told = settings(text)
            del told["MAYFLY_POOL"]
            self.assertEqual(
                told,
                {
                    "MAYFLY_CLUSTER": "mayfly_ec2",
                    "MAYFLY_IMAGES": f"{' '.join(IMAGES.values())} ",
                    "MAYFLY_REGISTRY_MIRROR": "http://mirror.internal:5000",
                    "MAYFLY_METRICS_NAMESPACE": "Mayfly/mayfly/hosts",
                },
            )

    def test_what_is_pulled_is_what_the_tasks_have(self):
        to_newrelic = {"TaskLogs": "on", "LogOutput": "newrelic", "LogsImage": f"{REGISTRY}/logs:1"}
        for given, names in ((IMAGES, ["runner", "dockerd"]), ({**IMAGES, **to_newrelic}, ["runner", "dockerd", "logs"])):
            stack = pools(**given)
            for pool, text in user_data(stack).items():
                task = stack.template["Resources"][f"TaskDefinition{pool}"]["Properties"]
                containers = {it["Name"]: it["Image"] for it in stack.value(task["ContainerDefinitions"])}
                self.assertEqual(list(containers), names)
                self.assertEqual(settings(text)["MAYFLY_IMAGES"].split(), list(containers.values()))

    def test_without_images_none_is_pulled(self):
        for text in user_data(pools()).values():
            self.assertEqual(settings(text)["MAYFLY_IMAGES"].split(), [])

    def test_there_is_room_for_the_longest_names(self):
        long = {it: f"{image[:-71]}{'x' * 200}{image[-71:]}" for it, image in IMAGES.items()}
        for text in user_data(pools("n" * 128, **long, RegistryMirror="http://" + "m" * 200)).values():
            self.assertLess(len(text.encode()), MOST)

    def test_no_secret_is_in_it(self):
        """Whoever reaches the metadata service reads it."""
        for text in user_data(pools(**IMAGES)).values():
            for each in (text, *files(text).values()):
                self.assertNotRegex(each, r"(?i)ticket|webhook-secret|github-app|ssm[:.]")


class Volumes(unittest.TestCase):
    def test_dockers_data_has_the_pools_disk_beside_the_system(self):
        stack = pools()
        for pool, it in launch_templates(stack).items():
            disk = stack.template["Mappings"]["Pools"][pool]["Disk"]
            volumes = {each["DeviceName"]: each["Ebs"] for each in it["BlockDeviceMappings"]}
            self.assertEqual({name: ebs["VolumeSize"] for name, ebs in volumes.items()}, {"/dev/xvda": 30, "/dev/xvdb": disk})


class Role(unittest.TestCase):
    """An instance's role is what a job can get hold of: docs/SECURITY.md."""

    def statements(self) -> dict[str, dict]:
        stack = pools()
        role = stack.value(stack.template["Resources"]["InstanceRole"]["Properties"])
        (policy,) = role["Policies"]
        return {it["Sid"]: it for it in policy["PolicyDocument"]["Statement"]}

    def test_it_pulls_this_stacks_images_alone(self):
        pull = self.statements()["PullThisStacksImages"]
        self.assertEqual(pull["Condition"], {"StringEquals": {"aws:ResourceTag/mayfly:stack": "mayfly"}})

    def test_its_metrics_are_those_of_hosts_alone(self):
        """The functions' alarms read another namespace, which no job can write into."""
        tell = self.statements()["TellHowFullDockersVolumeIs"]
        self.assertEqual(tell["Condition"], {"StringEquals": {"cloudwatch:namespace": "Mayfly/mayfly/hosts"}})


class Alarm(unittest.TestCase):
    def alarm(self, **given: str) -> dict:
        stack = pools(**given)
        return stack.value(stack.template["Resources"]["DockerVolumeAlarm"]["Properties"])

    def test_it_rings_for_the_metric_that_instances_send(self):
        alarm = self.alarm()
        for text in user_data(pools()).values():
            tell = files(text)["usr/lib/mayfly/tell"]
            self.assertIn(f"MetricName={alarm['MetricName']}", tell)
            self.assertIn(f"Unit={alarm['Unit']}", tell)
            self.assertEqual(settings(text)["MAYFLY_METRICS_NAMESPACE"], alarm["Namespace"])
        self.assertEqual((alarm["Statistic"], alarm["Threshold"]), ("Maximum", 85))
        self.assertEqual(alarm["ComparisonOperator"], "GreaterThanThreshold")

    def test_it_tells_a_topic_where_there_is_one(self):
        topic = "arn:aws:sns:us-east-1:123456789012:alarms"
        self.assertEqual(self.alarm(AlarmTopicArn=topic)["AlarmActions"], [topic])
        self.assertNotIn("AlarmActions", self.alarm())


if __name__ == "__main__":
    unittest.main()
