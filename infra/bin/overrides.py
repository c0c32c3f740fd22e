"""A stack's parameters: the forms that samconfig.toml allows, and the values that template.yaml allows."""

import re
import shlex
from pathlib import Path

from says import Refusal
from samcli.yamlhelper import yaml_parse


def as_table(value: object) -> dict[str, str]:
    """`parameter_overrides` in each of the forms that `sam` takes: a table, one text, or a list of texts."""
    match value:
        case None:
            return {}
        case dict():
            return {str(name): in_words(each) for name, each in value.items()}
        case list():
            return {name: each for part in value for name, each in as_table(part).items()}
        case str():
            return dict(pair(word) for word in words_of(value))
    raise Refusal(f"parameter_overrides is {value!r}; it is a table of names and values")


def words_of(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Refusal(f"parameter_overrides is {text!r}, which cannot be read: {error}") from None


def in_words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def pair(word: str) -> tuple[str, str]:
    if match := re.fullmatch(r"ParameterKey=(\w+),ParameterValue=(.*)", word, re.DOTALL):
        return match[1], match[2]
    name, equals, value = word.partition("=")
    if not equals:
        raise Refusal(f"parameter_overrides has {word!r}; it is NAME=VALUE")
    return name, value


class Template:
    """The parameters of template.yaml."""

    def __init__(self, file: Path):
        self.declared = yaml_parse(file.read_text(encoding="utf-8"))["Parameters"]

    def defaults(self) -> dict[str, str]:
        return {name: str(it["Default"]) for name, it in self.declared.items() if "Default" in it}

    def wanted(self) -> list[str]:
        """Those that have no default."""
        return [name for name, it in self.declared.items() if "Default" not in it]

    def stored(self) -> list[str]:
        """Those whose values name parameters of the Parameter Store, which CloudFormation reads."""
        return [name for name, it in self.declared.items() if it["Type"].startswith("AWS::SSM::Parameter::Value")]

    def about(self, name: str) -> str:
        return " ".join(self.declared[name].get("Description", "").split())

    def problems(self, given: dict[str, str]) -> list[str]:
        """What CloudFormation would refuse, by its own rules; it would say so only after the build."""
        return [problem for name, value in given.items() if (problem := self.problem(name, value))]

    def problem(self, name: str, value: str) -> str | None:
        if name not in self.declared:
            return f"template.yaml has no parameter {name}: take it out of parameter_overrides"
        it = self.declared[name]
        allowed = [str(each) for each in it.get("AllowedValues", [])]
        if allowed and value not in allowed:
            return f"{name} is {value!r}; it is one of {', '.join(allowed)}"
        pattern = it.get("AllowedPattern")
        members = value.split(",") if "List" in it["Type"] else [value]
        if pattern and not all(re.fullmatch(pattern, member) for member in members):
            meant = " ".join(it.get("ConstraintDescription", f"what {pattern} matches").split())
            return f"{name} is {value!r}; it is {meant}"
        if it["Type"] == "Number":
            return self.number_problem(name, value, it)
        return None

    @staticmethod
    def number_problem(name: str, value: str, it: dict) -> str | None:
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return f"{name} is {value!r}; it is a number"
        if "MinValue" in it and float(value) < float(it["MinValue"]):
            return f"{name} is {value}; the least is {it['MinValue']}"
        if "MaxValue" in it and float(value) > float(it["MaxValue"]):
            return f"{name} is {value}; the most is {it['MaxValue']}"
        return None
