"""What whoever deploys needs in AWS, and what a stack makes, are what the templates and the scripts say."""

import ast
import json
import re
import unittest

import botocore.session
from authorisation import matching
from botocore import xform_name
from shapes import ROOT, expanded
from stage import BIN

import deployer

# Operations whose permission has another name (service authorization reference, "Actions").
CALLED_OTHERWISE = {
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadObject": "s3:GetObject",
}


def granted() -> set[str]:
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(deployer.POLICIES.glob("*.json"))]
    return {action for each in found for it in each["Statement"] for action in it["Action"]}


def called() -> set[str]:
    """Every operation that a script calls on a client, or pages through, or waits with."""
    session, found = botocore.session.get_session(), set()
    for file in sorted(BIN.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        services = set(re.findall(r'client\("([a-z0-9-]+)"', text))
        names = {it.attr for it in ast.walk(ast.parse(text)) if isinstance(it, ast.Attribute)}
        names |= set(re.findall(r'get_paginator\("(\w+)"\)', text))
        for service in services:
            model = session.get_service_model(service)
            own = {xform_name(it): it for it in model.operation_names}
            prefix = service.replace("service-quotas", "servicequotas").replace("stepfunctions", "states")
            found |= {f"{prefix}:{own[name]}" for name in names & set(own)}
    return found


class Policy(unittest.TestCase):
    def test_each_type_of_the_expanded_templates_can_be_made_changed_and_deleted(self):
        kinds = {it["Type"] for each in expanded().values() for it in each["Resources"].values()}
        there, seen = granted(), set()
        for kind in kinds:
            for name, permissions in deployer.handlers_of(kind).items():
                lacking = {it for it in permissions if it.partition(":")[0] not in deployer.UNUSED} - there
                self.assertEqual(lacking, set(), f"{kind}, {name}: `make deployer`")
                seen |= {(kind, name)} if permissions else set()
        for kind in ("AWS::SNS::Topic", "AWS::IAM::Role", "AWS::AutoScaling::AutoScalingGroup", "AWS::DynamoDB::Table"):
            self.assertLessEqual({(kind, "create"), (kind, "delete")}, seen, "the schemas have their permissions")

    def test_each_call_of_the_scripts_is_in_it(self):
        found = {CALLED_OTHERWISE.get(it, it) for it in called()}
        self.assertIn("autoscaling:SetInstanceProtection", found)
        self.assertEqual(found - granted(), set())

    def test_nothing_is_in_it_that_nobody_asks_for(self):
        self.assertEqual(granted(), deployer.needed(deployer.templates()))

    def test_it_is_written_as_the_templates_want_it_and_iam_takes_it(self):
        for file, text in {**deployer.policies(deployer.templates())}.items():
            self.assertEqual(file.read_text(encoding="utf-8"), text, "`make deployer` writes it")
            self.assertLessEqual(deployer.size(json.loads(text)), deployer.LARGEST, file.name)
        text = deployer.listed(deployer.templates())
        self.assertEqual((ROOT / "docs/RESOURCES.md").read_text(encoding="utf-8"), text, "`make deployer` writes it")

    def test_what_the_scripts_need_is_known_to_aws(self):
        for action in deployer.OF_SCRIPTS:
            self.assertTrue(list(matching(action)), action)


if __name__ == "__main__":
    unittest.main()
