"""What the images of a deploy are looked up as, in ECR and elsewhere, and what is refused."""

import json
import os
import unittest
from unittest.mock import patch

import boto3
from registry import INDEX, MANIFEST, Registry, manifest
from stage import ANYBODY, REGION, OnMoto  # finds the scripts

import images
import registries
from pools import Pool
from registries import Reference
from says import Refusal

BOTH = {"amd64", "arm64"}
DIGEST = f"sha256:{'0a' * 32}"
POOLS = {
    name: Pool(name, {"capacity": capacity, "architecture": architecture, **more})
    for name, capacity, architecture, more in [
        ("f", "fargate", "x86_64", {}),
        ("e", "ec2", "arm64", {}),
        ("own", "ec2-spot", "x86_64", {"image": "ours.example/runner:one"}),
    ]
}


class References(unittest.TestCase):
    def test_what_is_named(self):
        for text, registry, repository, wanted in [
            ("runner", "docker.io", "library/runner", "latest"),
            ("acme/runner:1.2", "docker.io", "acme/runner", "1.2"),
            ("ghcr.io/acme/runner", "ghcr.io", "acme/runner", "latest"),
            ("localhost:5000/runner:one", "localhost:5000", "runner", "one"),
            (f"ghcr.io/acme/runner:one@{DIGEST}", "ghcr.io", "acme/runner", DIGEST),
        ]:
            found = Reference.of(text)
            self.assertEqual(
                (found.registry, found.repository, found.wanted), (registry, repository, wanted), text
            )
        for text in ("", "a runner", "runner@sha256:12", "runner:one:two@"):
            with self.assertRaisesRegex(Refusal, "is not an image"):
                Reference.of(text)


class Answers(unittest.TestCase):
    def test_what_is_no_manifest_is_refused_in_one_line(self):
        for body, why in [
            (b"<html>log in</html>", "a proxy's page"),
            (b"", "nothing"),
            (b'{"manifests": null}', "no list"),
            (b'{"manifests": ["one"]}', "no manifests"),
            (b"7", "no object"),
        ]:
            with patch.object(registries, "from_registry", lambda _, body=body: body):
                with self.assertRaisesRegex(Refusal, "^r.example/a: what answers for r.example is not a registry", msg=why):
                    registries.look_up("r.example/a", REGION)
        for body in (b'{"manifests": [{}]}', b'{"manifests": [{"platform": null}]}'):
            with patch.object(registries, "from_registry", lambda _, body=body: body):
                self.assertEqual(registries.look_up("r.example/a", REGION).architectures, set())

    def test_a_host_that_cannot_be_one_does_not_answer(self):
        for host in ("a..example", "localhost:99999", f"{'a' * 64}.example"):
            with self.assertRaisesRegex(Refusal, "does not answer"):
                registries.look_up(f"{host}/runner", REGION)


class InARegistry(unittest.TestCase):
    def setUp(self):
        # No proxy stands between this machine and itself.
        self.enterContext(patch.dict(os.environ, {"NO_PROXY": "127.0.0.1"}))
        tags = {"both": ["amd64", "arm64"], "one": ["amd64"], "single": None}
        self.open = Registry(self, {"runner": tags})
        self.closed = Registry(self, {"runner": tags}, token="of-nobody")

    def test_a_tag_is_what_it_names_now(self):
        for registry in (self.open, self.closed):
            found = registries.look_up(f"{registry.host}/runner:both", "eu-west-1")
            self.assertEqual(found, registries.Found(registry.digest("runner", "both"), BOTH))
            pinned = f"{registry.host}/runner@{found.digest}"
            self.assertEqual(registries.look_up(pinned, "eu-west-1"), found)
        self.assertIsNone(registries.look_up(f"{self.open.host}/runner:single", "eu-west-1").architectures)

    def test_what_is_not_there(self):
        for image, problem in [
            (f"{self.open.host}/runner:two", "has no two: push it"),
            (f"{self.open.host}/runner@{DIGEST}", f"has no {DIGEST}: push it"),
            ("127.0.0.1:9/runner", "127.0.0.1:9 does not answer: ConnectionError"),
        ]:
            with self.assertRaisesRegex(Refusal, problem):
                registries.look_up(image, "eu-west-1")

    def test_a_private_one(self):
        self.closed.token = "another"
        with patch.object(registries, "anonymous_token", return_value="of-nobody"):
            with self.assertRaisesRegex(
                Refusal, "is not public, and tasks log in only to ECR: push it there"
            ):
                registries.look_up(f"{self.closed.host}/runner:both", "eu-west-1")

    def own(self, name: str, image: str) -> dict[str, Pool]:
        """The pools, and one whose image this is."""
        return {**POOLS, name: Pool(name, {**POOLS[name].entry, "image": image})}

    def test_every_pool_gets_its_architecture(self):
        host = self.open.host
        given = {
            "RunnerImage": f"{host}/runner:one",
            "RunnerDockerImage": f"{host}/runner:both",
            "DockerdImage": "",
        }
        own = self.own("own", f"{host}/runner@{self.open.digest('runner', 'one')}")
        found = images.resolve(given, own, "mayfly", "eu-west-1")
        self.assertEqual(set(found.parameters), {"RunnerImage", "RunnerDockerImage"})
        self.assertTrue(found.said.endswith("DockerdImage is empty: e, own start nothing"), found.said)
        self.assertEqual(found.warnings, [], "a registry outside ECR has no tags of the stack")
        given |= {"RunnerDockerImage": f"{host}/runner:one", "DockerdImage": f"{host}/runner:single"}
        own["own"].entry["image"] = f"{host}/runner:none"
        with self.assertRaises(Refusal) as refused:
            images.resolve(given, own, "mayfly", "eu-west-1")
        for line, words in zip(
            str(refused.exception).splitlines(),
            (
                "RunnerDockerImage: .* has no image for arm64",
                "DockerdImage: .* one image and no index",
                "the image of own: ",
            ),
            strict=True,
        ):
            self.assertRegex(line, words)

    def test_a_pools_own_image_is_deployed_as_it_is_written_so_a_tag_is_said_or_refused(self):
        """An instance keeps what it has of a tag; a task on Fargate has what it names when it starts."""
        given, tag = {"RunnerImage": "", "RunnerDockerImage": "", "DockerdImage": ""}, f"{self.open.host}/runner:both"
        pinned = f"{self.open.host}/runner@{self.open.digest('runner', 'both')}"
        way = f'write image = "{pinned}" into pools.toml, then `mayfly pools render`'
        with self.assertRaises(Refusal) as refused:
            images.resolve(given, self.own("own", tag), "mayfly", "eu-west-1")
        told = f"the image of own: {tag} is a tag, and an instance keeps the image that it has for a tag: {way}"
        self.assertEqual(str(refused.exception), told)
        without = {"f": Pool("f", {**POOLS["f"].entry, "image": tag})}
        found = images.resolve(given, without, "mayfly", "eu-west-1")
        told = f"the image of f is {tag}, and each task gets what that names when it starts: {way}"
        self.assertEqual(found.warnings, [told])
        without["f"].entry["image"] = pinned
        self.assertEqual(images.resolve(given, without, "mayfly", "eu-west-1").warnings, [])

    def test_a_pool_that_is_out_of_service_needs_no_image(self):
        given = {"RunnerImage": f"{self.open.host}/runner:one", "RunnerDockerImage": "", "DockerdImage": ""}
        image = f"{self.open.host}/runner:none"
        entry = {"capacity": "fargate", "architecture": "arm64", "maximum": 0}
        out = {it: Pool(it, {**entry, **more}) for it, more in {"a": {}, "b": {"image": image}}.items()}
        found = images.resolve(given, {"f": POOLS["f"], **out}, "mayfly", "eu-west-1")
        self.assertEqual(set(found.parameters), {"RunnerImage"})
        self.assertNotIn("start nothing", found.said)
        with self.assertRaisesRegex(Refusal, "has no image for arm64"):
            images.resolve(given, {"a": Pool("a", {**entry, "maximum": 1})}, "mayfly", "eu-west-1")


class InEcr(OnMoto):
    IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/acme/runner"

    def setUp(self):
        super().setUp()
        surroundings = {**ANYBODY, "AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION}
        self.enterContext(patch.dict(os.environ, surroundings))
        boto3.setup_default_session()
        self.ecr = self.client("ecr")
        self.ecr.create_repository(repositoryName="acme/runner")

    def push(self, tag: str, body: bytes, media: str) -> str:
        pushed = self.ecr.put_image(
            repositoryName="acme/runner",
            imageManifest=body.decode(),
            imageTag=tag,
            imageManifestMediaType=media,
        )
        return pushed["image"]["imageId"]["imageDigest"]

    def test_by_its_api(self):
        single = self.push("single", manifest(None), MANIFEST)
        index = json.loads(manifest(["amd64", "arm64"]))
        # moto wants to know the images of an index.
        index["manifests"] = [{**it, "digest": single, "size": 1} for it in index["manifests"]]
        digest = self.push("one", json.dumps(index).encode(), INDEX)
        self.assertEqual(registries.look_up(f"{self.IMAGE}:one", REGION), registries.Found(digest, BOTH))
        self.assertEqual(registries.look_up(f"{self.IMAGE}@{digest}", REGION), registries.Found(digest, BOTH))
        self.assertEqual(registries.look_up(f"{self.IMAGE}:single", REGION), registries.Found(single, None))

    def test_a_repository_without_the_stacks_tag_is_said_because_instances_cannot_pull_it_beforehand(self):
        (repository,) = self.ecr.describe_repositories()["repositories"]
        arn = repository["repositoryArn"]
        lacks = f"{self.IMAGE} has no tag mayfly:stack=mayfly, so that an instance pulls it with its first task"
        way = f"`aws ecr tag-resource --resource-arn {arn} --tags Key=mayfly:stack,Value=mayfly --region {REGION}`"
        for tag, said in [(None, f"{lacks}: {way}"), ("another", f"{lacks}: {way}"), ("mayfly", None)]:
            if tag:
                self.ecr.tag_resource(resourceArn=arn, tags=[{"Key": "mayfly:stack", "Value": tag}])
            self.assertEqual(registries.unpulled(f"{self.IMAGE}@{DIGEST}", "mayfly", REGION), said, tag)
        gone = registries.unpulled(f"{self.IMAGE}s@{DIGEST}", "mayfly", REGION)
        self.assertIn("or that is not known: ", gone)
        self.assertIsNone(registries.unpulled(f"ghcr.io/acme/runner@{DIGEST}", "mayfly", REGION))

    def test_instances_pull_what_pools_on_ec2_have_and_no_other(self):
        single = self.push("single", manifest(None), MANIFEST)
        index = json.loads(manifest(["amd64", "arm64"]))
        index["manifests"] = [{**it, "digest": single, "size": 1} for it in index["manifests"]]
        self.push("one", json.dumps(index).encode(), INDEX)
        given = {"RunnerImage": f"{self.IMAGE}:one", "RunnerDockerImage": "", "DockerdImage": ""}
        self.assertEqual(images.resolve(given, {"f": POOLS["f"]}, "mayfly", REGION).warnings, [])
        given["DockerdImage"] = given["RunnerDockerImage"] = given.pop("RunnerImage")
        (warning,) = images.resolve(given, {"e": POOLS["e"]}, "mayfly", REGION).warnings
        self.assertTrue(warning.startswith(f"{self.IMAGE} has no tag mayfly:stack=mayfly"), warning)

    def test_what_is_not_there(self):
        for image, problem in [
            (f"{self.IMAGE}:two", "acme/runner has no two: Requested image not found"),
            (f"{self.IMAGE}s", "RepositoryNotFoundException"),
            (
                self.IMAGE.replace(REGION, "eu-west-1"),
                f"is in eu-west-1, and the stack in {REGION}: push it to ECR there",
            ),
        ]:
            with self.assertRaisesRegex(Refusal, problem):
                registries.look_up(image, REGION)


if __name__ == "__main__":
    unittest.main()
