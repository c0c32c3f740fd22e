"""A dependency cache of 500 MB on an S3, by the calls that runs-on/cache makes: what a role may do is enough for it,
and every byte comes back.

The action (v5.0.7, src/custom/backend.ts) uploads with @aws-sdk/lib-storage in parts of 32 MiB, four at once, finds
an archive by ListObjectsV2 with the key as the prefix, and downloads ranges of 16 MiB, eight at once. boto3's transfers
make the same calls with the same sizes; the action's own code needs a job around it.
"""

import hashlib
import random
import tarfile
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from simulated import simulated
from stage import ANYBODY, REGION, moto
from test_caches import bucket, roles

MIB = 1024 * 1024
FILES, EACH = 500, MIB
UPLOADS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=32 * MIB, max_concurrency=4)
DOWNLOADS = TransferConfig(multipart_threshold=MIB, multipart_chunksize=16 * MIB, max_concurrency=8)
PREFIX = "cache/acme/storefront/0a1b2c/"

# The action of IAM that each call needs (Amazon S3 API reference, "Required permissions").
NEEDS = {
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
}


def fill(folder: Path) -> None:
    """A tree like that of a package manager: many files, whose bytes do not compress."""
    made = random.Random(7)
    for number in range(FILES):
        file = folder / f"package-{number % 20}/lib/{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made.randbytes(EACH))


def digest(folder: Path) -> str:
    """Of all names and bytes."""
    sha = hashlib.sha256()
    for file in sorted(it for it in folder.rglob("*") if it.is_file()):
        sha.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return sha.hexdigest()


class Client(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = Path(held.name)
        keys = {
            "aws_access_key_id": ANYBODY["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": ANYBODY["AWS_SECRET_ACCESS_KEY"],
        }
        config = Config(s3={"addressing_style": "path"}, max_pool_connections=8)
        self.s3 = boto3.client("s3", endpoint_url=moto(), region_name=REGION, config=config, **keys)
        self.bucket = "caches"
        self.s3.create_bucket(Bucket=self.bucket)
        self.addCleanup(self.s3.delete_bucket, Bucket=self.bucket)
        self.calls, self.ranges = Counter(), 0
        self.s3.meta.events.register("before-call.s3", self.note)

    def note(self, model, params, **_):
        self.calls[model.name] += 1
        self.ranges += "Range" in params["headers"]

    def test_a_tree_of_500_mb_comes_back_byte_for_byte(self):
        tree, back = self.folder / "tree", self.folder / "back"
        tree.mkdir()
        fill(tree)
        archive = self.folder / "cache.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(tree, arcname=".")
        size = archive.stat().st_size
        self.assertGreater(size, 500 * MIB)

        self.s3.upload_file(str(archive), self.bucket, f"{PREFIX}deps-1", Config=UPLOADS)
        self.addCleanup(self.s3.delete_object, Bucket=self.bucket, Key=f"{PREFIX}deps-1")
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{PREFIX}deps-")["Contents"]
        self.assertEqual([(it["Key"], it["Size"]) for it in found], [(f"{PREFIX}deps-1", size)])
        returned = self.folder / "returned.tar"
        self.s3.download_file(self.bucket, found[0]["Key"], str(returned), Config=DOWNLOADS)
        with tarfile.open(returned) as tar:
            tar.extractall(back, filter="data")
        self.assertEqual(digest(back), digest(tree))

        self.assertEqual(
            dict(self.calls),
            {
                "CreateMultipartUpload": 1,
                "UploadPart": -(-size // (32 * MIB)),
                "CompleteMultipartUpload": 1,
                "ListObjectsV2": 1,
                "HeadObject": 1,
                "GetObject": -(-size // (16 * MIB)),
            },
        )
        self.assertEqual(self.ranges, self.calls["GetObject"], "every download is of a range")
        self.allowed_by_the_roles()

    def allowed_by_the_roles(self) -> None:
        """The writer may make every call of them, and the reader all but the uploads."""
        asked = [
            {
                "policy": roles()[role]["policy"],
                "action": NEEDS[call],
                "resource": bucket() if NEEDS[call] == "s3:ListBucket" else f"{bucket()}/{PREFIX}deps-1",
                "context": {"s3:prefix": f"{PREFIX}deps-"},
            }
            for role in ("WriterShop", "ReaderShop")
            for call in self.calls
        ]
        reads = [NEEDS[call] != "s3:PutObject" for call in self.calls]
        self.assertEqual(simulated(asked), [True] * len(self.calls) + reads)


if __name__ == "__main__":
    unittest.main()
