"""The files of a release, whose bytes depend only on their contents: templates with their code in a bucket, and
archives with fixed times, order and modes."""

import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

# How template.yaml names what `sam build` and `sam deploy` find on this machine. A part that the map has put aside is
# rewritten too: `mayfly pools render` may bring it back.
CODE = re.compile(r"^(?P<before>(?:#~)? *)CodeUri: functions/(?P<name>[a-z]+)$", re.MULTILINE)
LAYER = re.compile(r"^(?P<before>(?:#~)? *)ContentUri: infra/map$", re.MULTILINE)
NESTED = re.compile(r"^(?P<before>(?:#~)? *)TemplateURL: (?P<file>infra/[a-z-]+\.yaml)$", re.MULTILINE)
IN_BUCKET = re.compile(r'TemplateURL: !Sub "(?P<url>https://[^"]+)"')
LOCAL = re.compile(r"^(?:#~)? *(?:CodeUri|ContentUri|TemplateURL): *[^ !{].*$", re.MULTILINE)

# S3, "Bucket naming rules"; and a folder of the bucket.
PARAMETERS = """\
Parameters:
  CodeBucket:
    Type: String
    AllowedPattern: ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$
    Description: A bucket of the stack's region with the release's files, under CodePrefix.
  CodePrefix:
    Type: String
    AllowedPattern: ^([A-Za-z0-9._-]+/)+$
    Description: The folder of the release in the bucket, with a slash at its end. What is new needs another one.
"""

# The zip format knows no time before this: PKWARE's APPNOTE, 4.4.6.
OLDEST = (1980, 1, 1, 0, 0, 0)
PROGRAM, FILE = 0o755, 0o644


def from_bucket(template: str) -> str:
    """template.yaml with its functions, its layer and its nested templates in a bucket, which are parameters."""
    text = CODE.sub(lambda it: f"{it['before']}CodeUri: {_object(it['name'] + '-${FunctionArchitecture}.zip')}", template)
    text = LAYER.sub(lambda it: f"{it['before']}ContentUri: {_object('map.zip')}", text)
    text = NESTED.sub(lambda it: f"{it['before']}TemplateURL: {_url(it['file'])}", text)
    text, times = re.subn(r"^Parameters:\n", lambda _: PARAMETERS, text, flags=re.MULTILINE)
    if times != 1:
        raise ValueError("template.yaml has no `Parameters:`, or several")
    if left := LOCAL.search(text):
        raise ValueError(f"template.yaml names a file of this machine that no rule packages: {left[0].strip()}")
    return text


def _object(key: str) -> str:
    return f'{{Bucket: !Ref CodeBucket, Key: !Sub "${{CodePrefix}}{key}"}}'


def _url(file: str) -> str:
    # By path: CloudFormation takes no bucket with dots in the host's name.
    return f'!Sub "https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/${{CodeBucket}}/${{CodePrefix}}{file}"'


def with_urls(template: str, values: Mapping[str, str]) -> str:
    """The same with the nested templates' URLs as they are for these parameters: `sam` takes a `Fn::Sub` in one for a file."""

    def url(match: re.Match) -> str:
        return f'TemplateURL: "{re.sub(r"[$][{]([A-Za-z:]+)[}]", lambda it: values[it[1]], match["url"])}"'

    return IN_BUCKET.sub(url, template)


def zipped(name: str, content: bytes, mode: int = PROGRAM) -> bytes:
    """A zip of one file, as Lambda expects its code."""
    entry = zipfile.ZipInfo(name, date_time=OLDEST)
    # Made on Unix, wherever it was made: the modes are Unix's.
    entry.create_system, entry.external_attr = 3, mode << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as archive:
        archive.writestr(entry, content, compresslevel=9)
    return archived.getvalue()


def tarred(folder: Path, epoch: int) -> bytes:
    """The folder under its own name."""
    files = sorted(it for it in folder.rglob("*") if it.is_file())
    return archived({f"{folder.name}/{file.relative_to(folder)}": file for file in files}, epoch)


def archived(files: Mapping[str, Path], epoch: int) -> bytes:
    """A tar.gz of files by name, in this order, without owners, and all with one time."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, file in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = file.stat().st_size, epoch
            entry.mode = PROGRAM if file.stat().st_mode & 0o100 else FILE
            with file.open("rb") as content:
                archive.addfile(entry, content)
    return gzip.compress(made.getvalue(), compresslevel=9, mtime=0)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sums(files: Mapping[str, bytes]) -> str:
    """As `sha256sum` writes them, and `sha256sum --check` reads them."""
    return "".join(f"{digest(files[name])}  {name}\n" for name in sorted(files))
