"""What a deploy says of the network's cost, of the repositories that ECS pulls from, and of a stack's tags."""

import unittest

from stage import BIN  # noqa: F401  infra/bin is on the path by it

import network
import registries
import sam
import settings
from pools import Pool
from settings import Settings

DEFAULTS = {"VpcId": "", "NatGateways": "auto"}


class OnEc2:
    on_ec2, in_service = True, True


class OnFargate:
    on_ec2, in_service = False, True


class Cost(unittest.TestCase):
    def test_it_is_said_before_anything_is_made(self):
        on_ec2, on_fargate = {"ec2-x64": OnEc2}, {"fargate-x64": OnFargate}
        for given, pools, said in (
            ({}, on_ec2, "NatGateways is auto: 1 NAT gateway, about $33 a month, and $0.045 a gigabyte"),
            ({"NatGateways": "2"}, on_ec2, "NatGateways is 2: 2 NAT gateways, about $66 a month, and $0.045 a gigabyte"),
            (
                {},
                on_fargate,
                "NatGateways is auto: no NAT gateway; Fargate's runners get public addresses, $0.005 an hour each",
            ),
            (
                {"NatGateways": "0"},
                on_ec2,
                "NatGateways is 0: no NAT gateway; Fargate's runners get public addresses, $0.005 an hour each; "
                "warning: ec2-x64 have no route to the internet, so their jobs wait; set auto, 1 or 2",
            ),
            ({"VpcId": "vpc-1"}, on_ec2, "vpc-1, which is there already; its way out is its owner's"),
        ):
            self.assertEqual(network.said({**DEFAULTS, **given}, pools), said)
        self.assertTrue(hasattr(Pool, "on_ec2") and hasattr(Pool, "in_service"), "what the stand-ins have")


class Repositories(unittest.TestCase):
    def test_an_image_in_ecr_has_a_repository_and_another_registrys_has_none_of_ecrs(self):
        digest = "@sha256:" + "0" * 64
        for image, arn in (
            (
                f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/runner{digest}",
                "arn:aws:ecr:eu-west-1:123456789012:repository/team/runner",
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/runner:1",
                "arn:aws-cn:ecr:cn-north-1:123456789012:repository/runner",
            ),
            ("registry.example/runner:1", ""),
        ):
            self.assertEqual(registries.repository_arn(image), arn, image)


class Tags(unittest.TestCase):
    def test_a_stack_has_its_own_tag_and_those_of_samconfig(self):
        found = Settings("default", "one", "us-east-1", {}, {}, tags={"team": "ci", "mayfly:stack": "other"})
        command = sam.deploy_command(found, confirm=False)
        at = command.index("--tags")
        self.assertEqual(command[at + 1 : at + 3], ["team=ci", "mayfly:stack=one"])


class Together(unittest.TestCase):
    USUAL = {"AlarmEmail": "", "AlarmTopicArn": "", "DiskThroughput": "250", "DiskIops": "3000"}

    def test_what_makes_no_sense_together_is_named_with_the_way_out(self):
        self.assertEqual(settings.problems_together(self.USUAL), [])
        (alarms,) = settings.problems_together({**self.USUAL, "AlarmEmail": "a@b.example", "AlarmTopicArn": "arn"})
        self.assertTrue(alarms.startswith("AlarmEmail and AlarmTopicArn are both given: "), alarms)
        (disk,) = settings.problems_together({**self.USUAL, "DiskThroughput": "1000"})
        self.assertTrue(disk.endswith("set DiskIops = 4000"), disk)


if __name__ == "__main__":
    unittest.main()
