"""The workflow that makes a release: what it runs is pinned, and it may do no more than it has to. zizmor looks at it too
(`make lint-workflows`); this is what the project wants beside that."""

import re
import unittest
from collections.abc import Iterator

from ruamel.yaml import YAML
from shapes import ROOT

FILES = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
# What a job may do to the repository; all other jobs read.
MAY = {"publish": {"contents": "write", "id-token": "write", "attestations": "write"}, "build": {"contents": "read"}}
PIN = re.compile(r"(?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40})")


def read(text: str) -> dict:
    return YAML(typ="safe", pure=True).load(text)


def problems(workflow: dict, text: str) -> Iterator[str]:
    """All that is wrong with a workflow."""
    starts = workflow["on"]
    if set(starts) - {"push"}:
        yield f"it starts on {', '.join(sorted(set(starts) - {'push'}))}"
    elif list(starts["push"]) != ["tags"]:
        yield "it starts on pushes that are no tag"
    if workflow.get("permissions") != {}:
        yield "it gives permissions to all of its jobs"
    for name, job in workflow["jobs"].items():
        if job.get("permissions") != MAY.get(name):
            yield f"{name} may {job.get('permissions')}"
        if "timeout-minutes" not in job:
            yield f"{name} may run for six hours"
        for step in job["steps"]:
            yield from of_step(name, step)
    for line in text.splitlines():
        if "uses:" in line and not re.search(r"# v\d+\.\d+\.\d+$", line):
            yield f"no version stands beside {line.strip()}"


def of_step(job: str, step: dict) -> Iterator[str]:
    uses, run = step.get("uses"), step.get("run", "")
    if uses and not PIN.fullmatch(uses):
        yield f"{job}: {uses} is pinned by no commit"
    if uses and uses.startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
        yield f"{job}: the token stays in the checkout"
    if "${{" in run:
        yield f"{job}: a run line is made of ${{{{ }}}}, which is code of whoever names a tag"
    for value in [run, *map(str, step.get("env", {}).values())]:
        if "secrets." in value:
            yield f"{job}: it reads a secret"


class Workflows(unittest.TestCase):
    def test_each_is_pinned_and_may_do_little(self):
        self.assertTrue(FILES)
        for file in FILES:
            text = file.read_text(encoding="utf-8")
            self.assertEqual(list(problems(read(text), text)), [], file.name)

    def test_each_rule_finds_what_it_is_for(self):
        text = FILES[0].read_text(encoding="utf-8")
        for good, bad, problem in (
            ("  push:\n    tags", "  pull_request_target:\n    tags", "it starts on pull_request_target"),
            ('    tags: ["v*"]', "    branches: [main]", "it starts on pushes that are no tag"),
            ("permissions: {}", "permissions: write-all", "it gives permissions to all of its jobs"),
            ("      contents: read", "      contents: write", "build may {'contents': 'write'}"),
            ("    timeout-minutes: 90\n", "", "build may run for six hours"),
            ("@3d3c42e5aac5ba805825da76410c181273ba90b1 #", "@v7 #", "build: actions/checkout@v7 is pinned by no commit"),
            (" # v7.0.1", "", "no version stands beside - uses: actions/checkout@"),
            ("persist-credentials: false", "fetch-depth: 1", "build: the token stays in the checkout"),
            ('BUILD=only ARCH="$ARCHITECTURE"', "ARCH=${{ matrix.architecture }}", "build: a run line is made of"),
            ("${{ github.token }}", "${{ secrets.TOKEN }}", "publish: it reads a secret"),
        ):
            self.assertIn(good, text)
            changed = text.replace(good, bad, 1)
            found = list(problems(read(changed), changed))
            self.assertTrue(found and found[0].startswith(problem), f"{problem}: {found}")

    def test_it_makes_what_make_release_makes(self):
        text = FILES[0].read_text(encoding="utf-8")
        self.assertIn("make release BUILD=only ARCH=", text)
        self.assertIn('make release BUILD=done ARCH="x86_64 arm64"', text)


if __name__ == "__main__":
    unittest.main()
