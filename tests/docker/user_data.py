#!/usr/bin/env python3
"""The user data of infra/pools.yaml, as CloudFormation makes it for a stack with these values.

    user_data.py NAME=VALUE… <infra/pools.yaml
"""
import re
import sys

import yaml


class Plain(yaml.SafeLoader):
    """CloudFormation's tags, as what is in them."""


Plain.add_multi_constructor("!", lambda loader, _, node: (
    loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode)
    else loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode)
    else loader.construct_mapping(node, deep=True)
))


def main() -> None:
    values = dict(argument.split("=", 1) for argument in sys.argv[1:])
    template = yaml.load(sys.stdin, Plain)["Resources"]["Fn::ForEach::InstancePools"][2]
    text, _ = template["LaunchTemplate${Pool}"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]
    sys.stdout.write(re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text))


if __name__ == "__main__":
    main()
