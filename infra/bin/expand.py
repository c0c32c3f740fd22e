#!/usr/bin/env python3
"""Expands templates as CloudFormation does: Fn::ForEach, then SAM's resources.

    expand.py FOLDER TEMPLATE...

Writes each as JSON into the folder, under its own name.
"""

import json
import sys
from pathlib import Path

from samcli.lib.cfn_language_extensions.api import process_template
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """The functions bring roles of their own, so that no managed policy is looked up."""

    def load(self):
        return {}


def expand(file: Path) -> dict:
    template = yaml_parse(file.read_text(encoding="utf-8"))
    transforms = template.get("Transform", [])
    sam = "AWS::Serverless-2016-10-31" in transforms
    expanded = process_template(template)
    if sam:
        expanded["Transform"] = "AWS::Serverless-2016-10-31"
        for resource in expanded["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                # `sam package` puts an address of S3 there.
                resource["Properties"]["CodeUri"] = "s3://packaged/function.zip"
        expanded = transform(expanded, {}, NoManagedPolicies())
    expanded.pop("Transform", None)
    return expanded


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        file = Path(name)
        text = json.dumps(expand(file), indent=2, default=str)
        (folder / f"{file.stem}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
