"""Templates, as an emulator can deploy them: gaps.json beside it is the list of what it lacks."""

import ipaddress
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

BUCKET = "packaged"


@dataclass
class Packaged:
    """What `sam package` has put into S3."""

    zips: dict[str, str]
    """The keys of the functions' zips, by the functions' logical ids, and of the `layer`."""
    nested: dict[str, str] = field(default_factory=dict)
    """The URLs of the nested templates, by the names of their files."""


class Deployable:
    """A template as ministack can deploy it. `variables` are set in every function that has them."""

    GAPS = "ministack"

    def __init__(self, template: dict, packaged: Packaged, variables: dict[str, str]):
        self.packaged, self.variables = packaged, variables
        self.parameters = template.get("Parameters", {})
        self.mappings = template.get("Mappings", {})
        resources = template["Resources"]
        types = gaps(self.GAPS)["types"]
        self.dropped = {name for name, it in resources.items() if it["Type"] in types}
        kept = {name: self.resource(name, it) for name, it in resources.items() if name not in self.dropped}
        outputs = self.value(template.get("Outputs", {}))
        self.template = {**template, "Resources": kept, "Outputs": outputs}

    def resource(self, name: str, resource: dict) -> dict:
        properties = self.value(resource.get("Properties", {}))
        changed = {**resource, "Properties": properties}
        waits = changed.pop("DependsOn", [])
        waits = [it for it in ([waits] if isinstance(waits, str) else waits) if it not in self.dropped]
        if waits:
            changed["DependsOn"] = waits
        match changed["Type"]:
            case "AWS::CloudFormation::Stack":
                properties["TemplateURL"] = self.packaged.nested[Path(properties["TemplateURL"]).stem]
            case "AWS::Lambda::Function":
                properties["Code"] = {"S3Bucket": BUCKET, "S3Key": self.packaged.zips[name]}
                its = properties["Environment"]["Variables"]
                its |= {name: value for name, value in self.variables.items() if name in its}
            case "AWS::Lambda::LayerVersion":
                properties["Content"] = {"S3Bucket": BUCKET, "S3Key": self.packaged.zips["layer"]}
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


class OnMoto(Deployable):
    """A template as moto can deploy it, which knows fewer functions."""

    GAPS = "moto"

    def resource(self, name: str, resource: dict) -> dict:
        changed = super().resource(name, resource)
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if changed.get(policy) == "RetainExceptOnCreate":
                changed[policy] = "Retain"
        return changed

    def value(self, value):
        match value:
            case {"Fn::Cidr": [block, count, bits]}:
                return subnets(self.default(block), int(count), int(bits))
            case {"Fn::FindInMap": [str(mapping), str(first), str(second)]}:
                return self.mappings[mapping][first][second]
            case {"Fn::FindInMap": [mapping, first, second, {"DefaultValue": default}]}:
                return self.mappings[mapping][first].get(second, default)
            case {"Fn::Select": [{"Fn::FindInMap": [mapping, first, second]}, values]}:
                return self.value(values[int(self.mappings[mapping][first][second])])
        return super().value(value)

    def default(self, value):
        """The default of the parameter that is referred to."""
        return self.parameters[value["Ref"]]["Default"] if isinstance(value, dict) else value


def gaps(emulator: str) -> dict:
    return json.loads((Path(__file__).parent / emulator / "gaps.json").read_text(encoding="utf-8"))


def stand_in(name: str) -> str:
    """In the place of what a dropped resource would give: an id, or a URL."""
    return f"https://{name.lower()}.example"


def subnets(block: str, count: int, bits: int) -> list[str]:
    """Fn::Cidr: `count` subnets, each with this many bits for its addresses."""
    found = ipaddress.ip_network(block).subnets(new_prefix=32 - bits)
    return [str(subnet) for _, subnet in zip(range(count), found)]
