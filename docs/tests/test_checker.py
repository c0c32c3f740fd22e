"""The checker itself: what it lets pass, and each thing that it has to find."""

import tempfile
import unittest
from pathlib import Path

from named import product, tests
from page import Unreadable, anchors, dead_links, tables
from rules import FORMS, KEPT, THREATS, problems

FILES = {
    "tests.rs": """
#[test]
fn it_holds() {}

#[test]
#[ignore = "takes a day"]
fn nobody_runs_it() {}

/// Not marked.
fn no_test() {}

#[tokio::test(start_paused = true)]
async fn it_holds_later() {}

mod inner {
    #[test]
    /// Of the inside.
    #[should_panic]
    fn it_fails_as_it_should() {}
}
""",
    "test_it.py": """
import unittest
class It(unittest.TestCase):
    def test_holds(self): ...
    def helper(self): ...
    @unittest.skip("later")
    def test_skipped(self): ...
    @unittest.skipUnless(True, "it depends")
    def test_depends(self): ...
@unittest.skip("all")
class Other(unittest.TestCase):
    def test_never(self): ...
""",
    "stage": """
step "the socket is the runner's, mode 660" socket_is
if true; then
    step 'one more' more a b
fi
# step "a comment" none
""",
    "times.rs": """
pub const KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);
const SHORT: SignedDuration = SignedDuration::from_mins(30);
""",
    "times.yaml": """
Parameters:
  Days:
    Type: Number
    Default: 30
Resources:
  One:
    Properties:
      # Seconds.
      Period: 345600
  Other:
    Properties:
      Period: 60
""",
    "items.rs": """
/// One.
pub struct Job {
    /// Its id.
    #[serde(default)]
    pub id: JobId,
    repository: Repository,
}
pub struct JobLike {
    pub name: String,
}
""",
    "other.md": "# Title\n\n## What is, and what isn't\n",
}

THREAT = ("it is read", "it is closed", "[a](tests.rs#it_holds)", "some of it", "Fargate")
KEEPING = ("a job", "a table", "15 days", "[`KEPT`](times.rs#KEPT)")
FORM = ("[a job](items.rs#Job)", "`id` `repository`")


def table(header: tuple[str, ...], *rows: tuple[str, ...]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


class OnFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in FILES.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def found(self, threat=THREAT, kept=KEEPING, form=FORM) -> list[str]:
        page = self.folder / "PAGE.md"
        page.write_text(table(THREATS, threat) + table(KEPT, kept) + table(FORMS, form), encoding="utf-8")
        return problems(page)

    def assert_says(self, found: list[str], says: str):
        self.assertEqual(len(found), 1, found)
        self.assertIn(says, found[0])
        self.assertRegex(found[0], r"^PAGE\.md:\d+: ", "it names the line")


class Tests(OnFiles):
    def test_those_that_run_are_found_and_no_others(self):
        for file, expected in {
            "tests.rs": {"it_holds", "it_holds_later", "it_fails_as_it_should"},
            "test_it.py": {"It.test_holds", "It.test_depends"},
            "stage": {"the-socket-is-the-runner-s-mode-660", "one-more"},
        }.items():
            self.assertEqual(tests(self.folder / file), expected, file)
        with self.assertRaisesRegex(ValueError, "of no kind"):
            tests(self.folder / "other.md")


class Threats(OnFiles):
    def test_what_is_right_passes(self):
        for row in [
            THREAT,
            ("it is read", "it is closed", "[a](test_it.py#It.test_holds), [b](stage#one-more)", "–", "–"),
            ("it is read", "Nothing: it is open", "–", "all of it", "Fargate"),
            ("it is read", "Nothing of ours: it is GitHub's", "–", "all of it", "Fargate"),
            ("it is read", "Nothing: it is open", "[shown](tests.rs#it_holds)", "all of it", "Fargate"),
        ]:
            self.assertEqual(self.found(threat=row), [], row)

    def test_what_is_wrong_is_told(self):
        for change, says in [
            ({2: "–"}, "names no test that shows it: it is closed"),
            ({2: "not shown yet"}, "names no test"),
            ({1: "Nothing: it is open", 2: "not tried"}, "names no test"),
            ({1: "Nothing that is read is printed", 2: "–"}, "names no test"),
            ({2: "[a](tests.rs)"}, "[a] names no test of tests.rs"),
            ({2: "[a](gone.rs#it_holds)"}, "in gone.rs, which is not a file"),
            ({2: "[a](tests.rs#it_held)"}, "tests.rs has no test it_held"),
            ({2: "[a](tests.rs#nobody_runs_it)"}, "has no test nobody_runs_it, or skips it"),
            ({2: "[a](tests.rs#no_test)"}, "has no test no_test"),
            ({2: "[a](tests.rs#it_holds), [b](test_it.py#It.test_skipped)"}, "has no test It.test_skipped"),
            ({2: "[a](test_it.py#Other.test_never)"}, "has no test Other.test_never"),
            ({2: "[a](test_it.py#test_holds)"}, "has no test test_holds"),
            ({2: "[a](stage#a-comment)"}, "has no test a-comment"),
            ({0: ""}, "nothing stands under attack"),
            ({4: "–"}, "neither is"),
            ({3: "–"}, "neither is"),
        ]:
            row = tuple(change.get(place, cell) for place, cell in enumerate(THREAT))
            self.assert_says(self.found(threat=row), says)

    def test_a_page_that_has_lost_a_table_is_told(self):
        page = self.folder / "PAGE.md"
        page.write_text(table(("attack", "what stops it"), ("a", "b")), encoding="utf-8")
        self.assertEqual(len(problems(page)), 3)


class Kept(OnFiles):
    def test_what_is_right_passes(self):
        for time, link in [
            ("15 days after its end, then 2 days", "[a](times.rs#KEPT)"),
            ("30 minutes", "[a](times.rs#SHORT)"),
            ("30 days unless told", "[a](times.yaml#Days)"),
            ("4 days, 1 minute", "[a](times.yaml#One.Period), [b](times.yaml#Other.Period)"),
            ("15 months", "AWS"),
            ("for ever", "[the code](times.rs)"),
        ]:
            self.assertEqual(self.found(kept=("a job", "a table", time, link)), [], time)

    def test_what_is_wrong_is_told(self):
        for time, link, says in [
            ("14 days", "[a](times.rs#KEPT)", "KEPT is 15 days"),
            ("for a while", "[a](times.yaml#One.Period)", "One.Period is 4 days"),
            ("15 days", "[a](times.rs#LOST)", "says no time under LOST"),
            ("4 days", "[a](times.yaml#Other.Days)", "says no time under Other.Days"),
            ("4 days", "[a](times.yaml#Two.Period)", "says no time under Two.Period"),
            ("15 days", "[a](gone.rs#KEPT)", "gone.rs says no time"),
            ("15 days", "", "nothing stands under who says so"),
        ]:
            self.assert_says(self.found(kept=("a job", "a table", time, link)), says)

    def test_numbers_are_sums_and_products(self):
        self.assertEqual(product("(35 + 3) * 24"), 912)
        with self.assertRaisesRegex(ValueError, "no sum"):
            product("3 - 1")


class Forms(OnFiles):
    def test_what_is_wrong_is_told(self):
        for form, fields, says in [
            ("[a](items.rs#Job)", "`id`", "lacks repository"),
            ("[a](items.rs#Job)", "`id` `repository` `actor`", "has actor too many"),
            ("[a](items.rs#Task)", "`id`", "has no struct Task"),
            ("[a](gone.rs#Job)", "`id`", "has no struct Job"),
            ("a job", "`id`", "names no struct"),
        ]:
            self.assert_says(self.found(form=(form, fields)), says)


class Pages(OnFiles):
    def test_a_table_is_read_with_its_lines(self):
        (it,) = tables("text\n\n| a | b |\n|---|:--|\n| 1 | x \\| y |\n| 2 | |\nend\n")
        read = [(row.line, row.cells) for row in it.rows]
        self.assertEqual(read, [(5, {"a": "1", "b": "x \\| y"}), (6, {"a": "2", "b": ""})])
        with self.assertRaisesRegex(Unreadable, "line 3: 3 cells under a header of 2"):
            tables("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n")

    def test_dead_links_are_told(self):
        self.assertEqual(anchors(FILES["other.md"]), {"title", "what-is-and-what-isnt"})
        for text, dead in [
            ("[a](other.md) [b](other.md#title) [c](https://example.org/x#y) [d](#here)\n\n## Here\n", 0),
            ("[a](tests.rs#it_holds)", 0),
            ("[a](gone.md)", 1),
            ("[a](other.md#gone)", 1),
            ("[a](#gone)", 1),
        ]:
            self.assertEqual(len(dead_links(text, self.folder)), dead, text)


if __name__ == "__main__":
    unittest.main()
