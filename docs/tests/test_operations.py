"""docs/OPERATIONS.md says what is so: what is called tried is tried by a test that there is, what nobody has tried
comes with its commands, and no link is dead."""

import re
import unittest
from pathlib import Path

from page import Row, dead_links, links, tables
from rules import of_test

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/OPERATIONS.md"
TEXT = PAGE.read_text(encoding="utf-8")

TROUBLES = ("symptom", "cause", "fix", "tried here")


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def problems(row: Row) -> list[str]:
    """A row of what can go wrong: it is tried by tests, or it says why it is not."""
    found = [f"nothing stands under {name}" for name in TROUBLES if not row.cells[name]]
    tried = row.cells["tried here"]
    if not links(tried) and not tried.startswith("no: "):
        found.append(f"it names no test and no reason why not: {tried}")
    return [*found, *(problem for link in links(tried) for problem in of_test(link, PAGE.parent))]


class Operations(unittest.TestCase):
    def test_what_can_go_wrong_is_tried_or_says_why_not(self):
        (table,) = [it for it in tables(section("What can go wrong in the first deploy")) if it.header == TROUBLES]
        self.assertGreater(len(table.rows), 20)
        wrong = [f"{row.cells['symptom']}: {it}" for row in table.rows for it in problems(row)]
        self.assertEqual("\n".join(wrong), "")

    def test_what_only_an_account_can_tell_is_in_order_and_has_its_commands(self):
        """infra/tests/test_commands.py holds them against what the programs take."""
        told = section("What only an account can tell")
        items = re.split(r"^(?=\d+\. )", told, flags=re.MULTILINE)[1:]
        self.assertEqual([int(it.split(".")[0]) for it in items], list(range(1, len(items) + 1)))
        command = re.compile(r"(?:`|^ +)(?:ENV=\w+ )?(?:make|aws|sam|gh|docker|for) ", re.MULTILINE)
        self.assertEqual([it.split("\n")[0] for it in items if not command.search(it)], [])
        for word in ("pullStoppedAt", "startedAt", "10 to 15 seconds faster"):
            self.assertIn(word, told)

    def test_no_link_into_the_repository_is_dead(self):
        self.assertEqual("\n".join(dead_links(TEXT, PAGE.parent)), "")


class Check(unittest.TestCase):
    """It finds what is wrong with a row."""

    def test_what_is_right_passes_and_what_is_wrong_is_told(self):
        here = "[a](tests/test_operations.py#Check.test_what_is_right_passes_and_what_is_wrong_is_told)"
        for tried, told in [
            (here, None),
            (f"{here}; the rest is AWS's", None),
            ("no: GitHub's side", None),
            ("yes", "it names no test and no reason why not: yes"),
            ("no", "it names no test and no reason why not: no"),
            (here.replace("Check", "Chuck"), "has no test"),
            ("[a](tests/gone.py#A.test_b)", "which is not a file"),
        ]:
            row = Row(1, dict(zip(TROUBLES, ("a", "b", "c", tried), strict=True)))
            found = problems(row)
            self.assertEqual(len(found), told is not None, tried)
            self.assertIn(told or "", "".join(found))
        self.assertEqual(len(problems(Row(1, dict(zip(TROUBLES, ("a", "", "c", here), strict=True))))), 1)


if __name__ == "__main__":
    unittest.main()
