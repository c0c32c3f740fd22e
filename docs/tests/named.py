"""What a file of this repository has under a name: its tests, its constants, the fields of what it stores."""

import ast
import re
from datetime import timedelta
from pathlib import Path

from page import slug

RUST_TEST = re.compile(
    r"^\s*#\[(?:tokio::)?test\b[^\]]*\]\s*"
    r"(?P<more>(?:(?:#\[[^\]]*\]|///[^\n]*)\s*)*)"
    r"(?:async\s+)?fn\s+(?P<name>\w+)",
    flags=re.MULTILINE,
)
STEP = re.compile(r"""^\s*step (?P<quote>["'])(?P<name>.+?)(?P=quote) """, flags=re.MULTILINE)


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def tests(file: Path) -> set[str]:
    """The tests of a file that run: `fn` under #[test], `Class.test_…` of unittest, the steps of tests/docker.
    One that is ignored, or skipped whatever happens, shows nothing."""
    match file.suffix:
        case ".rs":
            found = RUST_TEST.finditer(read(file))
            return {it["name"] for it in found if "ignore" not in it["more"] and "ignore" not in it[0]}
        case ".py":
            return set(of_unittest(ast.parse(read(file))))
        case ".sh" | "":
            return {slug(it["name"]) for it in STEP.finditer(read(file))}
    raise ValueError(f"{file.name} is of no kind that has tests")


def of_unittest(module: ast.Module):
    for each in module.body:
        if not isinstance(each, ast.ClassDef) or is_skipped(each):
            continue
        for it in each.body:
            if isinstance(it, ast.FunctionDef) and it.name.startswith("test_") and not is_skipped(it):
                yield f"{each.name}.{it.name}"


def is_skipped(it: ast.ClassDef | ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("unittest.skip(") for decorator in it.decorator_list)


def fields(file: Path, struct: str) -> set[str] | None:
    """The fields of a struct of Rust; None where there is none of that name."""
    found = re.search(rf"^(?:pub )?struct {struct} \{{\n(.*?)^\}}", read(file), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^    (?:pub )?(\w+): ", found[1], flags=re.MULTILINE)) if found else None


def lasting(file: Path, name: str) -> timedelta | None:
    """How long a constant of Rust, or a property of a template (Resource.Property, in seconds or by its
    name in days; Parameter, by its default in days), says; None where there is none of that name."""
    text = read(file)
    if file.suffix == ".rs":
        found = re.search(rf"\bconst {name}: SignedDuration = SignedDuration::from_(\w+)\(([\d\s()+*]+)\);", text)
        units = {"secs": "seconds", "mins": "minutes", "hours": "hours"}
        return timedelta(**{units[found[1]]: product(found[2])}) if found else None
    resource, _, wanted = name.partition(".")
    block = re.search(rf"^  {resource}:\n((?:^(?:    .*)?\n)+)", text, flags=re.MULTILINE)
    if block is None:
        return None
    found = re.search(rf"^\s+{wanted or 'Default'}: (\d+)$", block[1], flags=re.MULTILINE)
    if found is None:
        return None
    in_days = not wanted or wanted.endswith("Days")
    return timedelta(days=int(found[1])) if in_days else timedelta(seconds=int(found[1]))


def product(text: str) -> int:
    """Of `(35 + 3) * 24`."""

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left) * value(right)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
        raise ValueError(f"{text} is no sum and no product")

    return value(ast.parse(text.strip(), mode="eval").body)
