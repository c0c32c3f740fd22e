"""What docs/SECURITY.md has to keep: each control names a test that there is, each time and each field is the
code's. A rule gives a line for each thing that is wrong."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from named import fields, lasting, tests
from page import Link, Row, links, tables

THREATS = ("attack", "what stops it", "shown by", "not prevented", "use then")
KEPT = ("what", "where", "how long", "who says so")
FORMS = ("form", "its fields")

# The cell of a row in which there is nothing to say.
NONE = "–"
# How a row begins whose attack nothing stops, or nothing of ours: a few words and a colon, and then why.
NOTHING = re.compile(r"Nothing( of ours| by itself)?:")


def problems(page: Path) -> list[str]:
    """All that is wrong with the page."""
    text, found, seen = page.read_text(encoding="utf-8"), [], set()
    rules = {THREATS: of_threat, KEPT: of_kept, FORMS: of_form}
    for table in tables(text):
        if rule := rules.get(table.header):
            seen.add(table.header)
            for row in table.rows:
                found += [f"{page.name}:{row.line}: {it}" for it in rule(row, page.parent)]
    found += [f"{page.name}: no table has the header {' | '.join(it)}" for it in rules if it not in seen]
    return found


def of_threat(row: Row, folder: Path) -> Iterator[str]:
    """A row of a threat: where something stops it, a test shows that; where something is left, there is a way
    around it."""
    empty = [name for name in THREATS if not row.cells[name]]
    if empty:
        yield f"nothing stands under {', '.join(empty)}"
    shown, named = row.cells["shown by"], links(row.cells["shown by"])
    # A test may show a hole, too.
    is_open = NOTHING.match(row.cells["what stops it"]) is not None
    if not named and not (is_open and shown == NONE):
        yield f"it says what stops it, and names no test that shows it: {row.cells['what stops it']}"
    for link in named:
        yield from of_test(link, folder)
    if (row.cells["not prevented"] == NONE) != (row.cells["use then"] == NONE):
        yield f"what is not prevented and what to use then are both {NONE}, or neither is"


def of_test(link: Link, folder: Path) -> Iterator[str]:
    file = folder / link.path
    if not link.part:
        yield f"[{link.says}] names no test of {link.path}"
    elif not file.is_file():
        yield f"[{link.says}] is in {link.path}, which is not a file"
    elif link.part not in tests(file):
        yield f"{link.path} has no test {link.part}, or skips it"


# A time in words. Times of AWS's and GitHub's own stand there too.
TIME = re.compile(r"(\d+) (minutes?|hours?|days?)")


def of_kept(row: Row, folder: Path) -> Iterator[str]:
    """A row of what is kept: a time that the code or a template has is the one that the page has."""
    empty = [name for name in KEPT if not row.cells[name]]
    if empty:
        yield f"nothing stands under {', '.join(empty)}"
    times = TIME.findall(row.cells["how long"])
    told = {timedelta(**{unit.removesuffix("s") + "s": int(number)}) for number, unit in times}
    for link in links(row.cells["who says so"]):
        file = folder / link.path
        if not link.part:
            continue
        time = lasting(file, link.part) if file.is_file() else None
        if time is None:
            yield f"{link.path} says no time under {link.part}"
        elif time not in told:
            yield f"{link.part} is {time}, and the page says {row.cells['how long']}"


def of_form(row: Row, folder: Path) -> Iterator[str]:
    """A row of what is stored, sent or read: the fields are those of the code."""
    told = set(re.findall(r"`(\w+)`", row.cells["its fields"]))
    named = links(row.cells["form"])
    if not named:
        yield f"{row.cells['form']} names no struct"
    for link in named:
        has = fields(folder / link.path, link.part or "") if (folder / link.path).is_file() else None
        if has is None:
            yield f"{link.path} has no struct {link.part}"
        elif has != told:
            lacks, has_more = ", ".join(sorted(has - told)), ", ".join(sorted(told - has))
            yield f"{link.part}: the page lacks {lacks or 'nothing'} and has {has_more or 'nothing'} too many"
