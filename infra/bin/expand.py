#!/usr/bin/env python3
"""Expands templates as CloudFormation does: Fn::ForEach, then SAM's resources.

    expand.py FOLDER TEMPLATE...

Writes each as JSON into the folder, under its own name.
"""

import json
import signal
import sys
from pathlib import Path

# Ctrl-C in `make local` ends this without a traceback, also while the libraries load, which takes a second.
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from samcli.lib.cfn_language_extensions.api import create_default_intrinsic_resolver
from samcli.lib.cfn_language_extensions.models import TemplateProcessingContext
from samcli.lib.cfn_language_extensions.pipeline import ProcessingPipeline
from samcli.lib.cfn_language_extensions.processors import ForEachProcessor, TemplateParsingProcessor
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """The functions have their own roles, so no managed policy is looked up."""

    def load(self):
        return {}


def unrolled(template: dict) -> dict:
    """The template with only its loops unrolled. References to parameters, conditions or other resources stay,
    because only CloudFormation knows their values."""
    context = TemplateProcessingContext(fragment=template)
    loops = ForEachProcessor(create_default_intrinsic_resolver(context))
    return without_empty_subs(
        ProcessingPipeline([TemplateParsingProcessor(), loops]).process_template(context)
    )


def without_empty_subs(value):
    """A loop leaves `Fn::Sub` of texts without anything to substitute, even in a `Ref`."""
    match value:
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
        case dict():
            return {key: without_empty_subs(each) for key, each in value.items()}
        case list():
            return [without_empty_subs(each) for each in value]
    return value


def in_s3(name: str, key: str, properties: dict) -> dict:
    """What a release's template says already."""
    return {name: properties[name] if isinstance(properties[name], dict) else f"s3://packaged/{key}"}


def expand(file: Path) -> dict:
    template = yaml_parse(file.read_text(encoding="utf-8"))
    transforms = template.get("Transform", [])
    sam = "AWS::Serverless-2016-10-31" in transforms
    expanded = unrolled(template)
    if sam:
        expanded["Transform"] = "AWS::Serverless-2016-10-31"
        for resource in expanded["Resources"].values():
            # `sam package` puts addresses of S3 there.
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"].update(in_s3("CodeUri", "function.zip", resource["Properties"]))
            if resource["Type"] == "AWS::Serverless::LayerVersion":
                resource["Properties"].update(in_s3("ContentUri", "layer.zip", resource["Properties"]))
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
