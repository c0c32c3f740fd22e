"""Image builds at AWS: what their roles may do, what the scripts do on stand-ins for docker and on moto for AWS, and
what a deploy takes of it."""

import datetime
import io
import json
import os
import re
import shutil
import tarfile
import unittest
from unittest import mock

from codebuild import PARAMETER, REPOSITORY, in_a_build
from feed import Feed
from shapes import ROOT, Stack
from simulated import simulated
from stage import OnMoto, mayfly

import image_builds
import rollback_images
from says import Refusal

ARNS = {
    "AWS::S3::Bucket": "arn:${Partition}:s3:::${Name}",
    "AWS::Logs::LogGroup": "arn:${Partition}:logs:${Region}:${Account}:log-group:${Name}:*",
    "AWS::CodeBuild::Project": "arn:${Partition}:codebuild:${Region}:${Account}:project/${Name}",
}
IMAGES = ["runner", "runner-docker", "dockerd", "logs", "mirror", "runtimes"]


def builds() -> Stack:
    return below("ImageBuilding")


def below(stack: str) -> Stack:
    return Stack.whole("mayfly", arns=ARNS, ImageBuilds="on", AutomaticImages="on").below(stack)


def policy(role: str, stack: str = "ImageBuilding") -> dict:
    of = below(stack)
    (only,) = of.value(of.resources()[role]["Properties"]["Policies"])
    return only["PolicyDocument"]


class Roles(unittest.TestCase):
    """Who may do what, asked of an evaluator of policies."""

    ECR = "arn:aws:ecr:us-east-1:123456789012:repository/"
    SSM = "arn:aws:ssm:us-east-1:123456789012:parameter"
    ASKED = [
        ("ecr:PutImage", f"{ECR}mayfly_images/runner"),
        ("ecr:PutImage", f"{ECR}other_images/runner"),
        ("ecr:BatchDeleteImage", f"{ECR}mayfly_images/runner"),
        ("ecr:DeleteRepository", f"{ECR}mayfly_images/runner"),
        ("ssm:PutParameter", f"{SSM}/mayfly/images"),
        ("ssm:PutParameter", f"{SSM}/mayfly/webhook-secrets/1"),
        ("ssm:GetParameter", f"{SSM}/mayfly/webhook-secrets/1"),
        ("s3:PutObject", "arn:aws:s3:::mayfly-ImageStore-ID-Context-ID/builds/1.tar.gz"),
        ("s3:PutObject", "arn:aws:s3:::mayfly-ImageStore-ID-Context-ID/context.tar.gz"),
        ("ecs:RunTask", "arn:aws:ecs:us-east-1:123456789012:task-definition/mayfly_fargate-x64:1"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/any"),
        ("cloudformation:UpdateStack", "arn:aws:cloudformation:us-east-1:123456789012:stack/mayfly/1"),
    ]

    def may(self, role: str) -> set[int]:
        questions = [{"policy": policy(role), "action": action, "resource": it} for action, it in self.ASKED]
        return {place for place, answer in enumerate(simulated(questions)) if answer}

    def test_who_may_do_what(self):
        for role, expected in [("CheckRole", {7}), ("BuildRole", {0}), ("PublishRole", {0, 4})]:
            self.assertEqual(self.may(role), expected, role)

    def test_off_there_is_nothing_of_it(self):
        self.assertNotIn("ImageBuilding", Stack.whole("mayfly").resources())


class Template(unittest.TestCase):
    def test_repositories_are_immutable_and_scanned_and_keep_what_is_deployed(self):
        of = below("ImageStore")
        found = [of.value(it["Properties"]) for it in of.resources().values() if it["Type"] == "AWS::ECR::Repository"]
        self.assertEqual([it["RepositoryName"] for it in found], [f"mayfly_images/{it}" for it in IMAGES])
        for it in found:
            self.assertEqual((it["ImageTagMutability"], it["ImageScanningConfiguration"]["ScanOnPush"]), ("IMMUTABLE", True))
            rules = json.loads(it["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
            first = min(rules, key=lambda rule: rule["rulePriority"])["selection"]
            self.assertEqual((first["tagPrefixList"], first["countNumber"]), ([image_builds.LIVE], 1000))

    def test_each_architecture_is_built_on_its_own_machine(self):
        of = builds()
        found = {it: of.value(of.resources()[it]["Properties"]["Environment"]) for it in ("BuildAmd64", "BuildArm64")}
        kinds = {it["Type"]: {v["Name"]: v["Value"] for v in it["EnvironmentVariables"]}["ARCHITECTURE"] for it in found.values()}
        self.assertEqual(kinds, {"LINUX_CONTAINER": "amd64", "ARM_CONTAINER": "arm64"})
        self.assertTrue(all(it["PrivilegedMode"] for it in found.values()))

    def test_nothing_is_published_before_both_are_built(self):
        of = builds()
        definition = json.loads(of.value(of.resources()["Machine"]["Properties"]["DefinitionString"]))
        both = definition["States"][definition["StartAt"]]
        self.assertEqual((both["Type"], both["Next"], len(both["Branches"])), ("Parallel", "Publish", 2))
        self.assertFalse({"Catch", "Retry"} & set(both), "a build that fails ends it")
        self.assertTrue(definition["States"]["Publish"]["End"])

    def test_the_scripts_build_what_there_are_repositories_for(self):
        common = (ROOT / "images/at-aws/common.sh").read_text(encoding="utf-8")
        self.assertIn(f"images=({' '.join(IMAGES)})", common)
        self.assertEqual(list(image_builds.PARAMETERS), IMAGES)


@unittest.skipUnless(shutil.which("jq"), "jq is not here, which the scripts need and CodeBuild's image brings")
class Scripts(OnMoto):
    """On moto's S3, Parameter Store and Step Functions, with AWS's own command; docker is a stand-in."""

    def setUp(self):
        super().setUp()
        self.feed = Feed(self, "2.338.0")
        shutil.copytree(ROOT / "images", self.project / "images", dirs_exist_ok=True)
        lock = self.project / "images/versions.lock"
        text = lock.read_text(encoding="utf-8")
        lock.write_text(re.sub(r'(?m)^(amd64|arm64) = "unknown"$', rf'\1 = "{"b" * 64}"', text), encoding="utf-8")
        (self.project / "bin").mkdir()
        shutil.copy(mayfly(), self.project / "bin/mayfly")
        for word in ("amd64", "arm64"):
            file = self.project / "target/images/init" / word / "runner-init"
            file.parent.mkdir(parents=True)
            file.write_bytes(b"")
        self.s3, self.ssm, self.steps = (self.client(it) for it in ("s3", "ssm", "stepfunctions"))
        self.s3.create_bucket(Bucket="context")
        self.ssm.put_parameter(Name=PARAMETER, Type="String", Value="none")
        machine = {"name": "builds", "definition": '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'}
        self.machine = self.steps.create_state_machine(roleArn="arn:aws:iam::123456789012:role/any", **machine)["stateMachineArn"]
        self.checks = 0

    def wish(self, **wishes) -> None:
        (self.project / "wishes.json").write_text(json.dumps(wishes), encoding="utf-8")

    def at_aws(self, name: str, **more: str):
        given = {"BUCKET": "context", "MACHINE": self.machine, "FEED": self.feed.url, "FEED_REGISTRY": self.feed.url}
        return in_a_build(self, name, **{**given, "TRY_PAUSE": "0", **more})

    def check(self) -> list[dict]:
        """The inputs of the builds that a check has started."""
        self.checks += 1
        ended = self.at_aws("check", CODEBUILD_BUILD_ID=f"check:{self.checks}")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.said = ended.stdout
        name = f"{self.machine.replace(':stateMachine:', ':execution:')}:{self.checks}"
        found = self.steps.list_executions(stateMachineArn=self.machine)["executions"]
        return [
            json.loads(self.steps.describe_execution(executionArn=name)["input"]) for it in found if it["executionArn"] == name
        ]

    def build(self, architecture: str, build: str, **wishes):
        self.wish(**{"runner_version": self.feed.version, **wishes})
        return self.at_aws("build", ARCHITECTURE=architecture, BUILD=build)

    def whole(self) -> dict:
        """A check and all that follows, as the state machine does it."""
        (started,) = self.check()
        for it in ("amd64", "arm64"):
            ended = self.build(it, started["build"])
            self.assertEqual(ended.returncode, 0, ended.stderr)
        ended = self.at_aws("publish", BUILD=started["build"], PINS=started["pins"])
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return self.published()

    def put(self, record: dict) -> None:
        self.ssm.put_parameter(Name=PARAMETER, Type="String", Value=json.dumps(record), Overwrite=True)

    def seed(self) -> dict:
        """What a build has published that a check has started, and what another one had before."""
        (started,) = self.check()
        record = {"pins": started["pins"], "built": str(datetime.datetime.now(datetime.UTC).date())}
        record |= {"images": {"runner": "r@2"}, "before": {"runner": "r@1"}}
        self.put(record)
        return record

    def published(self) -> dict:
        value = self.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
        return {} if value == "none" else json.loads(value)

    def docker(self) -> list[str]:
        lines = (self.project / "calls").read_text(encoding="utf-8").splitlines()
        return [" ".join(arguments) for name, *arguments in map(json.loads, lines) if name == "docker"]

    def test_a_new_pin_is_built_for_both_architectures_and_published_where_the_deploy_reads_it(self):
        first = self.whole()
        self.assertEqual(list(first["images"]), IMAGES)
        for image, reference in first["images"].items():
            self.assertRegex(reference, rf"^{re.escape(REPOSITORY)}/{image}@sha256:[0-9a-f]{{64}}$")
        baked = [it for it in self.docker() if it.startswith("buildx bake")]
        self.assertEqual(["platform=linux/amd64" in it for it in baked], [True, False])
        self.assertIn("platform=linux/arm64", baked[1])
        self.assertTrue(all("compression=zstd" in it and "force-compression=true" in it for it in baked))
        made = [it for it in self.docker() if it.startswith("buildx imagetools create")]
        self.assertEqual(len(made), len(IMAGES))
        self.assertTrue(all("part-amd64-" in it and "part-arm64-" in it for it in made))
        self.assertEqual(self.check(), [], self.said)
        self.assertIn("check: nothing has changed; no build is started", self.said)
        self.feed.version = "2.339.0"
        second = self.whole()
        self.assertEqual(second["before"], first["images"], "the digests before are kept")
        self.assertNotEqual(second["pins"], first["pins"])

    def test_a_publish_that_is_repeated_keeps_the_images_before(self):
        """A step that was interrupted after its last line, or is run again."""
        published = []
        for build in ("one", "two", "two"):
            ended = self.at_aws("publish", BUILD=build, PINS=build)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            published.append(self.published())
        self.assertEqual(published[1]["before"], published[0]["images"])
        self.assertEqual(published[2], published[1])

    def test_a_new_base_image_and_a_changed_file_are_built_and_so_is_a_week(self):
        self.seed()
        self.feed.base = "second"
        self.assertEqual(len(self.check()), 1)
        self.feed.base = "first"
        with (self.project / "images/dockerd/start.sh").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        record, today = self.seed(), datetime.datetime.now(datetime.UTC).date()
        for days, due in ((6, 0), (7, 1)):
            self.put({**record, "built": str(today - datetime.timedelta(days))})
            self.assertEqual(len(self.check()), due, days)

    def test_what_was_uploaded_is_what_is_built_with_the_pins_of_the_check(self):
        self.feed.version = "2.339.0"
        (started,) = self.check()
        body = self.s3.get_object(Bucket="context", Key=f"builds/{started['build']}.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            variables = archive.extractfile("target/images/variables").read().decode()
            self.assertTrue(os.access(self.project / "images/at-aws/build", os.X_OK))
            self.assertTrue(archive.getmember("images/at-aws/build").mode & 0o100)
        self.assertIn("RUNNER_VERSION=2.339.0", variables)

    def test_what_fails_leaves_the_old_digests(self):
        first = self.seed()
        self.feed.version = "2.339.0"
        (started,) = self.check()
        for wishes, said, why in [
            ({"docker_fails": ["buildx bake"]}, "", "the build"),
            ({"docker_fails": ["--self-check"]}, "try: runner: runner-init finds it incomplete", "the self-check"),
            ({"runner_version": "2.338.0"}, "try: runner: the runner program has version 2.338.0, not 2.339.0", "another version"),
            ({"docker_fails": ["exec container /health.sh"]}, "try: dockerd: dockerd does not answer in 60 seconds", "dockerd"),
            ({"docker_fails": ["--entrypoint registry"]}, "", "the mirror"),
        ]:
            ended = self.build("amd64", started["build"], **wishes)
            self.assertNotEqual(ended.returncode, 0, why)
            self.assertIn(said, ended.stderr, why)
        self.wish(docker_fails=["imagetools create"])
        self.assertNotEqual(self.at_aws("publish", BUILD=started["build"], PINS="any").returncode, 0)
        self.assertEqual(self.published(), first)
        # Nothing was taken note of: the next day's check starts a build again.
        self.assertEqual(len(self.check()), 1)

    def test_a_pin_that_nobody_knows_starts_nothing(self):
        lock = self.project / "images/versions.lock"
        text = lock.read_text(encoding="utf-8").replace("b" * 64, "unknown", 1)
        lock.write_text(text.replace("https://download.docker.com", "http://127.0.0.1:9"), encoding="utf-8")
        ended = self.at_aws("check", CODEBUILD_BUILD_ID="check:1")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(self.steps.list_executions(stateMachineArn=self.machine)["executions"], [])

    def test_a_rollback_goes_back_and_nothing_is_built_again_before_a_change(self):
        record = self.seed()
        first, second = record["before"], record["images"]
        ended = self.script("rollback_images.py", PATH=os.environ["PATH"])
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout.splitlines()[-1], "Now `make deploy`: new runners have these images; those that run end with their jobs.")
        self.assertEqual((self.published()["images"], self.published()["before"]), (first, second))
        self.assertEqual(self.check(), [], "what did not work is not built again")
        self.feed.version = "2.340.0"
        self.assertEqual(len(self.check()), 1)

    def test_a_rollback_without_anything_before_is_refused(self):
        self.assertIn("rollback_images.py: nothing was published yet", self.script("rollback_images.py").stderr)
        self.put({"images": {"runner": "r@1"}, "before": {}})
        self.assertIn("there are no earlier images to go back to", self.script("rollback_images.py").stderr)


class Deploy(unittest.TestCase):
    ON = {"ImageBuilds": "on", "RunnerImage": "", "DockerdImage": "own", "DockerHubMirror": "on", "MirrorImage": ""}

    def with_value(self, value: str, do):
        client = mock.Mock()
        client.get_parameter = lambda Name: {"Parameter": {"Value": value}}
        client.exceptions.ParameterNotFound = KeyError
        with mock.patch.object(image_builds.boto3, "client", return_value=client):
            return do()

    def test_what_samconfig_leaves_empty_is_what_was_published(self):
        record = json.dumps({"images": {"runner": "r@1", "dockerd": "d@1", "runtimes": "t@1"}, "before": {}})
        read = lambda given: self.with_value(record, lambda: image_builds.published("/mayfly", given))  # noqa: E731
        self.assertEqual(read(self.ON), {"RunnerImage": "r@1"})
        self.assertEqual(read({**self.ON, "ImageBuilds": "off"}), {})
        self.assertEqual(self.with_value("none", lambda: image_builds.published("/mayfly", self.ON)), {})

    def test_what_no_build_writes_is_refused(self):
        for value in ("", "[]", '{"images": 7, "before": {}}', '{"images": {}}'):
            with self.assertRaisesRegex(Refusal, "^/mayfly/images is not what a build writes"):
                self.with_value(value, lambda: image_builds.record("/mayfly"))

    def test_what_waits_for_an_image_stays_off_until_it_is_there(self):
        self.assertEqual(image_builds.waiting(self.ON), {"DockerHubMirror": "off"})
        self.assertEqual(image_builds.waiting({**self.ON, "MirrorImage": "m@1"}), {})

    def test_a_stack_whose_name_is_none_of_ecrs_is_refused(self):
        for stack, refused in (("mayfly", 0), ("my-stack", 0), ("MyStack", 1), ("stack-", 1)):
            self.assertEqual(len(image_builds.problems({"ImageBuilds": "on"}, stack)), refused, stack)


if __name__ == "__main__":
    unittest.main()
