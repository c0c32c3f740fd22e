"""Tests of the host's seccomp profile, and of what compares a table with an engine's default.

`make test-docker` holds default.toml against the default of a real engine, and starts containers under the profile.
"""
import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import make_profile
from make_profile import NotADefault, differences, profile, rules, shipped

SMALL = {
    "always": "read write",
    "kernel": {"4.8": "ptrace"},
    "architecture": {"amd64-x32": "arch_prctl"},
    "capability": {"SYS_ADMIN": "mount setns"},
    "argument": {"clone": {"place": 0, "compare": "MASKED_EQ", "values": [16, 32], "without": "SYS_ADMIN"}},
    "absent": {"clone3": {"errno": 38, "without": "SYS_ADMIN"}},
}

# The same, as an engine's source has it: in another order, with other architectures and a comment.
ENGINE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "syscalls": [
        {"names": ["setns", "mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
        {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
        {"names": ["s390_runtime_instr"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
        {
            "names": ["clone3"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 38,
            "excludes": {"caps": ["CAP_SYS_ADMIN"]},
            "comment": "glibc falls back on clone",
        },
        *(
            {
                "names": ["clone"],
                "action": "SCMP_ACT_ALLOW",
                "args": [{"index": 0, "value": value, "op": "SCMP_CMP_MASKED_EQ"}],
                "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390x"]},
            }
            for value in (16, 32)
        ),
        {"names": ["write"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {}},
    ],
}


class Profile(unittest.TestCase):
    """What the profile allows."""

    def test_it_is_the_default_and_one_rule(self):
        for table in (SMALL, shipped()):
            made = profile(table)
            self.assertEqual(made["syscalls"][:-1], list(rules(table)))
            rule = {"names": ["keyctl", "pivot_root"], "includes": {"caps": ["CAP_SYS_ADMIN"]}}
            self.assertEqual(made["syscalls"][-1], {**rule, "action": "SCMP_ACT_ALLOW"})
            self.assertEqual((made["defaultAction"], made["defaultErrnoRet"]), ("SCMP_ACT_ERRNO", 1))

    def test_a_default_that_has_the_calls_already_is_refused(self):
        for table in ({**SMALL, "always": "read keyctl"}, {**SMALL, "capability": {"SYS_ADMIN": "pivot_root"}}):
            with self.subTest(table), self.assertRaises(NotADefault):
                profile(table)

    def test_a_call_is_named_once_for_each_condition(self):
        names = shipped()["always"].split()
        self.assertEqual(len(names), len(set(names)))


class Comparison(unittest.TestCase):
    """A table against an engine's default."""

    def test_the_same_in_another_order_is_the_same(self):
        self.assertEqual(differences(SMALL, ENGINE), [])

    def test_whatever_differs_is_told_with_its_side(self):
        for change, told in [
            (lambda it: it["syscalls"].pop(), ["only here: read"]),
            (lambda it: it["syscalls"].append({"names": ["open"], "action": "SCMP_ACT_ALLOW"}), ["only there: open"]),
            (lambda it: it["syscalls"][0].pop("includes"), ["only here: mount", "only there: mount"]),
            (lambda it: it["syscalls"][1]["includes"].update(minKernel="5.0"), ["only here: ptrace", "only there: ptrace"]),
            (lambda it: it["syscalls"][4].update(errnoRet=1), ["only here: clone3", "only there: clone3"]),
            (lambda it: it["syscalls"][5]["args"][0].update(value=1), ["only here: clone", "only there: clone"]),
        ]:
            engine = copy.deepcopy(ENGINE)
            change(engine)
            found = differences(SMALL, engine)
            for words in told:
                self.assertTrue(any(it.startswith(words + " ") for it in found), (words, found))

    def test_what_is_no_default_is_refused(self):
        for why, engine in [
            ("a list", []),
            ("no rules", {"defaultAction": "SCMP_ACT_ERRNO"}),
            ("one that allows everything", {**ENGINE, "defaultAction": "SCMP_ACT_ALLOW"}),
            ("another error", {**ENGINE, "defaultErrnoRet": 38}),
        ]:
            with self.subTest(why), self.assertRaises(NotADefault):
                differences(SMALL, engine)


class Command(unittest.TestCase):
    """The script as it is called."""

    def call(self, *arguments) -> subprocess.CompletedProcess:
        command = [sys.executable, make_profile.__file__, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_it_prints_the_profile_on_one_line(self):
        ended = self.call()
        self.assertEqual((ended.returncode, ended.stderr, ended.stdout.count("\n")), (0, "", 1))
        self.assertEqual(json.loads(ended.stdout), profile(shipped()))

    def test_it_fails_with_what_differs(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "default.json")
            for text, told in [
                ("", "default.json: "),
                ("[]", "default.json: it has no list of system calls"),
                (json.dumps(ENGINE), "only here: accept "),
            ]:
                file.write_text(text, encoding="utf-8")
                ended = self.call("--compare", file)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn(told, ended.stderr)
        self.assertIn("usage: ", self.call("--what").stderr)


if __name__ == "__main__":
    unittest.main()
