"""What CloudFormation would make of the templates: values with the names, ARNs and parameters of one stack,
as far as templates say them.

What only AWS knows is written as a stand-in: a name that CloudFormation makes up is STACK-LOGICALID-ID.
"""

import functools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The property that is a resource's name, where it may have one of its own. test_templates.py holds this
# list against the templates, in both directions.
NAMES = {
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::CapacityProvider": "Name",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SSM::Parameter": "Name",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "Name",
}

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
}

ECS = "arn:aws:ecs:us-east-1:123456789012"

# What has no default.
GIVEN = {"Organisation": "acme", "GitHubAppId": "42"}


@functools.cache
def expanded() -> dict[str, dict]:
    """Every template, expanded as CloudFormation does it, by the name of its file."""
    return expanded_files([ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))])


def expanded_files(templates: list[Path]) -> dict[str, dict]:
    """These, by the names of the files."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, ROOT / "infra/bin/expand.py", folder, *templates]
        environment = {"AWS_DEFAULT_REGION": PSEUDO["AWS::Region"]}
        subprocess.run(command, check=True, env=environment)
        files = Path(folder).glob("*.json")
        return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


class Stack:
    """One template with its parameters. `arns` are the ARNs by types of resources, with ${Name} in them."""

    def __init__(self, template: str, name: str, given: dict, arns: dict[str, str], templates: dict[str, dict]):
        self.templates, self.template = templates, templates[template]
        self.name, self.arns = name, arns
        declared = self.template.get("Parameters", {})
        missing = [it for it, what in declared.items() if it not in given and "Default" not in what]
        assert not missing, f"{template} is not given {missing}"
        self.parameters = {it: given.get(it, what.get("Default")) for it, what in declared.items()}
        self.nested: dict[str, Stack] = {}

    @staticmethod
    def whole(
        name: str = "mayfly",
        arns: dict[str, str] | None = None,
        templates: dict[str, dict] | None = None,
        **given: str,
    ) -> "Stack":
        """The root stack, of the shipped templates or of others."""
        return Stack("template", name, {**GIVEN, **given}, arns or {}, templates or expanded())

    def resources(self) -> dict[str, dict]:
        """Those whose conditions hold."""
        found = self.template["Resources"].items()
        return {it: what for it, what in found if self.holds(what.get("Condition"))}

    def stacks(self) -> list["Stack"]:
        """This one and all below it."""
        kind = "AWS::CloudFormation::Stack"
        below = [self.below(it) for it, what in self.resources().items() if what["Type"] == kind]
        return [self, *(each for stack in below for each in stack.stacks())]

    def below(self, logical: str) -> "Stack":
        if logical not in self.nested:
            properties = self.template["Resources"][logical]["Properties"]
            given = {it: self.value(value) for it, value in properties["Parameters"].items()}
            file = Path(properties["TemplateURL"]).stem
            self.nested[logical] = Stack(file, f"{self.name}-{logical}-ID", given, self.arns, self.templates)
        return self.nested[logical]

    def holds(self, condition) -> bool:
        match condition:
            case None:
                return True
            case str(name) | {"Condition": name}:
                return self.holds(self.template["Conditions"][name])
            case {"Fn::Not": [it]}:
                return not self.holds(it)
            case {"Fn::And": several}:
                return all(map(self.holds, several))
            case {"Fn::Or": several}:
                return any(map(self.holds, several))
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
        raise AssertionError(f"no condition: {condition}")

    def value(self, value):
        match value:
            case {"Ref": name}:
                return self.reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case {"Fn::Sub": [text, names]}:
                return self.substituted(text, {it: self.value(what) for it, what in names.items()})
            case {"Fn::Sub": text}:
                return self.substituted(text, {})
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self.holds(condition) else no)
            case {"Fn::Join": [between, parts]}:
                parts = self.value(parts)
                return between.join(map(str, parts)) if isinstance(parts, list) else parts
            case {"Fn::Split": [between, text]}:
                return str(self.value(text)).split(between)
            case {"Fn::Select": [index, several]}:
                return self.value(several)[int(self.value(index))]
            case {"Fn::FindInMap": [mapping, first, second, *default]}:
                row = self.template["Mappings"][mapping][self.value(first)]
                key = self.value(second)
                return row[key] if key in row or not default else self.value(default[0]["DefaultValue"])
            case {"Fn::GetAZs": _} | {"Fn::Cidr": _}:
                return [f"<{next(iter(value))} {place}>" for place in range(4)]
            case dict():
                return {it: known for it, what in value.items() if (known := self.value(what)) is not None}
            case list():
                # AWS::NoValue leaves nothing behind.
                return [known for it in value if (known := self.value(it)) is not None]
        return value

    def reference(self, name: str):
        if name == "AWS::StackName":
            return self.name
        if name in PSEUDO or name == "AWS::NoValue":
            return PSEUDO.get(name)
        if name in self.parameters:
            return self.parameters[name]
        if self.template["Resources"][name]["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:us-east-1:123456789012:{self.named(name)}"
        if self.template["Resources"][name]["Type"] == "AWS::ECS::TaskDefinition":
            return f"{ECS}:task-definition/{self.named(name)}:1"
        if self.template["Resources"][name]["Type"] == "AWS::StepFunctions::StateMachine":
            return f"arn:aws:states:us-east-1:123456789012:stateMachine:{self.named(name)}"
        return self.named(name)

    def attribute(self, name: str, attribute: str):
        if attribute.startswith("Outputs."):
            stack = self.below(name)
            return stack.value(stack.template["Outputs"][attribute.removeprefix("Outputs.")]["Value"])
        return self.arn(name) if attribute == "Arn" else f"<{self.name}-{name}.{attribute}>"

    def substituted(self, text: str, names: dict) -> str:
        def one(match: re.Match) -> str:
            name, _, attribute = match[1].partition(".")
            if attribute:
                return str(self.attribute(name, attribute))
            return str(names[name] if name in names else self.reference(name))

        return re.sub(r"\$\{([^!{}]+)\}", one, text)

    def named(self, logical: str) -> str:
        """A resource's name, which it has in the template or CloudFormation makes up."""
        resource = self.template["Resources"][logical]
        own = resource.get("Properties", {}).get(NAMES.get(resource["Type"]))
        return f"{self.name}-{logical}-ID" if own is None else str(self.value(own))

    def arn(self, logical: str) -> str:
        kind = self.template["Resources"][logical]["Type"]
        if kind not in self.arns:
            return f"<{self.name}-{logical}.Arn>"
        fields = {"Partition": "AWS::Partition", "Region": "AWS::Region", "Account": "AWS::AccountId"}
        known = {it: PSEUDO[what] for it, what in fields.items()} | {"Name": self.named(logical)}
        return re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], self.arns[kind])
