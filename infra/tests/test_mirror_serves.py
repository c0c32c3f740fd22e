"""The mirror of Docker Hub at work: Debian's registry with the shipped configuration and start.sh, a stand-in for Docker
Hub, and moto for S3.

Debian has version 2.8, the image version 3: 2.8 ignores `ttl` and `cachewritetimeout`, has keys where the task has a
role, and keeps what it has served a moment later, by a fetch of its own.
"""

import functools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from hub import MANIFEST, Hub, NotedS3, digest
from shapes import ROOT
from simulated import simulated
from stage import ANYBODY, REGION, kept, moto
from test_mirror import mirror, policy

IMAGE = ROOT / "images/mirror"
KEYS = {"ACCESSKEY": ANYBODY["AWS_ACCESS_KEY_ID"], "SECRETKEY": ANYBODY["AWS_SECRET_ACCESS_KEY"]}
ANSWERS = 15


@functools.cache
def registry() -> Path:
    """Debian's registry, unpacked and not installed."""
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise unittest.SkipTest(f"{tool} is not here, which brings Debian's docker-registry")
    folder = kept() / "registry"
    folder.mkdir()
    get = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
    got = subprocess.run([*get, "download", "docker-registry"], cwd=folder, check=False, capture_output=True)
    if got.returncode:
        # A fresh machine has no list of packages.
        subprocess.run([*get, "update"], check=False, capture_output=True)
        got = subprocess.run([*get, "download", "docker-registry"], cwd=folder, check=False, capture_output=True, text=True)
    if got.returncode:
        raise unittest.SkipTest(f"Debian's docker-registry does not come: {got.stderr.strip().splitlines()[-1:]}")
    (package,) = folder.glob("docker-registry_*.deb")
    subprocess.run(["dpkg", "-x", package, folder], check=True)
    return folder / "usr/bin/docker-registry"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def asked(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes, str | None]:
    """Status, content, and where it says to go."""
    headers = {"accept": MANIFEST, "content-type": MANIFEST}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read(), answer.headers.get("location")


class Serves(unittest.TestCase):
    def setUp(self):
        self.program = registry()
        self.hub = Hub(self)
        self.s3 = NotedS3(self, moto())
        keys = {"aws_access_key_id": KEYS["ACCESSKEY"], "aws_secret_access_key": KEYS["SECRETKEY"]}
        self.client = boto3.client("s3", endpoint_url=moto(), region_name=REGION, **keys)
        self.client.create_bucket(Bucket="mirror")
        self.addCleanup(self.remove_bucket)

    def objects(self) -> list[str]:
        return [it["Key"] for it in self.client.list_objects_v2(Bucket="mirror").get("Contents", [])]

    def kept(self) -> str:
        """The key of the layer's bytes, once they are in the bucket."""
        until = time.monotonic() + ANSWERS
        while time.monotonic() < until:
            if found := [it for it in self.objects() if it.endswith(f"/{self.hub.layer.partition(':')[2]}/data")]:
                return found[0]
            time.sleep(0.05)
        self.fail(f"the layer is not kept: {self.objects()}")

    def empty(self) -> None:
        for key in self.objects():
            self.client.delete_object(Bucket="mirror", Key=key)

    def remove_bucket(self) -> None:
        """The registry is gone by then, and what it had sent may still arrive."""
        until = time.monotonic() + ANSWERS
        while True:
            self.empty()
            try:
                return self.client.delete_bucket(Bucket="mirror")
            except self.client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "BucketNotEmpty" or time.monotonic() > until:
                    raise

    def environment(self, **variables: str) -> dict[str, str]:
        (container,) = mirror().value(mirror().resources()["Task"]["Properties"]["ContainerDefinitions"])
        # By the names that the task has them by.
        told = {it["Name"]: it["Value"] for it in container["Environment"]}
        self.assertEqual(set(told), {"REGISTRY_STORAGE_S3_BUCKET", "REGISTRY_STORAGE_S3_REGION"})
        told["REGISTRY_STORAGE_S3_BUCKET"] = "mirror"
        of_the_test = {"REGIONENDPOINT": self.s3.url, "SECURE": "false", **KEYS}
        told |= {f"REGISTRY_STORAGE_S3_{name}": value for name, value in of_the_test.items()}
        where = {"MIRROR_CONFIG": str(IMAGE / "config.yml"), "MIRROR_PROGRAM": str(self.program)}
        return {"PATH": os.environ["PATH"], **told, **where, "REGISTRY_PROXY_REMOTEURL": self.hub.url, **variables}

    def started(self, **variables: str) -> str:
        """The mirror's URL, once it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{free.getsockname()[1]}"
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        environment = self.environment(REGISTRY_HTTP_ADDR=host, **variables)
        program = subprocess.Popen([IMAGE / "start.sh"], env=environment, stdout=log, stderr=log)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        until = time.monotonic() + ANSWERS
        while time.monotonic() < until and program.poll() is None:
            try:
                self.assertEqual(asked(f"http://{host}/v2/")[0], 200)
                return f"http://{host}"
            except urllib.error.URLError:
                time.sleep(0.05)
        log.seek(0)
        self.fail(f"the mirror does not answer:\n{log.read()}")

    def pulled(self, url: str) -> tuple[bytes, list[int]]:
        """The layer of one:1, as a daemon pulls it, and the statuses of its blob's answers."""
        status, manifest, _ = asked(f"{url}/v2/library/one/manifests/1")
        self.assertEqual(status, 200, manifest)
        (layer,) = json.loads(manifest)["layers"]
        status, content, location = asked(f"{url}/v2/library/one/blobs/{layer['digest']}")
        statuses = [status]
        if location:
            self.assertEqual(urllib.parse.urlsplit(location).netloc, self.s3.server.host)
            status, content, _ = asked(location)
            statuses.append(status)
        return content, statuses

    def served(self, url: str, statuses: list[int]) -> None:
        """The right bytes, which no message is to show."""
        content, found = self.pulled(url)
        self.assertEqual((digest(content), found), (self.hub.layer, statuses))

    def test_what_docker_hub_has_is_served_then_out_of_the_bucket_and_with_docker_hub_gone(self):
        url = self.started()
        self.served(url, [200])
        self.kept()
        fetched = self.hub.asked.count(f"GET blobs/{self.hub.layer}")
        self.assertTrue(all(it.startswith("hub/docker/registry/v2/") for it in self.objects()), self.objects())
        # By a URL of the bucket's.
        self.served(url, [307, 200])
        self.hub.server.go()
        self.served(url, [307, 200])
        self.assertEqual(self.hub.asked.count(f"GET blobs/{self.hub.layer}"), fetched, "not again")
        self.assertEqual(self.hub.accounts, {None}, "without a key it asks as nobody")

    def test_what_the_lifecycle_has_deleted_is_pulled_and_kept_again(self):
        url = self.started()
        self.pulled(url)
        self.client.delete_object(Bucket="mirror", Key=self.kept())
        self.served(url, [200])
        self.kept()
        self.served(url, [307, 200])

    def test_its_role_may_make_every_call_that_was_made(self):
        self.pulled(self.started())
        self.kept()
        # It clears up after the upload.
        until = time.monotonic() + ANSWERS
        while not any(action == "s3:DeleteObject" for action, _ in self.s3.needed) and time.monotonic() < until:
            time.sleep(0.05)
        of = mirror()
        bucket = of.value({"Fn::GetAtt": ["Bucket", "Arn"]})
        questions = [
            {
                "policy": policy(of, "TaskRole"),
                "action": action,
                "resource": f"{bucket}/{'hub/x' if key == 'every-key' else key}" if key else bucket,
            }
            for action, key in sorted(self.s3.needed)
        ]
        found = zip([(it["action"], it["resource"]) for it in questions], simulated(questions), strict=True)
        self.assertEqual([it for it, allowed in found if not allowed], [])
        made = {action.removeprefix("s3:") for action, _ in self.s3.needed}
        self.assertEqual(made, {"ListBucket", "GetObject", "PutObject", "DeleteObject"})

    def test_nobody_pushes_into_it_or_deletes_from_it(self):
        """Each job reaches it."""
        url = self.started()
        self.pulled(url)
        self.kept()
        before = self.objects()
        manifest = digest(self.hub.there["/v2/library/one/manifests/1"][1])
        for method, path in [
            ("POST", "blobs/uploads/"),
            ("PUT", "manifests/2"),
            ("DELETE", f"manifests/{manifest}"),
            ("DELETE", "manifests/1"),
            ("DELETE", f"blobs/{self.hub.layer}"),
        ]:
            body = self.hub.there["/v2/library/one/manifests/1"][1] if method == "PUT" else None
            status, answer, _ = asked(f"{url}/v2/library/one/{path}", method, body)
            self.assertEqual(status, 405, f"{method} {path}: {answer}")
        self.assertEqual(self.objects(), before)

    def test_an_account_is_told_to_docker_hub_whatever_its_token_is_made_of(self):
        for key in ("somebody:dckr_pat_A-b_9\n", "some-body:it's: #\"1{"):
            self.pulled(self.started(MIRROR_KEY=key))
            self.assertIn(key.strip(), self.hub.accounts)
            self.hub.accounts.clear()
            self.empty()

    def test_what_is_no_account_and_a_docker_hub_that_is_not_there_end_it_with_a_line(self):
        self.hub.server.go()
        for given, line in [
            ({"MIRROR_KEY": "a-token-alone"}, "mirror: the key is not USER:TOKEN: write it so into the SecureString"),
            ({"REGISTRY_STORAGE_S3_BUCKET": ""}, "REGISTRY_STORAGE_S3_BUCKET: names no bucket"),
            # The next task tries it again.
            ({}, f'panic: Get "{self.hub.url}/v2/": dial tcp'),
        ]:
            command = [IMAGE / "start.sh"]
            environment = self.environment(REGISTRY_HTTP_ADDR="127.0.0.1:0", **given)
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn(line, ended.stderr + ended.stdout)
            self.assertNotIn("a-token-alone", ended.stderr + ended.stdout)


if __name__ == "__main__":
    unittest.main()
