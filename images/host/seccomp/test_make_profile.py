"""Tests of the host's seccomp profile, against a small default of the same form as Docker's.

`make test-docker` makes one from a real default, and starts containers under it.
"""
import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import make_profile
from make_profile import NotADefault, profile

DEFAULT = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": [
        {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["mount", "setns"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    ],
}


class Profile(unittest.TestCase):
    """What the profile allows."""

    def test_it_is_the_default_and_one_rule(self):
        made = profile(DEFAULT)
        self.assertEqual(made["syscalls"][:-1], DEFAULT["syscalls"])
        self.assertEqual({**made, "syscalls": None}, {**DEFAULT, "syscalls": None})
        self.assertEqual(
            made["syscalls"][-1],
            {"names": ["keyctl", "pivot_root"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        )

    def test_the_default_is_not_changed(self):
        before = copy.deepcopy(DEFAULT)
        profile(DEFAULT)
        self.assertEqual(DEFAULT, before)

    def test_what_is_no_default_is_refused(self):
        rules = DEFAULT["syscalls"]
        for why, default in [
            ("a list", []),
            ("no rules", {"defaultAction": "SCMP_ACT_ERRNO"}),
            ("one that allows everything", {**DEFAULT, "defaultAction": "SCMP_ACT_ALLOW"}),
            ("its own result", profile(DEFAULT)),
            ("an engine that allows keyctl to all", {**DEFAULT, "syscalls": [*rules, {"names": ["keyctl"]}]}),
            ("an old form without conditions", {**DEFAULT, "syscalls": rules[:1]}),
        ]:
            with self.subTest(why), self.assertRaises(NotADefault):
                profile(default)


class Command(unittest.TestCase):
    """The script as it is called."""

    def call(self, text: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "default.json")
            file.write_text(text, encoding="utf-8")
            script = Path(make_profile.__file__)
            return subprocess.run([sys.executable, script, file], capture_output=True, text=True, check=False)

    def test_it_prints_the_profile_on_one_line(self):
        ended = self.call(json.dumps(DEFAULT, indent=4))
        self.assertEqual((ended.returncode, ended.stderr, ended.stdout.count("\n")), (0, "", 1))
        self.assertEqual(json.loads(ended.stdout), profile(DEFAULT))

    def test_it_prints_nothing_where_it_fails(self):
        for text in ["", "{", "[]", json.dumps(profile(DEFAULT))]:
            with self.subTest(text):
                ended = self.call(text)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn("default.json: ", ended.stderr)


if __name__ == "__main__":
    unittest.main()
