"""Deploys expanded templates into moto's CloudFormation.

    deploy.py [--stack NAME] ENDPOINT FOLDER [PARAMETER=VALUE...]

The stack is called mayfly unless told; one that is there is updated.

FOLDER holds what infra/bin/expand.py has made of template.yaml and the templates beside it. They go
into moto as `sam deploy` brings them to AWS: packaged in S3, nested, with the parameters of the stack.
gaps.json is the list of what moto can not deploy, and all that is taken out or worked out here.

Prints one JSON object: the stacks' resources, the outputs, and what the functions are configured with.
The event sources are switched off once they are read: the sandbox polls for the functions.
"""

import hashlib
import io
import ipaddress
import json
import re
import sys
import zipfile
from pathlib import Path

import boto3

GAPS = json.loads((Path(__file__).parent / "gaps.json").read_text(encoding="utf-8"))
STACK = "mayfly"
ROOT_TEMPLATE = "template"
BUCKET = "packaged"


class Deployable:
    """A template as moto can deploy it."""

    def __init__(self, template: dict, nested: dict[str, str] | None = None):
        # The files of the nested templates in the bucket, by what `TemplateURL` says of each.
        self.nested = nested or {}
        self.parameters = template.get("Parameters", {})
        self.mappings = template.get("Mappings", {})
        resources = template["Resources"]
        self.dropped = {name for name, it in resources.items() if it["Type"] in GAPS["types"]}
        kept = {name: self.resource(it) for name, it in resources.items() if name not in self.dropped}
        outputs = self.value(template.get("Outputs", {}))
        self.template = {**template, "Resources": kept, "Outputs": outputs}

    def resource(self, resource: dict) -> dict:
        changed = {**resource, "Properties": self.value(resource.get("Properties", {}))}
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if policy in resource:
                changed[policy] = {"RetainExceptOnCreate": "Retain"}.get(resource[policy], resource[policy])
        waits = changed.pop("DependsOn", [])
        waits = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in self.dropped]
        if waits:
            changed["DependsOn"] = waits
        if changed["Type"] == "AWS::CloudFormation::Stack":
            file = self.nested[Path(changed["Properties"]["TemplateURL"]).stem]
            changed["Properties"]["TemplateURL"] = f"https://{BUCKET}.s3.amazonaws.com/{file}"
        return changed

    def value(self, value):
        """Without references to what is dropped, and without functions that moto does not know."""
        match value:
            case {"Ref": name} if name in self.dropped:
                return stand_in(name)
            case {"Fn::GetAtt": [name, _]} if name in self.dropped:
                return stand_in(name)
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": self.substituted(text)}
            case {"Fn::Sub": [text, names]}:
                return {"Fn::Sub": [self.substituted(text), self.value(names)]}
            case {"Fn::Cidr": [block, count, bits]}:
                return subnets(self.default(block), int(count), int(bits))
            case {"Fn::FindInMap": [str(mapping), str(first), str(second)]}:
                return self.mappings[mapping][first][second]
            case {"Fn::FindInMap": [mapping, first, second, {"DefaultValue": default}]}:
                return self.mappings[mapping][first].get(second, default)
            case {"Fn::Select": [{"Fn::FindInMap": [mapping, first, second]}, values]}:
                return self.value(values[int(self.mappings[mapping][first][second])])
            case dict():
                return {key: self.value(each) for key, each in value.items()}
            case list():
                return [self.value(each) for each in value]
        return value

    def substituted(self, text: str) -> str:
        def dropped(match: re.Match) -> str:
            return stand_in(match[1]) if match[1] in self.dropped else match[0]

        return re.sub(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}", dropped, text)

    def default(self, value):
        """The default of the parameter that is referred to."""
        return self.parameters[value["Ref"]]["Default"] if isinstance(value, dict) else value


def stand_in(name: str) -> str:
    """In the place of what a dropped resource would give, which is nothing but URLs."""
    return f"https://{name.lower()}.example"


def subnets(block: str, count: int, bits: int) -> list[str]:
    """Fn::Cidr: so many subnets, each with so many bits for its addresses."""
    found = ipaddress.ip_network(block).subnets(new_prefix=32 - bits)
    return [str(subnet) for _, subnet in zip(range(count), found)]


class Moto:
    """moto's AWS."""

    def __init__(self, endpoint: str, stack: str):
        self.stack = stack
        anybody = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        session = boto3.Session(region_name="us-east-1", **anybody)
        services = ["cloudformation", "lambda", "s3"]
        self.clients = {name: session.client(name, endpoint_url=endpoint) for name in services}

    def package(self, folder: Path) -> None:
        """What `sam package` puts into S3: the templates, and the functions and their layer, of which nothing
        is run here."""
        s3 = self.clients["s3"]
        s3.create_bucket(Bucket=BUCKET)
        for name, holds in (("function", "bootstrap"), ("layer", "pools.json")):
            archived = io.BytesIO()
            with zipfile.ZipFile(archived, "w") as archive:
                archive.writestr(holds, "")
            s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=archived.getvalue())
        # By their content, as `sam package` calls them, so that an update sees which have changed.
        nested = {}
        for file in sorted(folder.glob("*.json"), key=lambda file: file.stem == ROOT_TEMPLATE):
            template = Deployable(json.loads(file.read_text(encoding="utf-8")), nested).template
            body = json.dumps(template)
            nested[file.stem] = f"{hashlib.sha256(body.encode()).hexdigest()}.template"
            s3.put_object(Bucket=BUCKET, Key=nested[file.stem], Body=body)
        self.url = f"https://{BUCKET}.s3.amazonaws.com/{nested[ROOT_TEMPLATE]}"

    def is_there(self) -> bool:
        stacks = self.clients["cloudformation"].describe_stacks()["Stacks"]
        return self.stack in [it["StackName"] for it in stacks]

    def deploy(self, template: dict, given: dict[str, str]) -> dict:
        # moto takes a default that is a list for one word: every default is given.
        defaults = {
            name: str(it["Default"]) for name, it in template["Parameters"].items() if "Default" in it
        }
        parameters = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in {**defaults, **given}.items()
        ]
        formation = self.clients["cloudformation"]
        change = formation.update_stack if self.is_there() else formation.create_stack
        change(StackName=self.stack, TemplateURL=self.url, Parameters=parameters)
        stack = formation.describe_stacks(StackName=self.stack)["Stacks"][0]
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            sys.exit(
                f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason', 'without a reason')}"
            )
        resources = self.resources(self.stack)
        return {
            "outputs": {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]},
            "stacks": {
                "template": resources,
                **{
                    name.lower(): self.resources(it["id"])
                    for name, it in resources.items()
                    if it["type"] == "AWS::CloudFormation::Stack"
                },
            },
            "functions": {
                name: self.function(it["id"])
                for name, it in resources.items()
                if it["type"] == "AWS::Lambda::Function"
            },
            "event_sources": {
                name: self.event_source(it["id"])
                for name, it in resources.items()
                if it["type"] == "AWS::Lambda::EventSourceMapping"
            },
        }

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
        return {
            "timeout": found["Timeout"],
            "memory": found["MemorySize"],
            "variables": found["Environment"]["Variables"],
        }

    def event_source(self, uuid: str) -> dict:
        # moto would receive each message, and find that it can not run the function.
        found = self.clients["lambda"].update_event_source_mapping(UUID=uuid, Enabled=False)
        return {"batch_size": found["BatchSize"], "queue": found["EventSourceArn"]}


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    arguments = sys.argv[1:]
    stack = STACK
    if arguments[0] == "--stack":
        _, stack, *arguments = arguments
    endpoint, folder, *given = arguments
    template = json.loads((Path(folder) / f"{ROOT_TEMPLATE}.json").read_text(encoding="utf-8"))
    moto = Moto(endpoint, stack)
    moto.package(Path(folder))
    deployed = moto.deploy(template, dict(pair.split("=", 1) for pair in given))
    json.dump(deployed, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
