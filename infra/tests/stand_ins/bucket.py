"""What CloudFormation and Lambda find where a release's template says that it is: in the test's S3."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
from record import FOLDER


class Bucket:
    """The objects that a template names, with the stack's parameters."""

    def __init__(self, given: dict[str, str]):
        self.given = {**given, "AWS::Region": "us-east-1", "AWS::URLSuffix": "amazonaws.com"}
        self.storage = boto3.client("s3")

    def text(self, value) -> str:
        """A `Ref` or `Fn::Sub` of parameters."""
        if isinstance(value, dict) and "Ref" in value:
            return self.given[value["Ref"]]
        text = value["Fn::Sub"] if isinstance(value, dict) else value
        return re.sub(r"\$\{([\w:]+)\}", lambda it: self.given[it[1]], text)

    def object(self, bucket: str, key: str) -> bytes:
        return self.storage.get_object(Bucket=bucket, Key=key)["Body"].read()

    def nested(self, url) -> bytes:
        _, bucket, key = re.fullmatch(r"https://(s3\.[^/]+)/([^/]+)/(.+)", self.text(url)).groups()
        return self.object(bucket, key)


def fetched(template: Path, given: dict[str, str]) -> tuple[Path, Path]:
    """The templates, expanded, and the functions' binaries, each in a folder. `code.json` has the zips' digests."""
    bucket, digest = Bucket(given), hashlib.sha256(template.read_bytes()).hexdigest()
    folder, binaries = Path(os.environ["EXPANDED"]) / f"{digest}-{given['CodePrefix'].replace('/', '-')}", FOLDER / "code"
    expand(folder, [template])
    root = json.loads((folder / f"{template.stem}.json").read_text(encoding="utf-8"))
    (folder / f"{template.stem}.json").unlink()
    nested, zips = FOLDER / "nested", {}
    for made in (nested, binaries):
        made.mkdir(exist_ok=True)
    for name, it in root["Resources"].items():
        properties = it.get("Properties", {})
        if it["Type"] == "AWS::CloudFormation::Stack":
            file = nested / Path(bucket.text(properties["TemplateURL"])).name
            file.write_bytes(bucket.nested(properties["TemplateURL"]))
            properties["TemplateURL"] = f"infra/{file.name}"
        elif it["Type"] == "AWS::Lambda::Function":
            zipped = bucket.object(*map(bucket.text, (properties["Code"]["S3Bucket"], properties["Code"]["S3Key"])))
            function = name.removesuffix("Function").lower()
            (binaries / function).write_bytes(zipfile.ZipFile(io.BytesIO(zipped)).read("bootstrap"))
            zips[function] = hashlib.sha256(zipped).hexdigest()
        elif it["Type"] == "AWS::Lambda::LayerVersion":
            layer = bucket.object(*map(bucket.text, (properties["Content"]["S3Bucket"], properties["Content"]["S3Key"])))
            zips["map"] = hashlib.sha256(layer).hexdigest()
    expand(folder, sorted(nested.glob("*.yaml")))
    (folder / "template.json").write_text(json.dumps(root), encoding="utf-8")
    (FOLDER / "code.json").write_text(json.dumps(zips), encoding="utf-8")
    return folder, binaries


def expand(folder: Path, templates: list[Path]) -> None:
    subprocess.run([sys.executable, "infra/bin/expand.py", folder, *templates], check=True)
