"""A page in Markdown: its tables, its links, and the anchors of its headings."""

import re
from dataclasses import dataclass
from pathlib import Path

# [what is read](where, from the page's folder#a part of it)
LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
# Between two cells; a cell's own bar is written \|.
BAR = re.compile(r"(?<!\\)\|")
RULE = re.compile(r"\|(\s*:?-+:?\s*\|)+")


@dataclass(frozen=True)
class Link:
    says: str
    path: str
    part: str | None


@dataclass(frozen=True)
class Row:
    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    header: tuple[str, ...]
    rows: list[Row]


class Unreadable(Exception):
    """A table that is none."""


def cells(line: str) -> list[str]:
    return [it.strip() for it in BAR.split(line.strip().removeprefix("|").removesuffix("|"))]


def tables(text: str) -> list[Table]:
    """Every table, in the page's order."""
    found, lines = [], text.splitlines()
    for place, line in enumerate(lines):
        if place == 0 or not RULE.fullmatch(line.strip()):
            continue
        header = tuple(cells(lines[place - 1]))
        rows = []
        for number, row in enumerate(lines[place + 1 :], start=place + 2):
            if not row.startswith("|"):
                break
            if len(cells(row)) != len(header):
                raise Unreadable(f"line {number}: {len(cells(row))} cells under a header of {len(header)}")
            rows.append(Row(number, dict(zip(header, cells(row), strict=True))))
        found.append(Table(header, rows))
    return found


def links(text: str) -> list[Link]:
    return [Link(says, path, part) for says, path, part in LINK.findall(text)]


def slug(text: str) -> str:
    """A sentence as a part of a link: small letters and digits, with dashes for all else."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings: small letters, no punctuation, dashes for spaces."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings}


def dead_links(text: str, folder: Path) -> list[str]:
    """Links into the repository that lead nowhere. What an address elsewhere says, nobody asks here."""
    dead = []
    for link in links(text):
        if link.path.startswith("https://"):
            continue
        file = folder / link.path
        if link.path and not file.exists():
            dead.append(f"[{link.says}] leads to {link.path}, which is not there")
        elif link.part and (not link.path or file.suffix == ".md"):
            page = file.read_text(encoding="utf-8") if link.path else text
            if link.part not in anchors(page):
                dead.append(f"[{link.says}] leads to #{link.part}, which is not a heading of {link.path or 'this page'}")
    return dead
