"""Deploys expanded templates into an emulator's CloudFormation.

    deploy.py [--emulator moto] [--stack NAME] [--binaries FOLDER [--zipped]] [--set VARIABLE=VALUE]...
              ENDPOINT TEMPLATES [PARAMETER=VALUE...]

The emulator is ministack and the stack is called mayfly unless told; a stack that is there is updated.

TEMPLATES holds what infra/bin/expand.py has made of template.yaml and the templates beside it. They go
into the emulator as `sam deploy` brings them to AWS: packaged in S3, nested, with the parameters of the stack. Each
function's zip has its binary of FOLDER, or, because binaries with their debug information are large, a script that
calls it there; without a FOLDER the functions can be deployed, and not invoked. A VARIABLE has its VALUE in every
function that has it at all. What the emulator lacks is taken out, or has another value: see templates.py.

Prints one JSON object: the stacks' resources, the outputs, and, on ministack, what the functions are configured with.
"""

import argparse
import hashlib
import io
import json
import shlex
import signal
import sys
import time
import zipfile
from pathlib import Path

# Ctrl-C in `make local` ends this without a traceback, also while the libraries load.
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import boto3
from botocore.config import Config
from templates import BUCKET, Deployable, OnMoto, Packaged, gaps

ROOT_TEMPLATE = "template"
EMULATORS = {"ministack": Deployable, "moto": OnMoto}


class Emulator:
    """An emulator's AWS."""

    def __init__(self, name: str, endpoint: str, stack: str):
        self.name, self.endpoint, self.stack = name, endpoint, stack
        session = boto3.Session(
            region_name="us-east-1", aws_access_key_id="123456789012", aws_secret_access_key="any"
        )
        patient = Config(read_timeout=120, retries={"total_max_attempts": 1})
        services = ["cloudformation", "lambda", "s3", "ssm"]
        self.clients = {it: session.client(it, endpoint_url=endpoint, config=patient) for it in services}

    def put(self, key: str, body: bytes) -> str:
        """By its content, as `sam package` calls it, so that an update sees what has changed."""
        key = f"{hashlib.sha256(body).hexdigest()}-{key}"
        self.clients["s3"].put_object(Bucket=BUCKET, Key=key, Body=body)
        return key

    def url(self, key: str) -> str:
        # moto finds a template by the URL of AWS's S3, ministack by its own.
        at = f"https://{BUCKET}.s3.amazonaws.com" if self.name == "moto" else f"{self.endpoint}/{BUCKET}"
        return f"{at}/{key}"

    def package(self, folder: Path, bootstrap, variables: dict[str, str]) -> dict:
        """What `sam package` puts into S3: the functions, their layer, and the templates. `bootstrap` gives a
        function's, by its name. Gives the stack's own template, and where it is."""
        self.clients["s3"].create_bucket(Bucket=BUCKET)
        files = sorted(folder.glob("*.json"), key=lambda file: file.stem == ROOT_TEMPLATE)
        templates = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
        packaged = Packaged(zips={"layer": self.put("layer.zip", zipped("pools.json", b"{}"))})
        for name, it in templates[ROOT_TEMPLATE]["Resources"].items():
            if it["Type"] == "AWS::Lambda::Function":
                whole = zipped("bootstrap", bootstrap(name.removesuffix("Function").lower()))
                packaged.zips[name] = self.put("function.zip", whole)
        for name, template in templates.items():
            deployable = EMULATORS[self.name](template, packaged, variables).template
            packaged.nested[name] = self.url(self.put("template.json", json.dumps(deployable).encode()))
        return {"template": templates[ROOT_TEMPLATE], "url": packaged.nested[ROOT_TEMPLATE]}

    def is_there(self) -> bool:
        stacks = self.clients["cloudformation"].describe_stacks()["Stacks"]
        return self.stack in [it["StackName"] for it in stacks]

    def parameters(self, template: dict, given: dict[str, str]) -> list[dict]:
        all_of_them = dict(given)
        for name in gaps(self.name)["parameters"]:
            all_of_them[name] = f"/gaps/{name}"
            self.clients["ssm"].put_parameter(
                Name=all_of_them[name], Type="String", Value="ami-0123456789abcdef0", Overwrite=True
            )
        # moto takes a default that is a list for one word: every default is given.
        for name, it in template["Parameters"].items():
            if "Default" in it:
                all_of_them.setdefault(name, str(it["Default"]))
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in all_of_them.items()]

    def deploy(self, packaged: dict, given: dict[str, str]) -> dict:
        formation = self.clients["cloudformation"]
        change = formation.update_stack if self.is_there() else formation.create_stack
        change(
            StackName=self.stack,
            TemplateURL=packaged["url"],
            Parameters=self.parameters(packaged["template"], given),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
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
            "functions": {name: self.function(it["id"]) for name, it in functions.items()}
            if self.name == "ministack"
            else {},
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
        # moto lists a resource whose condition does not hold without a name.
        return {
            it["LogicalResourceId"]: {"type": it["ResourceType"], "id": it.get("PhysicalResourceId")}
            for it in found
            if "LogicalResourceId" in it
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
    """What each function's zip has, by the function's name."""

    def bootstrap(name: str) -> bytes:
        if not binaries:
            return b""
        binary = binaries.absolute() / name
        return binary.read_bytes() if whole else f"#!/bin/sh\nexec {shlex.quote(str(binary))}\n".encode()

    return bootstrap


def pairs(given: list[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emulator", choices=EMULATORS, default="ministack")
    parser.add_argument("--stack", default="mayfly")
    parser.add_argument("--binaries", type=Path)
    parser.add_argument("--zipped", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("endpoint")
    parser.add_argument("templates", type=Path)
    parser.add_argument("parameters", nargs="*")
    given = parser.parse_args()
    emulator = Emulator(given.emulator, given.endpoint, given.stack)
    packaged = emulator.package(given.templates, bootstraps(given.binaries, given.zipped), pairs(given.set))
    json.dump(emulator.deploy(packaged, pairs(given.parameters)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
