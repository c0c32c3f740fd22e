"""The runtimes: who may write and who may read them, what a task of each pool is given, and what a deploy adds.
Rendered from a map in which pools come to them in every way."""

import json
import subprocess
import tempfile
import tomllib
import unittest
from functools import cache
from pathlib import Path
from unittest import mock

from authorisation import TABLE, problems, statements
from rendered import rendered
from shapes import ROOT, Stack, expanded_files
from stage import OnMoto  # finds the scripts

import pools
import runtimes
from says import Refusal

MINISTACK = ROOT / ".tools/ministack/bin/python"
SIMULATE = Path(__file__).with_name("simulate.py")

ACCOUNT = "123456789012"
DIGESTS = {"RuntimesX64": "a" * 64, "RuntimesArm64": ""}
FROM = {"ec2-x64": "efs", "fargate-arm64": "none", "fargate-x64-spot": "efs"}


def the_map(ways: dict[str, str]) -> str:
    text = (ROOT / "pools.toml").read_text(encoding="utf-8")
    for pool, way in ways.items():
        text = text.replace(f"[pools.{pool}]\n", f'[pools.{pool}]\nruntimes_from = "{way}"\n')
    return 'runtimes = ["node@22", "python@3.13"]\n' + text


@cache
def root(all_from: str = "", **more: str) -> Stack:
    """The stack of the map above, or of one whose pools all have one way; with more parameters."""
    names = tomllib.loads((ROOT / "pools.toml").read_text(encoding="utf-8"))["pools"]
    with rendered(the_map(dict.fromkeys(names, all_from) if all_from else FROM)) as files:
        templates = expanded_files(files)
    arns = {it["type"]: it["arn"] for it in tomllib.loads(TABLE.read_text(encoding="utf-8"))["arn"]}
    arns["AWS::S3::Bucket"] = "arn:${Partition}:s3:::${Name}"
    given = {} if all_from == "efs" else DIGESTS
    return Stack.whole("one", arns=arns, templates=templates, RuntimesImage="r.example/runtimes", **given, **more)


def properties(logical: str, stack: Stack | None = None) -> dict:
    stack = stack or root().below("Runtimes")
    return stack.value(stack.resources()[logical]["Properties"])


def publisher() -> str:
    return root().below("Runtimes").arn("PublisherRole")


def allowed(asked: list[dict]) -> list[bool]:
    ended = subprocess.run([MINISTACK, SIMULATE], input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


class Bundles(unittest.TestCase):
    """Who may do what with the bucket."""

    def test_anybody_gets_an_object_through_the_networks_endpoint_and_nobody_does_anything_else(self):
        stack = root().below("Runtimes")
        bucket, policy = stack.arn("Bucket"), properties("BucketPolicy")["PolicyDocument"]
        endpoint = {"aws:sourcevpce": stack.parameters["S3EndpointId"]}
        cases = [
            ("s3:GetObject", "/x64/versions/a/bundle.tar.zst", endpoint, True, True),
            ("s3:GetObject", "/x64/versions/a/bundle.tar.zst", endpoint, False, False),
            ("s3:GetObject", "/x64/versions/a/bundle.tar.zst", {"aws:sourcevpce": "vpce-0another"}, True, False),
            ("s3:GetObject", "/x64/versions/a/bundle.tar.zst", {}, True, False),
            ("s3:ListBucket", "", endpoint, True, False),
            ("s3:PutObject", "/x64/versions/a/bundle.tar.zst", endpoint, True, False),
            ("s3:DeleteObject", "/x64/versions/a/bundle.tar.zst", endpoint, True, False),
            ("s3:PutBucketPolicy", "", endpoint, True, False),
        ]
        asked = [
            {"of_resource": policy, "action": action, "resource": bucket + path, "context": context, "secure": secure}
            for action, path, context, secure, _ in cases
        ]
        self.assertEqual(allowed(asked), [it[-1] for it in cases])

    def test_a_publisher_puts_bundles_and_says_which_is_the_newest_and_no_more(self):
        (inline,) = properties("PublisherRole")["Policies"]
        bucket = root().below("Runtimes").arn("Bucket")
        parameter = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"
        cases = {
            ("s3:PutObject", f"{bucket}/x64/versions/a/bundle.tar.zst"): True,
            ("s3:PutObject", "arn:aws:s3:::another/x64"): False,
            ("s3:DeleteObject", f"{bucket}/x64/versions/a/bundle.tar.zst"): False,
            ("s3:GetObject", f"{bucket}/x64/versions/a/bundle.tar.zst"): False,
            ("ssm:PutParameter", f"{parameter}/mayfly/runtimes/x64"): True,
            ("ssm:PutParameter", f"{parameter}/mayfly/ticket-keys/1"): False,
            ("ssm:GetParameter", f"{parameter}/mayfly/github-app-keys/1"): False,
        }
        asked = [{"policy": inline["PolicyDocument"], "action": it[0], "resource": it[1]} for it in cases]
        self.assertEqual(dict(zip(cases, allowed(asked), strict=True)), cases)

    def test_the_bucket_is_private_and_forgets(self):
        bucket = properties("Bucket")
        self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"], 90)


class FileSystem(unittest.TestCase):
    def test_anybody_mounts_and_reads_and_the_publisher_alone_writes(self):
        stack = root().below("Runtimes")
        policy = properties("FileSystem")["FileSystemPolicy"]
        through = {"elasticfilesystem:accessedviamounttarget": "true"}
        another = f"arn:aws:iam::{ACCOUNT}:role/another"
        cases = [
            ("", "ClientMount", through, True, True),
            ("", "ClientMount", through, False, False),
            ("", "ClientMount", {}, True, False),
            ("", "ClientWrite", through, True, False),
            ("", "ClientRootAccess", through, True, False),
            (another, "ClientMount", through, True, True),
            (another, "ClientWrite", through, True, False),
            (publisher(), "ClientMount", through, True, True),
            (publisher(), "ClientWrite", through, True, True),
            (publisher(), "ClientWrite", through, False, False),
            (publisher(), "ClientRootAccess", through, True, False),
        ]
        asked = [
            {
                "of_resource": policy,
                "who": who,
                "action": f"elasticfilesystem:{action}",
                "resource": f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:file-system/{stack.named('FileSystem')}",
                "context": context,
                "secure": secure,
            }
            for who, action, context, secure, _ in cases
        ]
        self.assertEqual(dict(zip(map(str, cases), allowed(asked), strict=True)), {str(it): it[-1] for it in cases})


class Tasks(unittest.TestCase):
    """The settings that PID 1 of each pool gets."""

    def test_each_pool_comes_to_them_as_the_map_says(self):
        stack = root().below("Pools")
        bundles = root().below("Runtimes").attribute("Bucket", "RegionalDomainName")
        for logical, what in stack.resources().items():
            if what["Type"] != "AWS::ECS::TaskDefinition":
                continue
            task = stack.value(what["Properties"])
            pool = task["Family"].removeprefix("one_")
            runner = next(it for it in task["ContainerDefinitions"] if it["Name"] == "runner")
            told = {it["Name"]: it["Value"] for it in runner["Environment"] if "TOOL_CACHE" in it["Name"] and it["Value"]}
            way, expected = FROM.get(pool, "s3"), {}
            if way == "s3" and "x64" in pool:
                place = f"https://{bundles}/x64/versions/{DIGESTS['RuntimesX64']}/bundle.tar.zst"
                expected = {
                    "MAYFLY_TOOL_CACHE_ARCHIVE": place,
                    "MAYFLY_TOOL_CACHE_SHA256": DIGESTS["RuntimesX64"],
                }
            elif way == "efs":
                expected = {"MAYFLY_TOOL_CACHE_TREE": "/mnt/runtimes/x64/current"}
            self.assertEqual(told, expected, pool)
            volumes = [it for it in task.get("Volumes", []) if it["Name"] == "runtimes"]
            mounts = [it for it in runner.get("MountPoints", []) if it["SourceVolume"] == "runtimes"]
            self.assertEqual((len(volumes), len(mounts)), (1, 1) if way == "efs" else (0, 0), pool)
            for volume in volumes:
                efs = volume["EFSVolumeConfiguration"]
                self.assertEqual((efs["TransitEncryption"], efs["AuthorizationConfig"]["IAM"]), ("ENABLED", "DISABLED"))
            self.assertTrue(all(it["ReadOnly"] for it in mounts))
            self.assertNotIn("TaskRoleArn", task)

    def test_a_publisher_of_each_architecture_installs_what_the_map_lists_in_both_ways(self):
        options = ["--bundles", f"s3://{root().below('Runtimes').named('Bucket')}", "--parameter"]
        # No pool for arm64 has its runtimes from EFS here, but the tree is the same task's.
        for logical, word in (("PublisherX64", "x64"), ("PublisherArm64", "arm64")):
            (container,) = properties(logical)["ContainerDefinitions"]
            told = ["--architecture", word, *options, f"/mayfly/runtimes/{word}", "--trees", "/mnt/runtimes"]
            self.assertEqual(container["Command"], [*told, "node@22", "python@3.13"])

    def test_the_stacks_key_and_repositories_are_those_of_the_publishers_too(self):
        key, repository = (f"arn:aws:{it}" for it in ("kms:us-east-1:1:key/k", "ecr:us-east-1:1:repository/runtimes"))
        for given, of_logs, of_images in (
            ({}, None, ["arn:aws:ecr:us-east-1:*:repository/*"]),
            ({"KmsKeyArn": key, "ImageRepositories": repository}, key, [repository]),
        ):
            stack = root(**given).below("Runtimes")
            self.assertEqual(properties("Logs", stack).get("KmsKeyId"), of_logs)
            (policy,) = properties("ExecutionRole", stack)["Policies"]
            pulls = [it for it in policy["PolicyDocument"]["Statement"] if it["Sid"] == "PullImages"]
            self.assertEqual([it["Resource"] for it in pulls], [of_images])

    def test_one_way_alone_makes_nothing_of_the_other(self):
        kinds = lambda way: {it["Type"] for it in root(way).below("Runtimes").resources().values()}  # noqa: E731
        self.assertNotIn("AWS::EFS::FileSystem", kinds("s3"))
        self.assertNotIn("AWS::S3::Bucket", kinds("efs"))
        self.assertIn("AWS::S3::Bucket", kinds("s3"))
        self.assertIn("AWS::EFS::FileSystem", kinds("efs"))
        self.assertNotIn("Runtimes", root("none").template["Resources"])

    def test_without_runtimes_there_is_nothing_of_it(self):
        shipped = Stack.whole("one")
        self.assertNotIn("Runtimes", shipped.template["Resources"])
        self.assertNotIn("TOOL_CACHE", json.dumps(shipped.below("Pools").template))


class Authorisation(unittest.TestCase):
    def test_every_statement_is_one_that_aws_knows(self):
        table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
        table["arn"].append({"type": "AWS::S3::Bucket", "arn": "arn:${Partition}:s3:::${Name}"})
        found = list(statements(root().below("Runtimes")))
        # What forbids all that is possible grants nothing.
        granted = [it for it in found if not it.where.endswith("TlsOnly")]
        self.assertEqual(sum("RunnersRead" in it.where for it in granted), 2)
        wrong = [it for statement in granted for it in problems(statement, table)]
        # A key of every service, which the reference lists for none.
        self.assertEqual([it for it in wrong if not it.endswith(("aws:SourceVpce", "aws:PrincipalArn"))], [])


class Deploy(unittest.TestCase):
    def with_map(self, text: str, do):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pools.toml"
            file.write_text(text, encoding="utf-8")
            with mock.patch.object(pools, "FILE", file):
                return do()

    def test_a_network_of_ones_own_needs_an_endpoint(self):
        own = {"VpcId": "vpc-1"}
        for ways, given, told in (
            ({}, {}, "node@22, python@3.13"),
            ({}, {**own, "S3EndpointId": "vpce-1"}, "node@22, python@3.13"),
        ):
            self.assertEqual(self.with_map(the_map(ways), lambda given=given: runtimes.check(given)), told)
        with self.assertRaisesRegex(Refusal, "^S3EndpointId is empty: with VpcId"):
            self.with_map(the_map({}), lambda: runtimes.check(own))
        self.assertEqual(self.with_map("", lambda: runtimes.check(own)), "none in pools.toml")

    def test_what_was_published_last_is_deployed_unless_samconfig_says_another(self):
        """The client is a stand-in: it knows one parameter, and answers as GetParameters does."""
        there = {"/mayfly/runtimes/x64": "b" * 64}
        client = mock.Mock()
        client.get_parameters = lambda Names: {
            "Parameters": [{"Name": it, "Value": there[it]} for it in Names if it in there],
            "InvalidParameters": [it for it in Names if it not in there],
        }
        published = lambda given: runtimes.published("/mayfly", given)  # noqa: E731
        with mock.patch.object(runtimes.boto3, "client", return_value=client):
            for given, expected in (({}, {"RuntimesX64": "b" * 64}), ({"RuntimesX64": "c" * 64}, {})):
                self.assertEqual(self.with_map(the_map({}), lambda given=given: published(given)), expected)
            self.assertEqual(self.with_map("", lambda: published({})), {})
            there.clear()
            self.assertEqual(self.with_map(the_map({}), lambda: published({})), {})


class Zones(OnMoto):
    """Mount targets in a network of the user's own."""

    def test_the_first_two_subnets_are_in_two_zones_and_any_other_is_in_one_of_these(self):
        client = self.client("ec2")
        vpc = client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        made = lambda number, zone: client.create_subnet(  # noqa: E731
            VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        one, beside, two, third = (made(number, zone) for number, zone in enumerate("aabc"))
        for subnets, told in (
            ([one, two], None),
            ([one, two, beside], None),
            ([one], f"us-east-1a alone has {one}. Put two of two zones first"),
            ([one, beside], f"us-east-1a alone has {one} and {beside}. Put two of two zones first"),
            ([one, two, third], f"SubnetIds: {third} is in us-east-1c, .* us-east-1a and us-east-1b: leave it out"),
        ):
            given = {"VpcId": vpc, "SubnetIds": ",".join(subnets)}
            with self.subTest(subnets), mock.patch.object(runtimes.boto3, "client", return_value=client):
                if told is None:
                    self.assertEqual(runtimes.check_zones(given), "mount targets in us-east-1a and us-east-1b")
                else:
                    with self.assertRaisesRegex(Refusal, told):
                        runtimes.check_zones(given)

    def test_it_is_asked_only_where_the_file_system_is_in_such_a_network(self):
        for ways, given, asked in (("efs", {"VpcId": "vpc-1"}, True), ("efs", {}, False), ("s3", {"VpcId": "vpc-1"}, False)):
            with mock.patch.object(runtimes, "ways", return_value={ways}):
                self.assertEqual(runtimes.mounts_in(given), asked)


if __name__ == "__main__":
    unittest.main()
