"""Names in the sources: a type's name stands for one thing, and "cannot" is one word everywhere."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
# From three places on a reader has to look which one is meant.
PLACES = 2
TYPE = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|trait|union)\s+([A-Z]\w*)", flags=re.MULTILINE)
# Only those of a file: the associated types of a trait are the trait's to name.
ALIAS = re.compile(r"^(?:pub(?:\([^)]*\))?\s+)?type\s+([A-Z]\w*)", flags=re.MULTILINE)
# Also where a comment is broken between the two words.
TWO_WORDS = re.compile(r"\bcan(?: |\s+(?://[/!]?|#)\s*|\s+)not\b", flags=re.IGNORECASE)


def files(*patterns: str) -> list[Path]:
    """What git knows of, and what is new and not ignored; without git, as in an archive, whatever is there."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *(patterns or ["."])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else archived(patterns)
    return [path for path in (ROOT / name for name in names) if path.is_file()]


def archived(patterns: tuple[str, ...]) -> list[str]:
    left_out = {"target", "node_modules", ".venv", ".tools", ".git"}
    found = (path.relative_to(ROOT) for pattern in patterns or ["*"] for path in ROOT.rglob(pattern))
    return [str(path) for path in found if not left_out & set(path.parts)]


def defined(sources: dict[str, str]) -> dict[str, list[str]]:
    """The files that define a type, by its name; a file that defines two stands there twice."""
    places: dict[str, list[str]] = {}
    for file, text in sources.items():
        for name in [*TYPE.findall(text), *ALIAS.findall(text)]:
            places.setdefault(name, []).append(file)
    return places


def shared(sources: dict[str, str]) -> list[str]:
    """A line for each name that stands for too much."""
    return [
        f"{name} is defined in {', '.join(places)}"
        for name, places in sorted(defined(sources).items())
        if len(places) > PLACES
    ]


class Names(unittest.TestCase):
    def test_no_type_has_a_name_that_stands_for_three_things(self):
        sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files("*.rs")}
        self.assertGreater(len(defined(sources)), 500)
        self.assertEqual("\n".join(shared(sources)), "")

    def test_cannot_is_one_word(self):
        wrong = []
        for path in files():
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            for found in TWO_WORDS.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                wrong.append(f"{path.relative_to(ROOT)}:{line}: write it as one word")
        self.assertEqual("\n".join(wrong), "")


class Checker(unittest.TestCase):
    def test_what_is_defined_is_found_wherever_it_stands(self):
        sources = {
            "a.rs": "pub struct Answer;\nimpl Iterator for Answer {\n    type Item = u8;\n}\n",
            "b.rs": "pub(crate) enum Answer {}\ntype Item = u8;\n",
            "c.rs": "mod tests {\n    trait Answer {}\n    // struct Answer is a word here\n}\n",
        }
        self.assertEqual(shared(sources), ["Answer is defined in a.rs, b.rs, c.rs"])
        self.assertEqual(defined(sources)["Item"], ["b.rs"])

    def test_two_words_are_found_across_lines(self):
        two = "can" + " not"
        for text in (two, two.title(), two.replace(" ", "\n"), two.replace(" ", "\n    /// ")):
            with self.subTest(text=text):
                self.assertTrue(TWO_WORDS.search(text))
        for text in ("cannot", "a can\\x20not", "cannot\nbe", "no scan" + " not"):
            with self.subTest(text=text):
                self.assertFalse(TWO_WORDS.search(text))


if __name__ == "__main__":
    unittest.main()
