"""Prints a CloudFormation template as JSON, with the long forms of the tags.

    to_json.py FILE

`!GetAtt Queue.Arn` becomes `{"Fn::GetAtt": ["Queue", "Arn"]}`, and so on.
"""

import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags."""


def long_form(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag in ("Ref", "Condition"):
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{tag}": value}


Loader.add_multi_constructor("!", long_form)

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        json.dump(yaml.load(file, Loader), sys.stdout, default=str)
