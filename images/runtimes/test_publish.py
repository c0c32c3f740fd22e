"""Tests of what installs and publishes runtimes, on folders of this machine."""

import hashlib
import json
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import bundles
import install
import publish
import stand_in
import trees
from sources import Manifest, Unavailable

ARCH = publish.ARCHITECTURES.get(platform.machine(), "x64")
VERSIONS = {
    "node": [("24.0.0-rc.1", False), ("22.20.1", True), ("22.9.0", True), ("2.0.0", True)],
    "python": [("3.14.0-beta.2", False), ("3.13.9", True), ("3.13.8", True)],
    "go": [("1.25.3", True)],
}


def contents(folder: Path) -> dict[str, str]:
    """Each file below a folder."""
    return {str(it.relative_to(folder)): it.read_text() for it in sorted(folder.rglob("*")) if it.is_file()}


class Folders(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.sources = stand_in.write(self.folder / "sources", VERSIONS, ARCH)

    def publish(self, *runtimes: str, **options: str) -> subprocess.CompletedProcess:
        given = {"tools": self.folder / "tools", "trees": self.folder / "trees", "bundles": self.folder / "bundles"}
        given |= {"sources": self.sources, "architecture": ARCH} | options
        (self.folder / "tools").mkdir(exist_ok=True)
        options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, publish.__file__, *options, *runtimes]
        return subprocess.run(command, capture_output=True, text=True, check=False)


class Publishing(Folders):
    def test_both_ways_have_the_layout_of_a_tool_cache_and_its_markers(self):
        ended = self.publish("node@22", "python@3.13", "go@1.25.3")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        tree = self.folder / "trees" / ARCH / "current"
        markers = {str(it.relative_to(tree.resolve())) for it in tree.resolve().rglob("*.complete")}
        versions = {"node/22.20.1", "Python/3.13.9", "go/1.25.3"}
        self.assertEqual(markers, {f"{it}/{ARCH}.complete" for it in versions})
        for path in ("node/22.20.1/{}/bin/node", "Python/3.13.9/{}/bin/python3", "go/1.25.3/{}/bin/go"):
            self.assertEqual(subprocess.run([tree / path.format(ARCH)], check=True).returncode, 0)
        self.assertFalse(list(tree.resolve().rglob("setup.sh")))
        digest = (self.folder / "bundles" / ARCH / "current").read_text().strip()
        bundle = self.folder / "bundles" / ARCH / "versions" / digest / "bundle.tar.zst"
        self.assertEqual(hashlib.sha256(bundle.read_bytes()).hexdigest(), digest)
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "--extract", f"--file={bundle}", f"--directory={unpacked}"], check=True)
        self.assertEqual(contents(unpacked), contents(tree.resolve()))

    def test_everybody_reads_and_nobody_else_writes_and_times_stay(self):
        self.publish("node@22")
        tree = (self.folder / "trees" / ARCH / "current").resolve()
        for it in (tree, *tree.rglob("*")):
            mode = stat.S_IMODE(it.stat().st_mode)
            self.assertEqual(mode, 0o755 if it.is_dir() or it.name == "node" else 0o644, it)
        self.assertEqual((tree / f"node/22.20.1/{ARCH}/lib/0").stat().st_mtime, 1_700_000_000)

    def test_what_is_not_there_is_named_and_nothing_is_published(self):
        for runtime, said in (
            ("node@23", f"node@23: there is no stable version of it for {ARCH}"),
            ("node@24", f"node@24: there is no stable version of it for {ARCH}"),
        ):
            ended = self.publish(runtime)
            self.assertEqual(ended.returncode, 1)
            self.assertEqual(ended.stderr, f"publish: {said}; runners keep getting what was published before\n")
        self.assertEqual(self.publish("ruby@3").returncode, 2)
        ended = self.publish("node@22", sources="file:///nowhere")
        self.assertEqual((ended.returncode, len(ended.stderr.splitlines())), (1, 1))
        self.assertFalse((self.folder / "trees").exists() or (self.folder / "bundles").exists())

    def test_a_full_disk_leaves_the_old_one_served(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", small], check=False, capture_output=True)
        if mounted.returncode:
            self.skipTest("no file system can be mounted here, which takes root")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.assertEqual(self.publish("node@22", trees=small).returncode, 0)
        before = contents((small / ARCH / "current").resolve())
        self.sources = stand_in.write(self.folder / "more", {"node": [("22.21.0", True)]}, ARCH, files=200)
        ended = self.publish("node@22", trees=small)
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, "^publish: .*No space left on device.*; runners keep getting what was published before\n$")
        self.assertEqual(contents((small / ARCH / "current").resolve()), before)


class Killed(Folders):
    """A publisher that dies before any of its steps leaves the old version, or the new one, and nothing between."""

    STEPS = ("os.rename", "os.replace", "os.symlink", "os.mkdir", "os.fsync", "os.chmod", "shutil.copyfileobj", "shutil.copy2")

    def killed_at(self, step: int, do) -> bool:
        """Does it in a process that kills itself before that step; whether it came to it."""
        if (child := os.fork()) == 0:
            left = [step]

            def counted(function):
                def call(*given, **named):
                    left[0] -= 1
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return function(*given, **named)

                return call

            for name in self.STEPS:
                module, _, function = name.partition(".")
                holder = {"os": os, "shutil": shutil}[module]
                setattr(holder, function, counted(getattr(holder, function)))
            # copytree has taken its default when it was defined.
            shutil.copytree.__defaults__ = tuple(
                shutil.copy2 if getattr(it, "__name__", "") == "copy2" else it for it in shutil.copytree.__defaults__
            )
            do()
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    def tools(self, mark: str) -> Path:
        tools = self.folder / mark
        for name in range(4):
            file = tools / f"node/22.0.0/{ARCH}/lib/{name}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(mark)
        (tools / f"node/22.0.0/{ARCH}.complete").touch()
        return tools

    def whole(self, served: dict[str, str]) -> str:
        """Which version is served, whole: its mark."""
        marks = {text for path, text in served.items() if not path.endswith(".complete")}
        self.assertEqual((len(served), len(marks)), (5, 1), served)
        return marks.pop()

    def test_of_trees(self):
        folder = self.folder / "trees"
        old, new = self.tools("old"), self.tools("new")
        served, step = set(), 0
        while True:
            step += 1
            shutil.rmtree(folder, ignore_errors=True)
            trees.publish(old, folder, "1")
            was_killed = self.killed_at(step, lambda: trees.publish(new, folder, "2"))
            mark = self.whole(contents((folder / "current").resolve()))
            served.add((was_killed, mark))
            trees.publish(new, folder, "2")
            self.assertEqual(self.whole(contents((folder / "current").resolve())), "new", "the next one does it")
            if not was_killed:
                break
        self.assertGreater(step, 8)
        self.assertEqual(served, {(True, "old"), (False, "new")})

    def test_of_bundles(self):
        folder = self.folder / "bundles"
        packed = {}
        for mark in ("old", "new"):
            (self.folder / f"work-{mark}").mkdir()
            packed[mark] = bundles.pack(self.tools(mark), self.folder / f"work-{mark}")
        served, step = set(), 0
        while True:
            step += 1
            shutil.rmtree(folder, ignore_errors=True)
            bundles.to_folder(*packed["old"], folder)
            was_killed = self.killed_at(step, lambda: bundles.to_folder(*packed["new"], folder))
            digest = (folder / "current").read_text().strip()
            bundle = folder / "versions" / digest / "bundle.tar.zst"
            self.assertEqual(hashlib.sha256(bundle.read_bytes()).hexdigest(), digest)
            old = folder / "versions" / packed["old"][1] / "bundle.tar.zst"
            self.assertTrue(old.exists(), "a task definition may still name it")
            served.add((was_killed, digest == packed["new"][1]))
            if not was_killed:
                break
        self.assertGreater(step, 4)
        self.assertEqual(served, {(True, False), (False, True)})


class Trees(Folders):
    def test_the_newest_stays_the_one_before_it_and_whatever_is_younger_than_a_day(self):
        folder, tools = self.folder / "trees", self.folder / "tools"
        tools.mkdir()
        for name in ("1", "2", "3"):
            trees.publish(tools, folder, name)
        (folder / "versions/.part-killed").mkdir()
        (folder / ".current-killed").symlink_to("versions/1")
        names = lambda: {it.name for it in (folder / "versions").iterdir()}  # noqa: E731
        self.assertEqual(names(), {"1", "2", "3", ".part-killed"})
        with mock.patch.object(trees, "A_DAY", -60):
            trees.publish(tools, folder, "4")
        self.assertEqual((names(), os.readlink(folder / "current")), ({"3", "4"}, "versions/4"))
        self.assertEqual({it.name for it in folder.iterdir()}, {"versions", "current"})


class Sources(Folders):
    def test_the_newest_that_begins_so(self):
        for tool, wanted, version in (
            ("node", "22", "22.20.1"),
            ("node", "22.9", "22.9.0"),
            ("node", "2", "2.0.0"),
            ("python", "3.13", "3.13.9"),
            ("python", "3.13.8", "3.13.8"),
        ):
            self.assertEqual(Manifest.read(self.sources, tool).newest(wanted, ARCH).version, version)
        for wanted, architecture in (("21", ARCH), ("22", "s390x")):
            with self.assertRaises(Unavailable):
                Manifest.read(self.sources, "node").newest(wanted, architecture)

    def test_a_python_for_a_system_that_is_too_new_gives_way_to_one_that_starts(self):
        folder = self.folder / "sources"
        setup = (stand_in.SETUP.format(version="3.12.1", arch=ARCH), 0o644)
        files = []
        for system, code in (("22.04", 0), ("26.04", 1), ("24.04", 0)):
            inside = {"bin/python3": stand_in.program(f"for {system}", code), "setup.sh": setup}
            url = stand_in.archive(folder / f"{system}.tar.gz", inside)
            files.append({"platform": "linux", "platform_version": system, "arch": ARCH, "download_url": url})
        files.append({"platform": "linux", "arch": f"{ARCH}-freethreaded", "download_url": "file:///nowhere"})
        manifest = [{"version": "3.12.1", "stable": True, "files": files}]
        (folder / "python-versions/main/versions-manifest.json").write_text(json.dumps(manifest))
        release = Manifest.read(self.sources, "python").newest("3.12", ARCH)
        tools = self.folder / "tools"
        install.install("python", release, ARCH, tools)
        python = tools / f"Python/3.12.1/{ARCH}/bin/python3"
        self.assertEqual(subprocess.run([python], capture_output=True, text=True, check=True).stdout, "for 24.04\n")
        only_new = type(release)("3.12.1", release.urls[:1])
        with self.assertRaisesRegex(install.DoesNotWork, "python 3.12.1 does not start: .*26.04.tar.gz: for 26.04"):
            install.install("python", only_new, ARCH, self.folder / "none")
        self.assertFalse((self.folder / "none/Python/3.12.1").exists())


if __name__ == "__main__":
    unittest.main()
