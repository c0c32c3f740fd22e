"""docs/SECURITY.md says what is so: its rows name tests that there are, its times, fields, capabilities and
variables are those of the code."""

import re
import tomllib
import unittest
from pathlib import Path

from page import dead_links, tables
from rules import problems

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/SECURITY.md"
TEXT = PAGE.read_text(encoding="utf-8")


class Security(unittest.TestCase):
    def test_each_control_names_a_test_and_each_time_and_field_is_the_codes(self):
        self.assertEqual("\n".join(problems(PAGE)), "")

    def test_no_link_into_the_repository_is_dead(self):
        self.assertEqual("\n".join(dead_links(TEXT, PAGE.parent)), "")

    def test_the_capabilities_are_those_of_the_containers(self):
        table = tomllib.loads((ROOT / "images/container.toml").read_text(encoding="utf-8"))["capabilities"]
        of_page = [
            [row.cells["capability"] for row in it.rows]
            for it in tables(TEXT)
            if it.header == ("capability", "for")
        ]
        self.assertEqual(of_page, [table["runner"], table["dockerd"]])

    def test_the_environment_of_a_job_is_what_pid_1_gives_it(self):
        section = TEXT.split("\n## The environment of a job\n")[1].split("\n## ")[0]
        source = ROOT / "runner-init/src"
        passed_on = re.search(r"PASSED_ON: \[&str; \d+\] = \[(.*?)\];", read(source / "config.rs"), re.DOTALL)
        own = re.findall(r' set\("(\w+)"', read(source / "listener.rs"))
        self.assertEqual(set(re.findall(r"`(\w+)`", section)), {*re.findall(r'"(\w+)"', passed_on[1]), *own})

    def test_only_the_reconcilers_log_lines_have_a_field_for_a_repository(self):
        """The webhook's name one that is not ours, in a sentence."""
        found = set()
        for folder in ("functions", "shared", "runner-init"):
            for file in (ROOT / folder).rglob("src/**/*.rs"):
                lines = re.findall(r"\b(?:debug|info|warn|error)!\((.*?)\);", read(file), re.DOTALL)
                if any(re.search(r"[%?]\w*repositor|\brepositor\w+ =", it) for it in lines):
                    found.add("/".join(file.relative_to(ROOT).parts[:2]))
        self.assertEqual(found, {"functions/reconciler"})


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    unittest.main()
