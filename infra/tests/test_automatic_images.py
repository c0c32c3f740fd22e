"""Automatic images: what is published reaches the pools of a deployed stack without a deploy, and nothing else does; what
the role may do; and what a deploy and a rollback have to do with it."""

import hashlib
import json
import shutil
import types
import unittest
from unittest import mock

from codebuild import PARAMETER, REPOSITORY, in_a_build
from shapes import ROOT, Stack
from simulated import simulated
from stage import OnDeployed
from test_image_builds import ARNS, policy

import deploy
import image_builds
import make_images
import rollback_images
from says import Refusal

OF_POOLS = {"RunnerImage": "runner", "RunnerDockerImage": "runner-docker", "DockerdImage": "dockerd"}
ALL = "runner,runner-docker,dockerd"
# The script asks AWS three times for each, and its command takes most of a second to start.
POOLS = ("ec2-x64", "fargate-x64")
TAG = "mayfly:deployed-revision"


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@unittest.skipUnless(shutil.which("jq"), "jq is not here, which the script needs and CodeBuild's image brings")
class Give(OnDeployed):
    """On moto's CloudFormation, ECS, ECR and Parameter Store, with AWS's own command."""

    def setUp(self):
        super().setUp()
        shutil.copytree(ROOT / "images/at-aws", self.project / "images/at-aws")
        self.ecs, self.ecr, self.ssm = (self.client(it) for it in ("ecs", "ecr", "ssm"))
        for image in ALL.split(","):
            self.ecr.create_repository(repositoryName=f"mayfly_images/{image}")
        self.first = self.pushed("first")
        self.deploy_with(self.first)

    def deploy_with(self, images: dict[str, str], **given: str) -> None:
        self.stacks = self.deploy(**{parameter: images[image] for parameter, image in OF_POOLS.items()}, **given)

    def pushed(self, build: str) -> dict[str, str]:
        """The references of a build's images."""
        pushed = {}
        for image in ALL.split(","):
            manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "of": [image, build]})
            put = self.ecr.put_image(repositoryName=f"mayfly_images/{image}", imageManifest=manifest, imageTag=f"build-{build}")
            pushed[image] = f"{REPOSITORY}/{image}@{put['image']['imageId']['imageDigest']}"
        return pushed

    def publish(self, images: dict[str, str], before: dict[str, str] | None = None) -> None:
        value = json.dumps({"pins": "p", "built": "2026-11-27", "images": images, "before": before or {}})
        self.ssm.put_parameter(Name=PARAMETER, Type="String", Value=value, Overwrite=True)

    def placements(self) -> dict:
        """As the stack tells the functions, of some pools."""
        outputs = self.client("cloudformation").describe_stacks(StackName=self.stacks["template"]["Pools"]["id"])["Stacks"][0]["Outputs"]
        told = json.loads(next(it["OutputValue"] for it in outputs if it["OutputKey"] == "Placements"))
        return {**told, "revisions": {pool: told["revisions"][pool] for pool in POOLS}}

    def give(self, code: int = 0, names: str = ALL, **given: str) -> str:
        """The last line of what it says."""
        given = {"NAMES": names, "PLACEMENTS": json.dumps(self.placements()), **given}
        ended = in_a_build(self, "give", **given)
        self.assertEqual(ended.returncode, code, ended.stderr)
        return (ended.stderr if code else ended.stdout).splitlines()[-1]

    def newest(self, pool: str) -> dict:
        described = self.ecs.describe_task_definition(taskDefinition=f"mayfly_{pool}", include=["TAGS"])
        return {**described["taskDefinition"], "tags": {it["key"]: it["value"] for it in described["tags"]}}

    def images(self, pool: str) -> dict[str, str]:
        return {it["name"]: it["image"] for it in self.newest(pool)["containerDefinitions"]}

    def live(self, image: str) -> dict[str, str]:
        details = self.ecr.describe_images(repositoryName=f"mayfly_images/{image}")["imageDetails"]
        return {
            tag: it["imageDigest"] for it in details for tag in it["imageTags"] if tag.startswith(image_builds.LIVE)
        }

    def test_new_images_reach_every_pool_and_what_was_rolled_back_does_not_come_again(self):
        deployed, second = self.placements()["revisions"], self.pushed("second")
        self.publish(second, self.first)
        self.assertEqual(self.give(), "give: 2 pools have new images from now on")
        self.assertEqual(self.images("fargate-x64"), {"runner": second["runner"]})
        self.assertEqual(self.images("ec2-x64"), {"runner": second["runner-docker"], "dockerd": second["dockerd"]})
        made = self.newest("ec2-x64")
        self.assertEqual((made["tags"]["mayfly:stack"], made["tags"][TAG]), ("mayfly", str(deployed["ec2-x64"])))
        self.assertEqual(self.but_for_images(made), self.but_for_images(self.revision("ec2-x64", deployed["ec2-x64"])))
        self.assertEqual(self.live("runner"), {"live-1": second["runner"].partition("@")[2]}, "ECR keeps what is given")
        self.assertEqual(self.give(), "give: 0 pools have new images from now on")
        self.assertEqual(self.newest("ec2-x64")["revision"], made["revision"])

        rolled_back = self.script("rollback_images.py")
        self.assertEqual((rolled_back.returncode, rolled_back.stderr), (0, ""))
        self.assertEqual(self.give(), "give: 2 pools have new images from now on")
        self.assertEqual(self.images("fargate-x64"), {"runner": self.first["runner"]})
        self.assertEqual(self.give(), "give: 0 pools have new images from now on", "the next day")

    def revision(self, pool: str, revision: int) -> dict:
        return self.ecs.describe_task_definition(taskDefinition=f"mayfly_{pool}:{revision}")["taskDefinition"]

    @staticmethod
    def but_for_images(definition: dict) -> dict:
        own = {"taskDefinitionArn", "revision", "registeredAt", "tags", "containerDefinitions"}
        containers = [{name: it for name, it in each.items() if name != "image"} for each in definition["containerDefinitions"]]
        return {**{name: it for name, it in definition.items() if name not in own}, "containers": containers}

    def test_a_deploy_after_it_is_what_pools_have(self):
        second, third = self.pushed("second"), self.pushed("third")
        self.publish(second)
        self.give()
        self.deploy_with(third)
        self.publish(third, second)
        self.assertEqual(self.give(), "give: 0 pools have new images from now on")
        self.assertEqual(self.images("fargate-x64"), {"runner": third["runner"]})

    def test_a_revision_of_an_old_deploy_makes_room_for_the_deployed_one(self):
        """A run that began before a deploy, and registered after it."""
        second, old = self.pushed("second"), self.placements()
        self.deploy_with(self.first, LogRetentionDays="7", RegistryMirror="http://mirror.internal:5000")
        self.publish(second)
        self.give(PLACEMENTS=json.dumps(old))
        stale = self.newest("ec2-x64")
        self.give()
        found, deployed = self.newest("ec2-x64"), self.placements()["revisions"]["ec2-x64"]
        self.assertGreater(deployed, old["revisions"]["ec2-x64"])
        self.assertEqual((stale["tags"][TAG], found["tags"][TAG]), (str(old["revisions"]["ec2-x64"]), str(deployed)))
        self.assertEqual(self.but_for_images(found), self.but_for_images(self.revision("ec2-x64", deployed)))

    def test_what_somebody_has_set_by_hand_stays(self):
        self.publish(self.pushed("second"))
        self.give(names="runner")
        self.assertEqual(self.images("ec2-x64"), {"runner": self.first["runner-docker"], "dockerd": self.first["dockerd"]})
        self.assertNotEqual(self.images("fargate-x64"), {"runner": self.first["runner"]})
        own = {**self.first, "runner": "r.example/own@sha256:1"}
        self.deploy_with(own)
        self.give()
        self.assertEqual(self.images("fargate-x64"), {"runner": "r.example/own@sha256:1"}, "it is none of the stack's repositories")

    def test_nothing_published_gives_nothing(self):
        self.ssm.put_parameter(Name=PARAMETER, Type="String", Value="none")
        self.assertEqual(self.give(), "give: no image for the pools is published yet")

    def test_what_no_build_has_pushed_is_given_to_nobody(self):
        second = self.pushed("second")
        for wrong in ("r.example/runner@sha256:1", f"{REPOSITORY}/runner:latest", f"{REPOSITORY}/mirror@{digest('a')}"):
            self.publish({**second, "runner": wrong})
            self.assertIn(f"has {wrong} for runner, which is not in", self.give(1))
        self.publish({**second, "runner": f"{REPOSITORY}/runner@{digest('gone')}"})
        self.assertIn("mayfly_images/runner has no image sha256:", self.give(1))
        self.assertEqual(self.images("fargate-x64"), {"runner": self.first["runner"]})

    def test_a_stack_that_changes_or_was_rolled_back_is_left_alone(self):
        self.publish(self.pushed("second"))
        aws = self.project / "bin/aws"
        aws.parent.mkdir()
        for state, code, said in [
            ("UPDATE_IN_PROGRESS", 0, "give: mayfly is UPDATE_IN_PROGRESS; each deploy runs this again at its end, and so does the daily run"),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 0, "give: mayfly is UPDATE_COMPLETE_CLEANUP_IN_PROGRESS; each deploy runs this"),
            ("UPDATE_ROLLBACK_COMPLETE", 1, "give: mayfly is UPDATE_ROLLBACK_COMPLETE, so nothing was changed: fix what its last"),
            ("UPDATE_ROLLBACK_FAILED", 1, "give: mayfly is UPDATE_ROLLBACK_FAILED, so nothing was changed"),
            ("UPDATE_FAILED", 1, "give: mayfly is UPDATE_FAILED, so nothing was changed"),
            ("", 1, "give: mayfly is in no state, so nothing was changed"),
        ]:
            # moto ends each deploy at once, and well. With any other call the script would not get this far.
            aws.write_text(f"#!/bin/sh\n[ \"$2\" = describe-stacks ] && echo '{state}'\n", encoding="utf-8")
            aws.chmod(0o755)
            told = self.give(code, PATH=f"{aws.parent}:/usr/bin:/bin")
            self.assertTrue(told.startswith(said), told)
        aws.write_text("#!/bin/sh\nexit 254\n", encoding="utf-8")
        ended = in_a_build(self, "give", NAMES=ALL, PLACEMENTS='{"stack": "mayfly"}', PATH=f"{aws.parent}:/usr/bin:/bin")
        self.assertEqual(ended.returncode, 254, "AWS does not answer")


class Role(unittest.TestCase):
    IAM = "arn:aws:iam::123456789012:role/"
    ECS = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
    BUCKET = "arn:aws:s3:::mayfly-ImageStore-ID-Context-ID"
    TO_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    MAY = [
        ("ecs:RegisterTaskDefinition", "*", {"aws:RequestTag/mayfly:stack": "mayfly"}),
        ("ecs:TagResource", f"{ECS}mayfly_ec2-x64:7", {"ecs:CreateAction": "RegisterTaskDefinition"}),
        ("iam:PassRole", f"{IAM}mayfly-Pools-ID-ExecutionRole-ID", TO_TASKS),
        ("s3:GetObject", f"{BUCKET}/give", {}),
        ("ecr:PutImage", "arn:aws:ecr:us-east-1:123456789012:repository/mayfly_images/runner", {}),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/mayfly/images", {}),
    ]
    MAY_NOT = [
        ("ecs:RegisterTaskDefinition", "*", {}),
        ("ecs:RegisterTaskDefinition", "*", {"aws:RequestTag/mayfly:stack": "other"}),
        ("ecs:TagResource", f"{ECS}other_ec2-x64:7", {"ecs:CreateAction": "RegisterTaskDefinition"}),
        ("ecs:RunTask", f"{ECS}mayfly_ec2-x64:7", {}),
        ("iam:PassRole", f"{IAM}mayfly-Pools-ID-ExecutionRole-ID", {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:PassRole", f"{IAM}mayfly-Pools-ID-InstanceRole-ID", TO_TASKS),
        ("s3:PutObject", f"{BUCKET}/give", {}),
        ("ecr:BatchDeleteImage", "arn:aws:ecr:us-east-1:123456789012:repository/mayfly_images/runner", {}),
        ("ssm:PutParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/mayfly/images", {}),
        ("ssm:GetParametersByPath", "arn:aws:ssm:us-east-1:123456789012:parameter/mayfly/ticket-keys", {}),
        ("cloudformation:UpdateStack", "arn:aws:cloudformation:us-east-1:123456789012:stack/mayfly/1", {}),
        ("lambda:UpdateFunctionConfiguration", "arn:aws:lambda:us-east-1:123456789012:function:mayfly-LauncherFunction-1", {}),
    ]

    def may(self, document: dict, asked: list[tuple]) -> list[bool]:
        return simulated([{"policy": document, "action": action, "resource": on, "context": keys} for action, on, keys in asked])

    def test_it_registers_revisions_for_the_pools_and_changes_nothing_else(self):
        with mock.patch.dict(ARNS, {"AWS::IAM::Role": "arn:aws:iam::${Account}:role/${Name}"}):
            document = policy("GiveRole", "AutomaticImaging")
        self.assertEqual(self.may(document, self.MAY), [True] * len(self.MAY))
        for asked, may in zip(self.MAY_NOT, self.may(document, self.MAY_NOT), strict=True):
            self.assertFalse(may, asked)

    def test_no_role_of_the_builds_writes_what_it_runs_or_starts_it(self):
        project = "arn:aws:codebuild:us-east-1:123456789012:project/mayfly-AutomaticImaging-ID-Give-ID"
        asked = [("s3:PutObject", f"{self.BUCKET}/give", {}), ("codebuild:StartBuild", project, {})]
        for role in ("CheckRole", "BuildRole", "PublishRole", "MachineRole"):
            self.assertEqual(self.may(policy(role), asked), [False, False], role)

    def test_it_is_there_only_where_both_switches_are_on(self):
        for given, there in [
            ({}, False),
            ({"ImageBuilds": "on"}, False),
            ({"AutomaticImages": "on"}, False),
            ({"ImageBuilds": "on", "AutomaticImages": "on"}, True),
        ]:
            root = Stack.whole("mayfly", **given)
            self.assertEqual("AutomaticImaging" in root.resources(), there, given)
            pools = root.below("Pools")
            told = json.loads(pools.value(pools.template["Outputs"]["Placements"]["Value"]))
            self.assertEqual(told.get("newest", False), there, given)


class Deploy(unittest.TestCase):
    ON = {"ImageBuilds": "on", "AutomaticImages": "on", "RunnerImage": "", "RunnerDockerImage": "", "DockerdImage": "own", "LogsImage": ""}

    def test_what_samconfig_names_is_not_given(self):
        self.assertEqual(image_builds.given(self.ON), {"AutomaticImageNames": "runner,runner-docker,logs"})
        self.assertEqual(image_builds.given({**self.ON, "AutomaticImages": "off"}), {})

    def test_without_builds_it_is_refused(self):
        self.assertEqual(image_builds.problems(self.ON, "mayfly"), [])
        (told,) = image_builds.problems({**self.ON, "ImageBuilds": "off"}, "mayfly")
        self.assertEqual(told, 'AutomaticImages is on, and ImageBuilds is off: no build publishes any; set ImageBuilds = "on", or leave it out')

    def aws(self, status: str) -> tuple[list, types.SimpleNamespace]:
        calls = []
        s3 = types.SimpleNamespace(put_object=lambda **told: calls.append((told["Bucket"], told["Key"])))
        codebuild = types.SimpleNamespace(
            start_build=lambda projectName: calls.append(projectName) or {"build": {"id": f"{projectName}:7"}},
            batch_get_builds=lambda ids: {"builds": [{"id": ids[0], "buildStatus": status}]},
        )
        return calls, types.SimpleNamespace(s3=s3, codebuild=codebuild)

    def test_a_deploy_brings_the_script_and_runs_it(self):
        for given, expected in ((self.ON, [("context", "give"), "give"]), ({**self.ON, "AutomaticImages": "off"}, [])):
            calls, aws = self.aws("SUCCEEDED")
            found = types.SimpleNamespace(parameters=given, stack="mayfly")
            with (
                mock.patch.object(make_images.boto3, "client", lambda name, aws=aws: getattr(aws, name)),
                mock.patch.object(image_builds, "outputs", lambda _: {"Bucket": "context", "Give": "give"}),
                mock.patch.object(make_images, "say", lambda *_: None),
            ):
                deploy.automatic_images(found)
            self.assertEqual(calls, expected)

    def test_a_rollback_waits_until_the_pools_have_it_and_says_where_to_look(self):
        calls, aws = self.aws("SUCCEEDED")
        with mock.patch.object(make_images.boto3, "client", lambda name: getattr(aws, name)), mock.patch.object(make_images, "say"):
            make_images.give({"Give": "give"})
            self.assertEqual(calls, ["give"])
            _, aws = self.aws("FAILED")
            failed = "^giving the images to the pools has failed, and they keep what they have: `aws codebuild"
            with self.assertRaisesRegex(Refusal, failed):
                make_images.give({"Give": "give"})
            with self.assertRaisesRegex(Refusal, f"{failed}.*; they are what is published all the same, and `make deploy`"):
                rollback_images.give({"Give": "give"})

    def test_a_rollback_beside_a_deploy_is_refused_before_it_changes_anything(self):
        found = types.SimpleNamespace(stack="mayfly", region="us-east-1", path="/mayfly")
        with (
            mock.patch.object(rollback_images, "settings_or_fail", lambda _: found),
            mock.patch.object(image_builds, "outputs", lambda _: {"Give": "give"}),
            mock.patch.object(rollback_images.stacks, "described", lambda _: {"StackStatus": "UPDATE_IN_PROGRESS"}),
            self.assertRaisesRegex(SystemExit, "mayfly is UPDATE_IN_PROGRESS: another operation is changing it"),
        ):
            rollback_images.main([])


if __name__ == "__main__":
    unittest.main()
