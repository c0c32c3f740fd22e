"""Every file and folder that the documents name in code is there."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
# The first folder of a path of the repository; names of images, clusters and parameters have slashes too.
TOPS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"target", "node_modules"}
CODE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
ROW = re.compile(r"^\| (?P<folders>`[^|]+`) \|(?P<rest>.*)$", flags=re.MULTILINE)
HEADED = re.compile(r"^The decisions, `(?P<base>[\w/]+)`:$", flags=re.MULTILINE)


def named(page: str) -> list[str]:
    """The paths from the root that a page names."""
    return [path for path in CODE.findall(page) if "/" in path and path.split("/")[0] in TOPS]


def in_the_map(page: str) -> list[tuple[Path, str]]:
    """Of the map of ARCHITECTURE: the folders to look in, and the path that a row names within them."""
    found = []
    start = page.index("## The map")
    map_ = page[start : page.index("\n## ", start + 1)]
    base = ROOT
    for line in map_.splitlines():
        if headed := HEADED.match(line):
            base = ROOT / headed["base"]
        elif line.endswith(":"):
            base = ROOT
        elif row := ROW.match(line):
            folders = CODE.findall(row["folders"])
            found += [(base, folder) for folder in folders]
            for path in CODE.findall(row["rest"]):
                if path.endswith((".rs", "/")) and path.split("/")[0] not in TOPS:
                    found.append((base, (folders, path)))
    return found


class Paths(unittest.TestCase):
    def test_every_path_is_there(self):
        for page in PAGES:
            for path in named(page.read_text(encoding="utf-8")):
                with self.subTest(page=page.name, path=path):
                    self.assertTrue((ROOT / path).exists())

    def test_the_map_of_the_architecture_leads_to_files(self):
        rows = in_the_map((ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
        self.assertGreater(len(rows), 50)
        for base, what in rows:
            with self.subTest(what=what):
                if isinstance(what, str):
                    self.assertTrue((base / what).exists())
                    continue
                folders, path = what
                places = [base / folder for folder in folders]
                places = [*places, *(place / "src" for place in places), *(place.parent for place in places)]
                self.assertTrue(any((place / path).exists() for place in places), f"{path} is in none of {folders}")


if __name__ == "__main__":
    unittest.main()
