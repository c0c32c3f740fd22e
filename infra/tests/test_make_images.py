"""`make images` at AWS, and the first deploy of an empty account: what is waited for, and what is said. CodeBuild and Step
Functions are stand-ins, which answer as their APIs do."""

import contextlib
import io
import tarfile
import types
import unittest
from unittest import mock

from stage import ROOT  # finds the scripts

import deploy
import image_builds
import make_images
import packaging
from images import Images
from says import Refusal

OUTPUTS = {"Bucket": "context", "Check": "check", "Machine": "arn:aws:states:us-east-1:1:stateMachine:builds"}
EXECUTION = "arn:aws:states:us-east-1:1:execution:builds:"


class NoExecution(Exception):
    pass


class Aws:
    """Clients by name. `checks` and `builds` are the states that they report one after the other."""

    def __init__(self, checks, builds, running=()):
        self.checks, self.builds, self.calls = iter(checks), iter(builds), []
        self.s3 = types.SimpleNamespace(put_object=lambda **_: self.calls.append("upload"))
        self.codebuild = types.SimpleNamespace(
            start_build=lambda projectName: self.calls.append("check") or {"build": {"id": "check:7"}},
            batch_get_builds=lambda ids: {"builds": [{"id": ids[0], "buildStatus": next(self.checks), "currentPhase": "BUILD"}]},
        )
        self.stepfunctions = types.SimpleNamespace(
            exceptions=types.SimpleNamespace(ExecutionDoesNotExist=NoExecution),
            list_executions=lambda **_: {"executions": [{"executionArn": it} for it in running]},
            describe_execution=self.described,
        )

    def described(self, executionArn: str) -> dict:
        self.calls.append(executionArn)
        status = next(self.builds, None)
        if status is None:
            raise NoExecution
        return {"status": status}


class MakeImages(unittest.TestCase):
    def built(self, aws: Aws) -> list[str]:
        said = io.StringIO()
        with contextlib.ExitStack() as patched:
            patched.enter_context(mock.patch.object(make_images.boto3, "client", lambda name: getattr(aws, name)))
            patched.enter_context(mock.patch.object(make_images, "context", lambda: b"context"))
            patched.enter_context(mock.patch.object(make_images, "LOOK_EVERY", 0))
            patched.enter_context(contextlib.redirect_stdout(said))
            make_images.build(OUTPUTS)
        return said.getvalue().splitlines()

    def test_it_uploads_checks_and_waits_for_the_build_that_the_check_has_named_after_itself(self):
        aws = Aws(["IN_PROGRESS", "SUCCEEDED"], ["RUNNING", "RUNNING", "SUCCEEDED"])
        said = self.built(aws)
        self.assertEqual(aws.calls, ["upload", "check", *[f"{EXECUTION}7"] * 3])
        self.assertEqual(said[1:], ["check: build, for 0 minutes", "check: succeeded", "build: running, for 0 minutes", "build: succeeded"])

    def test_nothing_newer_is_said(self):
        said = self.built(Aws(["SUCCEEDED"], []))
        self.assertEqual(said[-1], "build: nothing is newer than what was published; none was started")

    def test_repeated_it_finds_the_build_that_is_under_way(self):
        aws = Aws([], ["RUNNING", "SUCCEEDED"], running=[f"{EXECUTION}6"])
        self.assertEqual(self.built(aws)[0], "build: one is under way")
        self.assertEqual(aws.calls, [f"{EXECUTION}6"] * 2)

    def test_what_fails_is_a_line_with_where_to_look(self):
        for aws, told in [
            (Aws(["FAILED"], []), "the check has failed: `aws codebuild batch-get-builds --ids check:7`"),
            (Aws(["SUCCEEDED"], ["RUNNING", "FAILED"]), "the build has failed, and the published images stay"),
        ]:
            with self.assertRaisesRegex(Refusal, f"^{told}"):
                self.built(aws)

    def test_a_context_has_the_scripts_as_programs_and_is_the_same_for_the_same_files(self):
        def archived(files, epoch):
            named.extend(files)
            return real(dict.fromkeys(files, ROOT / "Makefile"), epoch)

        named, real = [], packaging.archived
        # Programs that only a build makes are among the files.
        with mock.patch.object(packaging, "archived", archived):
            self.assertEqual(make_images.context(), make_images.context())
        for expected in ("images/at-aws/check", "images/versions.lock", "bin/mayfly", "target/images/init/arm64/runner-init"):
            self.assertIn(expected, named)
        made = io.BytesIO(real({"check": ROOT / "images/at-aws/check"}, epoch=0))
        with tarfile.open(fileobj=made) as archive:
            self.assertEqual(archive.getmember("check").mode, 0o755)


class FirstDeploy(unittest.TestCase):
    FOUND = types.SimpleNamespace(
        parameters={"ImageBuilds": "on", "RunnerImage": ""}, path="/mayfly", stack="mayfly", region="us-east-1"
    )

    def first(self, record: dict, at_aws=lambda *_: None, on: str = "on") -> list:
        deployed, found = [], types.SimpleNamespace(**vars(self.FOUND))
        found.parameters = {**self.FOUND.parameters, "ImageBuilds": on}
        with contextlib.ExitStack() as patched:
            for module, name, value in [
                (image_builds, "record", lambda _: record),
                (make_images, "at_aws", at_aws),
                (deploy.images, "resolve", lambda given, *_: Images({"RunnerImage": given["RunnerImage"]}, "said")),
                (deploy, "deploy_stack", lambda _, resolved, *__: deployed.append(resolved.parameters)),
            ]:
                patched.enter_context(mock.patch.object(module, name, value))
            patched.enter_context(contextlib.redirect_stdout(io.StringIO()))
            deploy.first_images(found, {}, deploy.Code(ROOT / "template.yaml"), confirm=False)
        return deployed

    def test_without_any_images_they_are_built_and_then_deployed(self):
        record: dict = {}
        build = lambda *_: record.update(images={"runner": "r@1"}, before={})  # noqa: E731
        self.assertEqual(self.first(record, build), [{"RunnerImage": "r@1"}])
        self.assertEqual(self.first(record, build), [], "a deploy after that builds none")
        self.assertEqual(self.first({}, build, on="off"), [])

    def test_what_was_built_is_deployed_twice_and_built_once(self):
        found = types.SimpleNamespace(**vars(self.FOUND), architecture="arm64", given={})
        calls, record, written = [], {}, []
        with contextlib.ExitStack() as patched:
            for module, name, value in [
                (deploy, "look", lambda _: (found, {}, Images(), None)),
                (deploy, "make_roles", lambda _: None),
                (deploy, "build", lambda _: calls.append("build") or ROOT / "template.yaml"),
                (deploy, "changed_at", lambda _: None),
                (deploy, "farewell", lambda _: None),
                (deploy.runtimes, "published", lambda *_: {}),
                (deploy.stacks, "waiting_change_sets", lambda _: set()),
                (deploy.stacks, "described", lambda _: {"StackStatus": "UPDATE_COMPLETE"}),
                (deploy.sam, "write_parameters", written.append),
                (deploy.sam, "deploy_command", lambda _, __, template: ["sam", "deploy", str(template)]),
                (deploy.sam, "run", lambda command: calls.append(" ".join(command)) or 0),
                (deploy.images, "resolve", lambda given, *_: Images({"RunnerImage": given["RunnerImage"]}, "said")),
                (image_builds, "record", lambda _: record),
                (image_builds, "keep", lambda *_: []),
                (make_images, "at_aws", lambda *_: record.update(images={"runner": "r@1"}, before={})),
            ]:
                patched.enter_context(mock.patch.object(module, name, value))
            patched.enter_context(contextlib.redirect_stdout(io.StringIO()))
            deploy.main(["--yes"])
        self.assertEqual(calls, ["build", *[f"sam deploy {ROOT / 'template.yaml'}"] * 2])
        self.assertEqual([it["RunnerImage"] for it in written], ["", "", "r@1"])

    def test_a_build_that_fails_ends_it_with_the_way_on(self):
        def fails(*_):
            raise Refusal("the build has failed")

        with self.assertRaisesRegex(SystemExit, "the build has failed; the stack is there, and `make deploy` continues from here"):
            self.first({}, fails)


if __name__ == "__main__":
    unittest.main()
