"""A program of Linux of which there is nothing but what says for whom it is, and which version of glibc it
wants."""

import struct

MACHINES = {"x86_64": 62, "arm64": 183}
STRINGS, VERSIONS_NEEDED = 3, 0x6FFFFFFE
HEADER, SECTION = 64, 64


def program(architecture: str, version: str) -> bytes:
    strings = b"\0libc.so.6\0" + version.encode() + b"\0"
    # One library, and one version of it.
    needed = struct.pack("<HHIII", 1, 1, 1, 16, 0) + struct.pack("<IHHII", 0, 0, 2, 11, 0)
    sections = HEADER + len(strings) + len(needed)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        *(3, MACHINES[architecture], 1, 0, 0, sections, 0, HEADER, 0, 0, SECTION, 3, 0),
    )
    table = [
        section(0, 0, 0, 0, 0),
        section(STRINGS, HEADER, len(strings), 0, 0),
        section(VERSIONS_NEEDED, HEADER + len(strings), len(needed), 1, 1),
    ]
    return header + strings + needed + b"".join(table)


def section(kind: int, offset: int, length: int, link: int, entries: int) -> bytes:
    return struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, offset, length, link, entries, 0, 0)
