"""What the images of a deploy are looked up as, in ECR and elsewhere, and what is refused."""

import json
import os
import unittest
from unittest.mock import MagicMock, patch

import images
import registries
from pools import Pool
from registries import Reference
from registry import INDEX, Registry
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
            self.assertEqual((found.registry, found.repository, found.wanted), (registry, repository, wanted), text)
        for text in ("", "a runner", "runner@sha256:12", "runner:one:two@"):
            with self.assertRaisesRegex(Refusal, "is no image"):
                Reference.of(text)


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
            with self.assertRaisesRegex(Refusal, "is not public, and tasks log in to ECR alone: push it to ECR"):
                registries.look_up(f"{self.closed.host}/runner:both", "eu-west-1")

    def test_every_pool_gets_its_architecture(self):
        host = self.open.host
        given = {"RunnerImage": f"{host}/runner:one", "RunnerDockerImage": f"{host}/runner:both", "DockerdImage": ""}
        own = {**POOLS, "own": Pool("own", {**POOLS["own"].entry, "image": f"{host}/runner:one"})}
        found = images.resolve(given, own, "eu-west-1")
        self.assertEqual(set(found.parameters), {"RunnerImage", "RunnerDockerImage"})
        self.assertTrue(found.said.endswith("DockerdImage is empty: e, own start nothing"), found.said)
        given |= {"RunnerDockerImage": f"{host}/runner:one", "DockerdImage": f"{host}/runner:single"}
        own["own"].entry["image"] = f"{host}/runner:none"
        with self.assertRaises(Refusal) as refused:
            images.resolve(given, own, "eu-west-1")
        for line, words in zip(
            str(refused.exception).splitlines(),
            ("RunnerDockerImage: .* has no image for arm64", "DockerdImage: .* one image and no index", "the image of own: "),
            strict=True,
        ):
            self.assertRegex(line, words)


class InEcr(unittest.TestCase):
    IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/runner:one"

    def look_up(self, answer: dict, image: str = IMAGE) -> registries.Found:
        client = MagicMock()
        client.batch_get_image.return_value = answer
        with patch.object(registries.boto3, "client", return_value=client) as made:
            found = registries.look_up(image, "eu-west-1")
        made.assert_called_once_with("ecr", region_name="eu-west-1")
        asked = client.batch_get_image.call_args.kwargs
        self.assertEqual((asked["registryId"], asked["repositoryName"]), ("123456789012", "acme/runner"))
        self.assertEqual(asked["imageIds"], [{"imageTag": "one"}])
        self.assertIn(INDEX, asked["acceptedMediaTypes"])
        return found

    def test_by_its_api(self):
        body = json.dumps({"manifests": [{"platform": {"os": "linux", "architecture": it}} for it in BOTH]})
        answer = {"images": [{"imageId": {"imageDigest": DIGEST}, "imageManifest": body}]}
        self.assertEqual(self.look_up(answer), registries.Found(DIGEST, BOTH))

    def test_what_is_not_there(self):
        failure = {"imageId": {"imageTag": "one"}, "failureCode": "ImageNotFound", "failureReason": "not found"}
        with self.assertRaisesRegex(Refusal, "acme/runner has no one: not found"):
            self.look_up({"images": [], "failures": [failure]})
        with self.assertRaisesRegex(Refusal, "is in us-east-2, and the stack in eu-west-1: push it to ECR there"):
            registries.look_up(self.IMAGE.replace("eu-west-1", "us-east-2"), "eu-west-1")


if __name__ == "__main__":
    unittest.main()
