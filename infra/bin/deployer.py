#!/usr/bin/env python3
"""Writes what a deployer needs in AWS: the policies in infra/deployer, and docs/RESOURCES.md, the list of what a
stack makes.

    deployer.py [--check]

    --check   write nothing; exit with 1 if a file does not match the templates

The permissions are those that CloudFormation's registry lists for the handlers of each type of the templates, as
cfn-lint brings its schemas, and those of the calls of infra/bin.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from expand import expand

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "infra/deployer"
# IAM: the most that a managed policy may have, without white space.
LARGEST = 6144
LIST = ROOT / "docs/RESOURCES.md"
# The schemas of all regions say the same of these types.
REGION = "us-east-1"
HANDLERS = ("create", "read", "update", "delete")

# Of the scripts themselves, and of `sam deploy`, in the words of IAM: each with who needs it.
OF_SCRIPTS = {
    "sts:GetCallerIdentity": "every script",
    "cloudformation:CreateChangeSet": "sam deploy",
    "cloudformation:DescribeChangeSet": "sam deploy",
    "cloudformation:ExecuteChangeSet": "sam deploy",
    "cloudformation:DeleteChangeSet": "sam deploy",
    "cloudformation:ListChangeSets": "deploy.py",
    "cloudformation:DescribeStacks": "every script",
    "cloudformation:DescribeStackEvents": "deploy.py",
    "cloudformation:ListStackResources": "destroy.py",
    "cloudformation:GetTemplate": "sam deploy",
    "cloudformation:GetTemplateSummary": "sam deploy",
    "cloudformation:TagResource": "sam deploy",
    "cloudformation:CreateStack": "nested stacks, and the bucket of sam",
    "cloudformation:UpdateStack": "nested stacks",
    "cloudformation:DeleteStack": "destroy.py",
    "s3:CreateBucket": "the bucket of sam",
    "s3:GetBucketLocation": "the bucket of sam",
    "s3:PutBucketVersioning": "the bucket of sam",
    "s3:GetObject": "sam deploy",
    "s3:PutObject": "sam deploy",
    "s3:ListBucket": "sam deploy",
    "s3:ListBucketVersions": "destroy.py",
    "s3:DeleteObject": "destroy.py",
    "s3:DeleteObjectVersion": "destroy.py",
    "s3:ListBucketMultipartUploads": "destroy.py",
    "s3:AbortMultipartUpload": "destroy.py",
    "ssm:GetParameter": "deploy.py",
    "ssm:GetParameters": "deploy.py, and CloudFormation for the AMIs",
    "ssm:GetParametersByPath": "deploy.py",
    "ssm:PutParameter": "make_secrets.py, rollback_images.py",
    "ec2:RunInstances": "Auto Scaling, which asks for it on the launch template's behalf",
    "ec2:CreateTags": "the same",
    "iam:CreateServiceLinkedRole": "deploy.py",
    "iam:GetRole": "deploy.py",
    "lambda:PutFunctionConcurrency": "destroy.py",
    "ecs:ListTasks": "destroy.py",
    "ecs:DescribeTasks": "destroy.py",
    "ecs:StopTask": "destroy.py",
    "dynamodb:BatchGetItem": "destroy.py, retire.py",
    "autoscaling:SetInstanceProtection": "destroy.py",
    "autoscaling:DescribeAutoScalingGroups": "destroy.py, retire.py",
    "ecr:DescribeImages": "deploy.py",
    "ecr:DescribeRepositories": "deploy.py",
    "ecr:ListTagsForResource": "deploy.py",
    "ecr:ListImages": "destroy.py",
    "ecr:BatchDeleteImage": "destroy.py",
    "ecr:BatchGetImage": "deploy.py",
    "ecr:GetAuthorizationToken": "deploy.py",
    "ecr:PutImage": "deploy.py, for the tag that keeps what is deployed",
    "codebuild:StartBuild": "make_images.py, deploy.py, rollback_images.py",
    "codebuild:BatchGetBuilds": "make_images.py",
    "states:ListExecutions": "make_images.py",
    "states:DescribeExecution": "make_images.py",
    "servicequotas:ListServiceQuotas": "mayfly doctor",
    "servicequotas:GetServiceQuota": "mayfly doctor",
}

# What handlers list for features that no template here uses: targets of groups, file systems of functions, destinations
# of logs, and services of AWS's own.
UNUSED = {
    "elasticfilesystem",
    "elasticloadbalancing",
    "firehose",
    "kinesis",
    "managed-fleets",
    "s3files",
    "s3tables",
    "vpc-lattice",
    "vpce",
}


def templates() -> dict[str, dict]:
    # SAM's own code asks for one.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    files = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
    return {str(file.relative_to(ROOT)): expand(file) for file in files}


def handlers_of(kind: str) -> dict[str, list[str]]:
    """The permissions of each handler of a type, as CloudFormation's registry lists them."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    handlers = schema.get("handlers", {})
    return {name: handlers[name].get("permissions", []) for name in HANDLERS if name in handlers}


def needed(found: dict[str, dict]) -> set[str]:
    kinds = {it["Type"] for template in found.values() for it in template["Resources"].values()}
    of_types = {it for kind in kinds for some in handlers_of(kind).values() for it in some}
    return {it for it in of_types | set(OF_SCRIPTS) if it.partition(":")[0] not in UNUSED}


def statements(found: dict[str, dict]) -> list[dict]:
    """One for each service, so that an administrator can narrow one down."""
    services: dict[str, set[str]] = {}
    for action in needed(found):
        services.setdefault(action.partition(":")[0], set()).add(action)
    return [
        {
            "Sid": service.capitalize(),
            "Effect": "Allow",
            "Action": sorted(actions, key=lambda action: (action.lower(), action)),
            "Resource": "*",
        }
        for service, actions in sorted(services.items())
    ]


def document(some: list[dict]) -> dict:
    return {"Version": "2012-10-17", "Statement": some}


def size(policy: dict) -> int:
    """As IAM counts it."""
    return len(json.dumps(policy, separators=(",", ":")))


def policies(found: dict[str, dict]) -> dict[Path, str]:
    """As few policies as the statements fit into, in the order of the services."""
    parts: list[list[dict]] = [[]]
    for it in statements(found):
        if size(document([*parts[-1], it])) > LARGEST:
            parts.append([])
        parts[-1].append(it)
    texts = [json.dumps(document(some), indent=2) + "\n" for some in parts]
    return {POLICIES / f"policy-{number}.json": text for number, text in enumerate(texts, 1)}


def listed(found: dict[str, dict]) -> str:
    lines = [
        "# What a stack makes",
        "",
        "`make deployer` writes this page from the expanded templates and the present map. A resource with a condition is",
        "made only if its parameters ask for it.",
        "",
    ]
    for name, template in found.items():
        kinds = Counter()
        conditional = Counter()
        for it in template["Resources"].values():
            kinds[it["Type"]] += 1
            conditional[it["Type"]] += "Condition" in it
        lines += [f"## {name}", "", "| type | how many | with a condition |", "|---|---|---|"]
        lines += [f"| {kind} | {count} | {conditional[kind] or '–'} |" for kind, count in sorted(kinds.items())]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    if set(sys.argv[1:]) - {"--check"}:
        print(__doc__)
        return
    found = templates()
    wanted = {**policies(found), LIST: listed(found)}
    there = {*POLICIES.glob("*.json"), LIST}
    stale = [file for file in there | set(wanted) if not is_as(file, wanted.get(file))]
    if "--check" in sys.argv and stale:
        names = ", ".join(sorted(str(file.relative_to(ROOT)) for file in stale))
        sys.exit(f"deployer.py: not what the templates want: {names}; `make deployer` writes it")
    if "--check" not in sys.argv:
        POLICIES.mkdir(exist_ok=True)
        for file in stale:
            write(file, wanted.get(file))


def is_as(file: Path, text: str | None) -> bool:
    return (file.read_text(encoding="utf-8") if file.exists() else None) == text


def write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
