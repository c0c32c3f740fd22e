"""A release: made of a commit, the same each time; deployed by a machine that has no compiler; the next one, and back."""

import json
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from stage import REGION, ROOT, STAND_INS, OnProject, mayfly, run

sys.path.insert(0, str(STAND_INS))
import builds
import packaging
from elf import program

COMMITTER = {f"GIT_{who}_{what}": "somebody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
WHEN = {"GIT_AUTHOR_DATE": "2026-11-27T06:00:00Z", "GIT_COMMITTER_DATE": "2026-11-27T06:00:00Z"}


class OnRelease(OnProject):
    """A project that is a repository, with programs that are nothing but headers."""

    def setUp(self):
        super().setUp()
        for name in builds.PROGRAMS:
            crate = {"mayfly": "cli", "runner-init": "runner-init"}.get(name, f"functions/{name}")
            (self.project / crate).mkdir(parents=True)
            (self.project / crate / "Cargo.toml").write_text("", encoding="utf-8")
        (self.project / ".gitignore").write_text("calls\nwishes.json\n/target\n/.aws-sam\n__pycache__\n", encoding="utf-8")
        (self.project / "LICENSE").write_text("as you like", encoding="utf-8")
        self.of_version("0.1.0")

    def of_version(self, version: str) -> None:
        """The next commit is of this version, and its programs are others."""
        text = f'[workspace.package]\nversion = "{version}"\n'
        (self.project / "Cargo.toml").write_text(text, encoding="utf-8")
        for architecture in builds.OPTIONS:
            for name in builds.PROGRAMS:
                file = self.project / "target/release-binaries" / architecture / name / "bootstrap"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(program(architecture, "GLIBC_2.34") + f"{name} {version}".encode())
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", version)
        self.git("tag", f"v{version}")

    def git(self, *arguments: str) -> None:
        ended = run(["git", *arguments], "", self.project, **COMMITTER, **WHEN)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def release(self, out: str = "target", *arguments: str) -> Path:
        options = arguments or ("--architecture", "x86_64", "--architecture", "arm64")
        ended = self.run_script("release.py", "--built", "--out", str(self.project / out), *options)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.said = ended.stdout.splitlines()
        (folder,) = [it for it in (self.project / out).glob("mayfly-*") if it.is_dir() and it.name in ended.stdout]
        return folder

    def deployable(self, folder: Path) -> Path:
        """With a command that runs: the tests' one stands where there is only a header."""
        for architecture in builds.OPTIONS:
            (folder / f"mayfly-{architecture}").write_text('#!/bin/sh\nexec mayfly "$@"\n', encoding="utf-8")
        return self.summed(folder)

    def summed(self, folder: Path) -> Path:
        files = {str(it.relative_to(folder)): it.read_bytes() for it in folder.rglob("*") if it.is_file()}
        files.pop("SHA256SUMS")
        (folder / "SHA256SUMS").write_text(packaging.sums(files), encoding="utf-8")
        return folder

    def without_compiler(self, release: Path) -> dict[str, str]:
        """The PATH has `sam`, what that needs, and the release's command; no cargo, no cargo-lambda, no zig."""
        folder = self.project / "target/path"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("sam", "mayfly"):
            if not (folder / name).exists():
                (folder / name).symlink_to(STAND_INS / name)
        path = os.pathsep.join([str(folder), str(ROOT / ".tools/template/bin")])
        for name in ("cargo", "cargo-lambda", "rustc", "zig"):
            self.assertIsNone(shutil.which(name, path=path))
        return {"PATH": path, "RELEASE": str(release)}


class Made(OnRelease):
    def test_it_is_the_same_each_time_and_everywhere(self):
        first, second = self.release(), self.release("target/again")
        sums = (first / "SHA256SUMS").read_text(encoding="utf-8")
        self.assertEqual(sums, (second / "SHA256SUMS").read_text(encoding="utf-8"))
        archives = [it.with_name("mayfly-0.1.0.tar.gz").read_bytes() for it in (first, second)]
        self.assertEqual(*archives)
        self.assertEqual(run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], "", first).stdout, "")
        listed = {line.split()[1] for line in sums.splitlines()}
        self.assertLessEqual({f"{it}-{on}.zip" for it in builds.FUNCTIONS for on in builds.OPTIONS}, listed)
        self.assertLessEqual({f"{it}-{on}" for it in ("runner-init", "mayfly") for on in builds.OPTIONS}, listed)
        self.assertLessEqual({"template.yaml", "infra/pools.yaml", "infra/map/pools.json", "pools.toml", "LICENSE"}, listed)
        with zipfile.ZipFile(first / "webhook-arm64.zip") as archive:
            (entry,) = archive.infolist()
        self.assertEqual((entry.filename, entry.external_attr >> 16, entry.date_time[0]), ("bootstrap", 0o755, 1980))
        with tarfile.open(first.with_name("mayfly-0.1.0.tar.gz")) as archive:
            entries = archive.getmembers()
        self.assertEqual([it.name for it in entries], sorted(it.name for it in entries))
        self.assertEqual({(it.mtime, it.uid, it.gid, it.uname) for it in entries}, {(1795759200, 0, 0, "")})

    def test_each_program_says_what_it_is_made_of(self):
        folder = self.release()
        boms = {it.name.removesuffix(".cdx.json"): json.loads(it.read_text(encoding="utf-8")) for it in (folder / "sbom").iterdir()}
        self.assertEqual(set(boms), set(builds.PROGRAMS))
        self.assertEqual(boms["webhook"], {"features": [], "ref": "/mayfly"})
        self.assertEqual(boms["mayfly"]["features"], ["--features", "doctor,why"])
        for call in self.calls("cargo"):
            self.assertEqual(call[call.index("--target") + 1], "x86_64-unknown-linux-gnu")

    def test_one_architecture_alone(self):
        folder = self.release("target", "--architecture", "x86_64")
        self.assertIn("architectures: x86_64; arm64 is left out", self.said)
        self.assertEqual(json.loads((folder / "release.json").read_text(encoding="utf-8"))["architectures"], ["x86_64"])
        self.assertEqual(list(folder.glob("*arm64*")), [])

    def test_what_it_is_not_made_of(self):
        """What no commit has, a program that is not there, one for another machine, one that Lambda's glibc cannot run."""
        binaries = self.project / "target/release-binaries"
        changed = (self.project / "LICENSE", b"mine", "LICENSE has uncommitted changes")
        other = (binaries / "x86_64/webhook/bootstrap", program("arm64", "GLIBC_2.34"), "the built functions are not for x86_64")
        newer = (binaries / "x86_64/webhook/bootstrap", program("x86_64", "GLIBC_2.38"), "the built functions are not for x86_64")
        none = (binaries / "x86_64/mayfly/bootstrap", None, "mayfly for x86_64 is not in")
        for file, content, problem in (changed, other, newer, none):
            before = file.read_bytes()
            file.unlink() if content is None else file.write_bytes(content)
            ended = self.run_script("release.py", "--built", "--architecture", "x86_64")
            self.assertEqual(ended.returncode, 1)
            self.assertIn(f"release.py: {problem}", ended.stderr)
            self.assertFalse((self.project / "target/mayfly-0.1.0").exists())
            file.write_bytes(before)

    def test_a_folder_of_this_machine_in_a_binary_is_said(self):
        file = self.project / "target/release-binaries/x86_64/webhook/bootstrap"
        file.write_bytes(file.read_bytes() + str(self.project).encode() + b"/functions/webhook/src/lib.rs")
        self.release("target", "--architecture", "x86_64")
        self.assertTrue(any(it.startswith("warning: webhook for x86_64 has the folder") for it in self.said), self.said)


class Compiled(OnRelease):
    """What is said to cargo; nothing is compiled."""

    def test_every_program_is_built_from_the_lock_file_and_for_the_architecture(self):
        calls = builds.calls("arm64", Path("out"))
        self.assertEqual({it for call in calls for it in builds.PROGRAMS if it in call}, set(builds.PROGRAMS))
        for call in calls:
            self.assertLessEqual({"--release", "--locked", "--arm64"}, set(call))
        (one,) = builds.calls("x86_64", Path("out"), "mayfly")
        self.assertEqual(one[-2:], ["--features", "doctor,why"])

    def test_two_folders_are_one_to_the_compilers(self):
        homes = [Path("/home/one"), Path("/srv/two")]
        said = [builds.environment("arm64", it / "mayfly", it / ".cargo", it / "rust", 1) for it in homes]
        for home, variables in zip(homes, said, strict=True):
            for name in ("RUSTFLAGS", "CFLAGS"):
                self.assertIn(f"{home}/mayfly=/mayfly", variables[name])
                self.assertIn(f"{home}/.cargo=/cargo", variables[name])
                self.assertIn(f"{home}/rust=/rust", variables[name])
            self.assertIn("-Ctarget-cpu=neoverse-n1 ", variables["RUSTFLAGS"])
        with self.assertRaisesRegex(Exception, "/my files contains a space"):
            builds.environment("arm64", Path("/my files"), Path("/c"), Path("/r"), 1)


class Packaged(OnRelease):
    def test_the_real_sam_finds_nothing_on_this_machine_to_upload(self):
        """`sam package` of the release's template, with none of its files beside it."""
        alone = self.project / "target/alone"
        alone.mkdir()
        values = {"CodeBucket": "code", "CodePrefix": "mayfly/", "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com"}
        text = packaging.with_urls((self.release() / "template.yaml").read_text(encoding="utf-8"), values)
        self.assertIn('TemplateURL: "https://s3.us-east-1.amazonaws.com/code/mayfly/infra/pools.yaml"', text)
        (alone / "template.yaml").write_text(text, encoding="utf-8")
        self.client("s3").create_bucket(Bucket="code")
        out = alone / "packaged.yaml"
        command = [ROOT / ".tools/template/bin/sam", "package", "--template-file", alone / "template.yaml"]
        command += ["--s3-bucket", "code", "--language-extensions", "--region", REGION, "--output-template-file", out]
        variables = {"AWS_ENDPOINT_URL": self.url, "SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(alone / "sam")}
        ended = run(command, "", alone, **variables)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(self.client("s3").list_objects_v2(Bucket="code").get("Contents", []), [])
        self.assertIn("CodePrefix", out.read_text(encoding="utf-8"))

    def test_a_file_that_no_rule_packages_is_no_template_of_a_release(self):
        for line in ("CodeUri: elsewhere/webhook", "ContentUri: elsewhere", "TemplateURL: elsewhere/pools.yaml"):
            with self.assertRaisesRegex(ValueError, line):
                packaging.from_bucket(f"Parameters:\nResources:\n  One:\n    Properties:\n      {line}\n")


class Deployed(OnRelease):
    def setUp(self):
        super().setUp()
        self.client("s3").create_bucket(Bucket="ours")
        self.settings(more='[default.deploy.parameters]\ns3_bucket = "ours"\n')
        self.git("commit", "--quiet", "--all", "--message", "a bucket")

    def upgrade(self, release: Path) -> list[str]:
        return self.deployed(**self.without_compiler(release)).splitlines()

    def code(self) -> dict[str, str]:
        return json.loads((self.project / "code.json").read_text(encoding="utf-8"))

    def test_without_a_compiler_then_the_next_one_then_back(self):
        """What is under way stays: a message on the queue, an item of the ledger, a task."""
        (self.project / "code.json").touch()
        first = self.deployable(self.release())
        said = self.upgrade(first)
        self.assertEqual(said[0], "tools: sam 1.170.0")
        self.assertRegex(said[1], r"^release: Mayfly 0\.1\.0 \([0-9a-f]{12}\) for x86_64, arm64: \d+ files are as SHA256SUMS says$")
        self.assertIn("architecture: the release has the functions for arm64", said)
        self.assertIn("templates: the release's, with the map of this project", said)
        self.assertEqual([it[0] for it in self.calls("sam")], ["--version", "deploy"], "nothing is built")
        self.assertEqual(self.calls("cargo")[2:], [], "the release's own two SBOMs were made before")
        self.assert_code_of(first)
        flight = self.in_flight()

        self.of_version("0.2.0")
        second = self.deployable(self.release())
        self.upgrade(second)
        self.assert_code_of(second)
        self.assertEqual(self.flying(flight), flight)

        self.git("checkout", "--quiet", "v0.1.0", "--", "Cargo.toml")
        self.upgrade(first)
        self.assert_code_of(first)
        self.assertEqual(self.flying(flight), flight)

    def assert_code_of(self, release: Path) -> None:
        sums = {line.split()[1]: line.split()[0] for line in (release / "SHA256SUMS").read_text(encoding="utf-8").splitlines()}
        wanted = {name: sums[f"{name}-arm64.zip"] for name in builds.FUNCTIONS}
        self.assertEqual(self.code(), {**wanted, "map": sums["map.zip"]})

    def in_flight(self) -> dict:
        """What an upgrade meets."""
        sqs, ecs = self.client("sqs"), self.client("ecs")
        (queue,) = [it for it in sqs.list_queues()["QueueUrls"] if "ead" not in it]
        sqs.send_message(QueueUrl=queue, MessageBody="{}")
        (table,) = self.client("dynamodb").list_tables()["TableNames"]
        keys = self.client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
        self.client("dynamodb").put_item(TableName=table, Item={it["AttributeName"]: {"S": "runner"} for it in keys})
        # moto runs no task whose containers share the task's memory, as the stack's do.
        container = {"name": "runner", "image": "runner", "memory": 128}
        registered = ecs.register_task_definition(family="a-job", containerDefinitions=[container])
        definition = registered["taskDefinition"]["taskDefinitionArn"]
        task = ecs.run_task(cluster="mayfly_fargate", taskDefinition=definition, launchType="FARGATE")["tasks"][0]
        return {"queue": queue, "table": table, "task": task["taskArn"], "definition": definition}

    def flying(self, flight: dict) -> dict:
        sqs, ecs = self.client("sqs"), self.client("ecs")
        held = sqs.get_queue_attributes(QueueUrl=flight["queue"], AttributeNames=["ApproximateNumberOfMessages"])
        self.assertEqual(held["Attributes"]["ApproximateNumberOfMessages"], "1")
        self.assertEqual(self.client("dynamodb").scan(TableName=flight["table"])["Count"], 1)
        (task,) = ecs.describe_tasks(cluster="mayfly_fargate", tasks=[flight["task"]])["tasks"]
        self.assertNotEqual(task["lastStatus"], "STOPPED")
        return {**flight, "task": task["taskArn"], "definition": task["taskDefinitionArn"]}

    def test_a_map_of_ones_own_goes_with_it(self):
        folder = self.deployable(self.release())
        self.change_map(lambda text: text.replace("maximum = ", "maximum = 1", 1))
        self.mayfly("pools", "render")
        self.upgrade(folder)
        staged = (self.project / ".aws-sam/release/infra/map/pools.json").read_bytes()
        self.assertEqual(staged, (self.project / "infra/map/pools.json").read_bytes())
        self.assertEqual(self.code()["map"], packaging.digest(packaging.zipped("pools.json", staged, packaging.FILE)))

    def test_a_bucket_of_ones_own_is_used_and_nothing_is_sent_twice(self):
        folder = self.deployable(self.release())
        said = self.upgrade(folder)
        (line,) = [it for it in said if it.startswith("upload: ")]
        self.assertRegex(line, r"^upload: the release is in s3://ours/mayfly-0\.1\.0/[0-9a-f]{16}/$")
        sent = {it["Key"]: it["LastModified"] for it in self.client("s3").list_objects_v2(Bucket="ours")["Contents"]}
        self.upgrade(folder)
        again = {it["Key"]: it["LastModified"] for it in self.client("s3").list_objects_v2(Bucket="ours")["Contents"]}
        self.assertEqual(sent, again)
        self.assertFalse([it for it in sent if "x86_64" in it], "the functions of one architecture are enough")

    def test_a_bucket_that_sam_cannot_have_is_said_in_one_line(self):
        """moto lacks what `sam` looks for in its own bucket's stack."""
        folder = self.deployable(self.release())
        self.settings()
        ended = self.run_script("deploy.py", **self.without_compiler(folder))
        self.assertEqual(ended.returncode, 1)
        (line,) = [it for it in ended.stderr.splitlines() if it]
        self.assertRegex(line, "^deploy.py: Stack aws-sam-cli-managed-default .*; or set s3_bucket in samconfig.toml. Nothing was deployed$")


class Refused(OnRelease):
    def refuses(self, *lines: str, release: Path) -> None:
        self.refused(*lines, **self.without_compiler(release))

    def test_what_is_not_as_it_was_released(self):
        folder = self.deployable(self.release())
        (folder / "webhook-arm64.zip").write_bytes(b"another")
        (folder / "pools.toml").unlink()
        (folder / "readme.txt").write_text("hello", encoding="utf-8")
        self.refuses(
            "release: pools.toml is missing: download the release again",
            "release: webhook-arm64.zip has changed: its SHA-256 is",
            "release: readme.txt is not in SHA256SUMS: download the release again",
            release=folder,
        )
        self.assertEqual(self.calls("mayfly"), [], "nothing of it was run")

    def test_what_is_no_release(self):
        empty = self.project / "target/empty"
        empty.mkdir(parents=True)
        self.refuses(f"release: RELEASE is {empty}, which has no SHA256SUMS: name the folder", release=empty)
        for text, problem in (("hello\n", "line 1 of"), (f"{'0' * 64}  ../../etc/passwd\n", "line 1 of")):
            (empty / "SHA256SUMS").write_text(text, encoding="utf-8")
            self.refuses(f"release: {problem}", release=empty)
        (empty / "SHA256SUMS").write_text("", encoding="utf-8")
        self.refuses(f"release: {empty}/SHA256SUMS does not list release.json, template.yaml", release=empty)

    def test_one_of_another_version(self):
        folder = self.deployable(self.release())
        self.of_version("0.2.0")
        self.refuses(
            "release: mayfly-0.1.0 is of version 0.1.0, and this checkout of 0.2.0: `git checkout v0.1.0`, or take", release=folder
        )

    def test_one_for_other_machines(self):
        folder = self.release("target", "--architecture", "x86_64")
        (folder / "mayfly-x86_64").write_text('#!/bin/sh\nexec mayfly "$@"\n', encoding="utf-8")
        self.refuses(
            "architecture: mayfly-0.1.0 has no functions for arm64, only for x86_64: take another", release=self.summed(folder)
        )
        (folder / "mayfly-x86_64").unlink()
        self.refuses("release: mayfly-0.1.0 has no `mayfly` for Linux on", release=self.summed(folder))

    def test_templates_that_were_changed_by_hand(self):
        """They would not be deployed, and nobody would see it."""
        folder = self.deployable(self.release())
        storage = self.project / "infra/storage.yaml"
        storage.write_text(storage.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
        self.refuses("templates: infra/storage.yaml of this checkout is not the release's: put it back", release=folder)

    def test_retire_runs_the_releases_command_too(self):
        folder = self.deployable(self.release())
        ended = self.run_script("retire.py", "fargate-x64", "--yes", **self.without_compiler(folder))
        self.assertEqual(ended.returncode, 1)
        self.assertIn("there is no stack mayfly", ended.stderr)


if __name__ == "__main__":
    import unittest

    unittest.main()
