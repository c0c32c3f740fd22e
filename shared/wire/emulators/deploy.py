"""Deploys expanded templates into ministack's CloudFormation.

    deploy.py [--stack NAME] [--binaries FOLDER [--zipped]] [--set VARIABLE=VALUE]...
              ENDPOINT TEMPLATES [PARAMETER=VALUE...]

The stack is called mayfly unless told; one that is there is updated.

TEMPLATES holds what infra/bin/expand.py has made of template.yaml and the templates beside it. They go
into ministack as `sam deploy` brings them to AWS: packaged in S3, nested, with the parameters of the stack. Each
function's zip has its binary of FOLDER, or, because binaries with their debug information are large, a script that
calls it there; without a FOLDER the functions can be deployed, and not invoked. ministack/gaps.json is the list of
what ministack lacks: types are taken out, and parameters get another value. A VARIABLE has its VALUE in every function
that has it at all.

Prints one JSON object: the stacks' resources, the outputs, and what the functions are configured with.
"""

import argparse
import hashlib
import io
import json
import re
import shlex
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

GAPS = json.loads((Path(__file__).parent / "ministack/gaps.json").read_text(encoding="utf-8"))
ROOT_TEMPLATE = "template"
BUCKET = "packaged"


class Deployable:
    """A template as ministack can deploy it, with the addresses of what it refers to in S3."""

    def __init__(self, template: dict, nested: dict[str, str], zips: dict[str, str], variables: dict[str, str]):
        self.nested, self.zips, self.variables = nested, zips, variables
        resources = template["Resources"]
        self.dropped = {name for name, it in resources.items() if it["Type"] in GAPS["types"]}
        kept = {name: self.resource(name, it) for name, it in resources.items() if name not in self.dropped}
        outputs = self.value(template.get("Outputs", {}))
        self.template = {**template, "Resources": kept, "Outputs": outputs}

    def resource(self, name: str, resource: dict) -> dict:
        changed = {**resource, "Properties": self.value(resource.get("Properties", {}))}
        waits = changed.pop("DependsOn", [])
        waits = [it for it in ([waits] if isinstance(waits, str) else waits) if it not in self.dropped]
        if waits:
            changed["DependsOn"] = waits
        match changed["Type"]:
            case "AWS::CloudFormation::Stack":
                changed["Properties"]["TemplateURL"] = self.nested[
                    Path(changed["Properties"]["TemplateURL"]).stem
                ]
            case "AWS::Lambda::Function":
                changed["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": self.zips[name]}
                its = changed["Properties"]["Environment"]["Variables"]
                its |= {name: value for name, value in self.variables.items() if name in its}
            case "AWS::Lambda::LayerVersion":
                changed["Properties"]["Content"] = {"S3Bucket": BUCKET, "S3Key": self.zips["layer"]}
        return changed

    def value(self, value):
        """Without references to what is dropped."""
        match value:
            case {"Ref": name} | {"Fn::GetAtt": [name, _]} if name in self.dropped:
                return stand_in(name)
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": self.substituted(text)}
            case {"Fn::Sub": [text, names]}:
                return {"Fn::Sub": [self.substituted(text), self.value(names)]}
            case dict():
                return {key: self.value(each) for key, each in value.items()}
            case list():
                return [self.value(each) for each in value]
        return value

    def substituted(self, text: str) -> str:
        def dropped(match: re.Match) -> str:
            return stand_in(match[1]) if match[1] in self.dropped else match[0]

        return re.sub(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}", dropped, text)


def stand_in(name: str) -> str:
    """In the place of what a dropped resource would give."""
    return f"no-{name.lower()}"


class Ministack:
    """ministack's AWS."""

    def __init__(self, endpoint: str, stack: str):
        self.endpoint, self.stack = endpoint, stack
        session = boto3.Session(
            region_name="us-east-1", aws_access_key_id="123456789012", aws_secret_access_key="any"
        )
        patient = Config(read_timeout=120, retries={"total_max_attempts": 1})
        services = ["cloudformation", "lambda", "s3", "ssm"]
        self.clients = {
            name: session.client(name, endpoint_url=endpoint, config=patient) for name in services
        }

    def put(self, key: str, body: bytes) -> str:
        """By its content, as `sam package` calls it, so that an update sees what has changed."""
        key = f"{hashlib.sha256(body).hexdigest()}-{key}"
        self.clients["s3"].put_object(Bucket=BUCKET, Key=key, Body=body)
        return key

    def package(self, folder: Path, code, variables: dict[str, str]) -> str:
        """What `sam package` puts into S3: the functions, their layer, and the templates. Gives the URL of the
        stack's own. `code` gives the bootstrap of a function, by its name."""
        self.clients["s3"].create_bucket(Bucket=BUCKET)
        files = sorted(folder.glob("*.json"), key=lambda file: file.stem == ROOT_TEMPLATE)
        templates = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
        zips = {"layer": self.put("layer.zip", zipped("pools.json", b"{}"))}
        for name, it in templates[ROOT_TEMPLATE]["Resources"].items():
            if it["Type"] == "AWS::Lambda::Function":
                bootstrap = code(name.removesuffix("Function").lower())
                zips[name] = self.put("function.zip", zipped("bootstrap", bootstrap))
        urls = {}
        for name, template in templates.items():
            body = json.dumps(Deployable(template, urls, zips, variables).template).encode()
            urls[name] = f"{self.endpoint}/{BUCKET}/{self.put('template.json', body)}"
        return urls[ROOT_TEMPLATE]

    def is_there(self) -> bool:
        stacks = self.clients["cloudformation"].describe_stacks()["Stacks"]
        return self.stack in [it["StackName"] for it in stacks]

    def deploy(self, url: str, given: dict[str, str]) -> dict:
        amis = {name: f"/gaps/{name}" for name in GAPS["parameters"]}
        for parameter in amis.values():
            self.clients["ssm"].put_parameter(
                Name=parameter, Type="String", Value="ami-0123456789abcdef0", Overwrite=True
            )
        formation = self.clients["cloudformation"]
        change = formation.update_stack if self.is_there() else formation.create_stack
        pairs = [{"ParameterKey": name, "ParameterValue": it} for name, it in {**given, **amis}.items()]
        try:
            change(
                StackName=self.stack,
                TemplateURL=url,
                Parameters=pairs,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:
            # As `sam deploy` takes it, too.
            if "No updates are to be performed" not in str(error):
                raise
        stack = self.settled()
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            sys.exit(f"the stack is {stack['StackStatus']}:\n" + "\n".join(self.failures()))
        resources = self.resources(self.stack)
        nested = {name: it for name, it in resources.items() if it["type"] == "AWS::CloudFormation::Stack"}
        functions = {name: it for name, it in resources.items() if it["type"] == "AWS::Lambda::Function"}
        return {
            "outputs": {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]},
            "stacks": {
                "template": resources,
                **{name.lower(): self.resources(it["id"]) for name, it in nested.items()},
            },
            "functions": {name: self.function(it["id"]) for name, it in functions.items()},
        }

    def settled(self) -> dict:
        while True:
            stack = self.clients["cloudformation"].describe_stacks(StackName=self.stack)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.02)

    def failures(self) -> list[str]:
        """What has failed in the stack and in those nested in it, and why."""
        formation = self.clients["cloudformation"]
        stacks = [it["StackId"] for it in formation.describe_stacks()["Stacks"]]
        events = [e for it in stacks for e in formation.describe_stack_events(StackName=it)["StackEvents"]]
        return [
            f"{it['StackName']}: {it['LogicalResourceId']}: {it.get('ResourceStatusReason', 'without a reason')}"
            for it in events
            if it["ResourceStatus"].endswith("_FAILED")
        ]

    def resources(self, stack: str) -> dict:
        found = self.clients["cloudformation"].describe_stack_resources(StackName=stack)["StackResources"]
        return {
            it["LogicalResourceId"]: {"type": it["ResourceType"], "id": it.get("PhysicalResourceId")}
            for it in found
        }

    def function(self, name: str) -> dict:
        found = self.clients["lambda"].get_function_configuration(FunctionName=name)
        urls = self.clients["lambda"].list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
        return {
            "name": name,
            "url": urls[0]["FunctionUrl"] if urls else None,
            "log_group": found["LoggingConfig"]["LogGroup"],
            "variables": found["Environment"]["Variables"],
        }


def zipped(name: str, content: bytes) -> bytes:
    archived = io.BytesIO()
    # The same bytes for the same content.
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(archived, "w") as archive:
        archive.writestr(entry, content)
    return archived.getvalue()


def bootstraps(binaries: Path | None, whole: bool):
    """What each function's zip has."""

    def bootstrap(name: str) -> bytes:
        if not binaries:
            return b""
        binary = binaries.absolute() / name
        return binary.read_bytes() if whole else f'#!/bin/sh\nexec {shlex.quote(str(binary))}\n'.encode()

    return bootstrap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="mayfly")
    parser.add_argument("--binaries", type=Path)
    parser.add_argument("--zipped", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("endpoint")
    parser.add_argument("templates", type=Path)
    parser.add_argument("parameters", nargs="*")
    given = parser.parse_args()
    ministack = Ministack(given.endpoint, given.stack)
    variables = dict(pair.split("=", 1) for pair in given.set)
    url = ministack.package(given.templates, bootstraps(given.binaries, given.zipped), variables)
    deployed = ministack.deploy(url, dict(pair.split("=", 1) for pair in given.parameters))
    json.dump(deployed, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
