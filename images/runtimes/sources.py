"""The manifests of GitHub's actions/node-versions, python-versions and go-versions: the available versions and their
URLs."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

# The longest time without a byte, in seconds.
PATIENCE = 60


class Unavailable(Exception):
    """The source does not have the runtime, or cannot be reached."""


def opened(url: str):
    """The content of a URL, which may be a file://."""
    try:
        return urllib.request.urlopen(url, timeout=PATIENCE)
    except (urllib.error.URLError, ValueError) as error:
        raise Unavailable(f"{url} cannot be read: {error}") from None


@dataclass(frozen=True)
class Release:
    """A version, and its archives for this architecture: the one for the newest system first."""

    version: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    tool: str
    # Newest first, as the manifests guarantee (actions/versions-package-tools, "manifest").
    versions: list[dict]

    @staticmethod
    def read(sources: str, tool: str) -> "Manifest":
        url = f"{sources}/{tool}-versions/main/versions-manifest.json"
        with opened(url) as file:
            try:
                return Manifest(tool, json.load(file))
            except ValueError as error:
                raise Unavailable(f"{url} is not JSON: {error}") from None

    def newest(self, wanted: str, architecture: str) -> Release:
        """The newest stable version that is `wanted`, or begins with it and a dot."""
        for it in self.versions:
            begins = it["version"] == wanted or it["version"].startswith(f"{wanted}.")
            if begins and it["stable"] and (urls := tuple(archives(it["files"], architecture))):
                return Release(it["version"], urls)
        raise Unavailable(f"{self.tool}@{wanted}: there is no stable version of it for {architecture}")


def archives(files: list[dict], architecture: str) -> Iterator[str]:
    """The archives for Linux. Each Python is built for one Ubuntu, which it names; the others work on all."""
    fits = [it for it in files if it["platform"] == "linux" and it["arch"] == architecture]
    release = lambda it: tuple(map(int, it.get("platform_version", "0").split(".")))  # noqa: E731
    # A build without the GIL has its own architecture, "x64-freethreaded".
    return (it["download_url"] for it in sorted(fits, key=release, reverse=True))
