#!/usr/bin/env python3
"""Packs the files of an EC2 instance into the user data of the launch templates.

    images/host/pack.py           writes infra/pools.yaml
    images/host/pack.py --check   fails if the user data does not match images/host

It packs all of root/, and the seccomp profile that seccomp/make_profile.py makes, as a compressed archive: user
data has room for 16 KB. The template has the archive between two marks, in lines of base64.
"""
import base64
import gzip
import io
import sys
import tarfile
import textwrap
from pathlib import Path

HOST = Path(__file__).parent
TEMPLATE = HOST.parents[1] / "infra/pools.yaml"
sys.path.insert(0, str(HOST / "seccomp"))

import make_profile  # noqa: E402  (the folder is not a package)

# The marks are the shell's, because YAML has no comments inside the text of the user data. Python is there, because
# cloud-init, which runs it, is written in Python.
BEGIN, END = "<<'PACKED'", "PACKED"
# `mayfly pools render` puts this before each line while the map has no EC2 pool.
ASIDE = "#~"
PROFILE = "etc/mayfly/seccomp.json"
# Letters in a line.
WIDTH = 120

# Its path, whether it is a program, and its content.
File = tuple[str, bool, bytes]


def files() -> list[File]:
    """The files of an instance, in the order of their paths."""
    root = HOST / "root"
    found = [it for it in root.rglob("*") if it.is_file()]
    held = [(str(it.relative_to(root)), bool(it.stat().st_mode & 0o100), it.read_bytes()) for it in found]
    return sorted([*held, (PROFILE, False, make_profile.text().encode())])


def packed(held: list[File]) -> bytes:
    """The archive, without times and owners, so that the same files give the same bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, is_program, content in held:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755 if is_program else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), compresslevel=9, mtime=0)


def unpacked(archive: bytes) -> list[File]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return [(it.name, bool(it.mode & 0o100), tar.extractfile(it).read()) for it in tar.getmembers()]


def sections(template: str) -> tuple[list[str], list[str], list[str]]:
    """The lines up to the first mark; the packed lines; the rest, from the second mark on."""
    lines = template.splitlines()
    begins = [at for at, line in enumerate(lines) if line.endswith(BEGIN)]
    if len(begins) != 1:
        raise ValueError(f"{len(begins)} lines end with {BEGIN}: exactly one must")
    begin = begins[0] + 1
    end = next((at for at in range(begin, len(lines)) if lines[at].removeprefix(ASIDE).strip() == END), None)
    if end is None:
        raise ValueError(f"no line `{END}` ends the packed lines")
    return lines[:begin], lines[begin:end], lines[end:]


def with_files(template: str, held: list[File]) -> str:
    """The template with the files packed into it; unchanged if it already has them."""
    before, now, after = sections(template)
    if now and unpacked(base64.b64decode("".join(now))) == held:
        return template
    indent = before[-1][: -len(before[-1].removeprefix(ASIDE).lstrip())]
    text = textwrap.wrap(base64.b64encode(packed(held)).decode(), WIDTH)
    return "\n".join([*before, *(indent + line for line in text), *after]) + "\n"


def main(arguments: list[str]) -> None:
    """Writes, or checks."""
    if arguments not in ([], ["--check"]):
        sys.exit("usage: pack.py [--check]")
    try:
        now = TEMPLATE.read_text(encoding="utf-8")
        wanted = with_files(now, files())
    except (OSError, ValueError, tarfile.TarError, make_profile.NotADefault) as problem:
        sys.exit(f"{TEMPLATE}: {problem}")
    if now == wanted:
        print(f"{TEMPLATE.name} matches images/host")
    elif arguments:
        sys.exit(f"{TEMPLATE.name} does not match images/host: run images/host/pack.py")
    else:
        TEMPLATE.write_text(wanted, encoding="utf-8")
        print(f"{TEMPLATE.name} is written")


if __name__ == "__main__":
    main(sys.argv[1:])
