"""Dependency caches: what each group's roles may read and write, whose tokens they trust, and what a job learns of
its group. Rendered from a map with three groups."""

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
import unittest
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

from authorisation import TABLE, problems, statements
from rendered import rendered
from shapes import ROOT, Stack, expanded_files
from simulated import simulated

import caches
import pools
from says import Refusal

HOOK = ROOT / "images/runner/root/usr/local/lib/mayfly/job-started.sh"

GROUPS = """
[caches.shop]
repositories = ["storefront@1001", "checkout@1002"]
branches = ["main", "release/*"]

[caches.tools]
repositories = ["builder@1003"]

[caches.data-1]
repositories = ["lake@1004"]
branches = ["main"]
"""
OF_GROUP = {"Shop": {"storefront": 1001, "checkout": 1002}, "Tools": {"builder": 1003}, "Data1": {"lake": 1004}}
ALL = {name: id for group in OF_GROUP.values() for name, id in group.items()}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
CLAIMS = ("aud", "sub", "repository_id")


@cache
def root() -> Stack:
    """The stack of a map with the groups."""
    with rendered((ROOT / "pools.toml").read_text(encoding="utf-8") + GROUPS) as files:
        templates = expanded_files(files)
    arns = {"AWS::S3::Bucket": "arn:${Partition}:s3:::${Name}"}
    return Stack.whole("one", arns=arns, templates=templates, GitHubOidcProviderArn=PROVIDER)


@cache
def roles() -> dict[str, dict]:
    """Each role by its logical id: the name, the policy, and the trust policy."""
    caches = root().below("Caches")
    found = {it: caches.value(what["Properties"]) for it, what in caches.resources().items() if "Role" in what["Type"]}
    return {
        logical: {
            "name": it["RoleName"],
            "policy": it["Policies"][0]["PolicyDocument"],
            "trust": it["AssumeRolePolicyDocument"],
        }
        for logical, it in found.items()
    }


def bucket() -> str:
    caches = root().below("Caches")
    return caches.value({"Fn::GetAtt": ["Bucket", "Arn"]})


class Permissions(unittest.TestCase):
    """For each role, each repository and each action."""

    READS = ["s3:GetObject"]
    WRITES = ["s3:PutObject", "s3:AbortMultipartUpload"]
    NOBODY = ["s3:DeleteObject", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:PutBucketPolicy", "s3:DeleteBucket"]

    def test_a_role_reaches_the_objects_of_its_groups_repositories_and_no_others(self):
        asked, expected = [], []
        for logical, role in roles().items():
            kind, group = logical[:6], logical[6:]
            for repository in [*ALL, "storefront-2", "unlisted"]:
                is_own = repository in OF_GROUP[group]
                resource = f"{bucket()}/cache/acme/{repository}/version/key"
                for action in self.READS + self.WRITES + self.NOBODY:
                    allowed = action in self.READS or (action in self.WRITES and kind == "Writer")
                    asked.append({"policy": role["policy"], "action": action, "resource": resource})
                    expected.append((logical, repository, action, is_own and allowed))
        self.assertEqual(len(roles()), 6)
        found = [(*it[:3], allowed) for it, allowed in zip(expected, simulated(asked), strict=True)]
        self.assertEqual(found, expected)

    def test_a_role_lists_what_begins_with_a_prefix_of_its_group_and_nothing_else(self):
        prefixes = {
            "cache/acme/storefront/": True,
            "cache/acme/storefront/version/key": True,
            "cache/acme/storefront": False,
            "cache/acme/storefront-2/": False,
            "cache/acme/builder/": False,
            "cache/acme/": False,
            "cache/other/storefront/": False,
            "": False,
        }
        asked = [
            {
                "policy": roles()["ReaderShop"]["policy"],
                "action": "s3:ListBucket",
                "resource": bucket(),
                "context": {"s3:prefix": prefix},
            }
            for prefix in prefixes
        ]
        self.assertEqual(dict(zip(prefixes, simulated(asked), strict=True)), prefixes)


class Trust(unittest.TestCase):
    """Whose tokens each role trusts. `sub` in both of GitHub's forms."""

    def trusts(self, role: str, cases: dict[tuple[str, int], bool], **claims: str) -> None:
        asked = [
            {
                "trust": roles()[role]["trust"],
                "provider": PROVIDER,
                "claims": {"aud": "sts.amazonaws.com", "sub": sub, "repository_id": str(id), **claims},
            }
            for sub, id in cases
        ]
        self.assertEqual(dict(zip(cases, simulated(asked), strict=True)), cases)

    def test_a_writer_trusts_its_branches_and_no_pull_request_tag_or_environment(self):
        for begin in ("repo:acme/storefront", "repo:acme@7/storefront@1001"):
            cases = {
                f"{begin}:ref:refs/heads/main": True,
                f"{begin}:ref:refs/heads/release/2": True,
                f"{begin}:ref:refs/heads/feature": False,
                f"{begin}:ref:refs/heads/mainframe": False,
                f"{begin}:ref:refs/tags/main": False,
                f"{begin}:pull_request": False,
                f"{begin}:environment:production": False,
            }
            self.trusts("WriterShop", {(sub, 1001): whether for sub, whether in cases.items()})

    def test_a_reader_trusts_all_of_its_repositories_and_nobody_elses(self):
        for ends in (":pull_request", ":ref:refs/heads/feature", ":environment:production"):
            cases = {
                (f"repo:acme/storefront{ends}", 1001): True,
                (f"repo:acme@7/checkout@1002{ends}", 1002): True,
                # A repository of another group, and one whose name was another's before.
                (f"repo:acme/builder{ends}", 1003): False,
                (f"repo:acme/storefront{ends}", 1009): False,
                # Other organisations.
                (f"repo:acme-2/storefront{ends}", 1001): False,
                (f"repo:acme2@7/storefront@1001{ends}", 1001): False,
            }
            self.trusts("ReaderShop", cases)

    def test_a_token_for_another_audience_or_without_an_id_is_trusted_by_nobody(self):
        sub = "repo:acme/storefront:ref:refs/heads/main"
        for role in ("ReaderShop", "WriterShop"):
            self.trusts(role, {(sub, 1001): True})
            self.trusts(role, {(sub, 1001): False}, aud="https://github.com/acme")
            self.trusts(role, {(sub, 1001): False}, repository_id="")

    def test_without_a_provider_of_its_own_the_account_gets_one(self):
        made = Stack.whole("one", templates=root().templates).below("Caches").resources()
        self.assertIn("Provider", made)
        self.assertNotIn("Provider", root().below("Caches").resources())

    def test_policies_stay_below_their_limits_for_the_largest_group(self):
        """IAM and STS quotas: 2,048 characters of a trust policy, 10,240 of a role's inline policies, without
        white space. The map lets a group have 25 repositories and 5 patterns of branches."""
        trust = json.dumps(roles()["WriterShop"]["trust"], separators=(",", ":"))
        ids, branches = 23 * len(',"1234567890"'), 3 * 2 * len(',"repo:@*/*:ref:refs/heads/"') + 6 * 60 + 10 * 39
        self.assertLess(len(trust) + ids + branches, 2048)
        policy = json.dumps(roles()["WriterShop"]["policy"], separators=(",", ":"))
        each = 2 * len("cache///*") + 2 * (39 + 100) + len(bucket()) + 10
        self.assertLess(len(policy) + 23 * each, 10240)


@unittest.skipUnless(shutil.which("jq"), "jq is not here, which the hook needs and the images bring")
class Jobs(unittest.TestCase):
    """What the hook of a job that starts tells its steps."""

    def table(self) -> Iterator[tuple[str, str]]:
        """Each task definition, and the table in it."""
        pools = root().below("Pools")
        for logical, what in pools.resources().items():
            if what["Type"] == "AWS::ECS::TaskDefinition":
                containers = pools.value(what["Properties"]["ContainerDefinitions"])
                runner = next(it for it in containers if it["Name"] == "runner")
                yield logical, next(it["Value"] for it in runner["Environment"] if it["Name"] == "MAYFLY_CACHES")

    def told(self, table: str, **variables: str) -> dict[str, str]:
        with tempfile.NamedTemporaryFile("r") as file:
            usual = {
                "PATH": os.environ["PATH"],
                "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.invalid",
                "GITHUB_ENV": file.name,
                "GITHUB_EVENT_NAME": "push",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_REPOSITORY_ID": "1001",
                "MAYFLY_CACHES": table,
            }
            set_ = {name: value for name, value in {**usual, **variables}.items() if value}
            ended = subprocess.run(["bash", HOOK], env=set_, capture_output=True, text=True, check=False)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            return dict(line.split("=", 1) for line in file.read().splitlines())

    def test_each_pool_has_the_table(self):
        tables = dict(self.table())
        self.assertEqual(len(tables), 7)
        self.assertEqual(len(set(tables.values())), 1)

    def test_a_job_learns_the_bucket_the_region_and_a_role_that_there_is(self):
        table = next(iter(self.table()))[1]
        names = {f"arn:aws:iam::123456789012:role/{role['name']}" for role in roles().values()}
        for repository, event, ref, role in [
            (1001, "push", "refs/heads/main", "shop_w"),
            (1002, "schedule", "refs/heads/release/7", "shop_w"),
            (1001, "push", "refs/heads/feature", "shop_r"),
            (1001, "push", "refs/tags/main", "shop_r"),
            (1001, "pull_request", "refs/pull/7/merge", "shop_r"),
            (1001, "pull_request_target", "refs/heads/main", "shop_r"),
            (1003, "workflow_dispatch", "refs/heads/any/branch", "tools_w"),
            (1004, "push", "refs/heads/main", "data-1_w"),
        ]:
            told = self.told(
                table, GITHUB_REPOSITORY_ID=str(repository), GITHUB_EVENT_NAME=event, GITHUB_REF=ref
            )
            begin = "arn:aws:iam::123456789012:role/one_us-east-1_"
            self.assertEqual(
                told,
                {
                    "RUNS_ON_S3_BUCKET_CACHE": root().below("Pools").parameters["CacheBucket"],
                    "RUNS_ON_AWS_REGION": "us-east-1",
                    "MAYFLY_CACHE_ROLE": begin + role,
                    "MAYFLY_CACHE_READER": begin + role[:-1] + "r",
                },
                f"{repository} {event} {ref}",
            )
            self.assertIn(told["MAYFLY_CACHE_ROLE"], names)
            self.assertIn(told["MAYFLY_CACHE_READER"], names)

    def test_a_job_without_a_group_a_token_or_a_table_learns_nothing(self):
        table = next(iter(self.table()))[1]
        for variables in (
            {"GITHUB_REPOSITORY_ID": "9999"},
            {"GITHUB_REPOSITORY_ID": ""},
            {"ACTIONS_ID_TOKEN_REQUEST_URL": ""},
            {"MAYFLY_CACHES": ""},
            {"MAYFLY_CACHES": "{"},
            {"MAYFLY_CACHES": "[]"},
        ):
            self.assertEqual(self.told(table, **variables), {}, variables)

    def test_what_the_hook_sets_is_what_the_action_reads(self):
        """runs-on/cache v5.0.7, src/custom/backend.ts: all variables by which it finds its bucket. One that is not set
        here is none that a job on AWS needs."""
        read = {
            "RUNS_ON_S3_BUCKET_CACHE": True,
            "RUNS_ON_AWS_REGION": True,
            # For an S3 that is not AWS's.
            "RUNS_ON_S3_BUCKET_ENDPOINT": False,
            "RUNS_ON_S3_FORCE_PATH_STYLE": False,
            # With it the action drops the job's credentials.
            "RUNS_ON_RUNNER_NAME": False,
        }
        told = self.told(next(iter(self.table()))[1])
        self.assertEqual({name: name in told for name in read}, read)


class Authorisation(unittest.TestCase):
    def test_every_statement_is_one_that_aws_knows(self):
        table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
        granted = list(statements(root().below("Caches")))
        self.assertEqual(len(granted), len(roles()) * 3)
        wrong = [it for statement in granted for it in problems(statement, table)]
        # Keys of GitHub's provider; the reference lists none of any provider (IAM, "Available keys for AWS OIDC
        # federation").
        claims = tuple(f"the condition key token.actions.githubusercontent.com:{it}" for it in CLAIMS)
        self.assertEqual([it for it in wrong if not it.endswith(claims)], [])


class Bucket(unittest.TestCase):
    def test_it_is_private_encrypted_and_forgets(self):
        caches = root().below("Caches")
        properties = caches.value(caches.resources()["Bucket"]["Properties"])
        self.assertEqual(set(properties["PublicAccessBlockConfiguration"].values()), {True})
        rules = {it["Id"]: it for it in properties["LifecycleConfiguration"]["Rules"]}
        self.assertEqual(rules["caches-expire"]["ExpirationInDays"], 14)
        self.assertEqual(rules["broken-uploads-go"]["AbortIncompleteMultipartUpload"], {"DaysAfterInitiation": 1})
        (only_tls,) = caches.value(caches.resources()["BucketPolicy"]["Properties"])["PolicyDocument"]["Statement"]
        self.assertEqual(only_tls["Effect"], "Deny")
        self.assertEqual(only_tls["Condition"], {"Bool": {"aws:SecureTransport": False}})

    def test_without_a_group_there_is_nothing_of_it(self):
        shipped = Stack.whole("one")
        self.assertNotIn("Caches", shipped.template["Resources"])
        self.assertNotIn("MAYFLY_CACHES", json.dumps(shipped.below("Pools").template))


class Deploy(unittest.TestCase):
    """What speaks against the groups before anything is built."""

    def checked(self, groups: str, stack: str = "mayfly", **parameters: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pools.toml"
            file.write_text(groups, encoding="utf-8")
            with mock.patch.object(pools, "FILE", file):
                return caches.check(parameters, stack, "ap-southeast-1")

    def test_groups_that_can_be_made_are_counted(self):
        self.assertEqual(self.checked(GROUPS, GitHubApiUrl=""), "3 groups of repositories")
        self.assertEqual(self.checked("", GitHubApiUrl="https://ghes.example/api/v3"), "none in pools.toml")

    def test_groups_on_github_enterprise_server_are_refused(self):
        told = r"^\[caches\.<name>\] works with GitHub\.com only: take the groups out of pools\.toml$"
        with self.assertRaisesRegex(Refusal, told):
            self.checked(GROUPS, GitHubApiUrl="https://ghes.example/api/v3")

    def test_a_role_whose_name_is_too_long_is_refused(self):
        fits = "m" * (64 - len("_ap-southeast-1_data-1_w"))
        self.checked(GROUPS, stack=fits)
        with self.assertRaisesRegex(Refusal, "has 65 characters, but IAM allows 64: shorten the group or stack_name$"):
            self.checked(GROUPS, stack=fits + "m")


if __name__ == "__main__":
    unittest.main()
