"""Python tools are installed by hash, release builds by the lock file, and nothing of a machine is in the repository."""

import re
import unittest

from shapes import ROOT


class Pins(unittest.TestCase):
    def test_each_pin_has_its_hashes(self):
        files = sorted((ROOT / ".ci").glob("requirements*.txt"))
        self.assertGreaterEqual(len(files), 7)
        for file in files:
            text = re.sub(r" *\\\n *", " ", file.read_text(encoding="utf-8"))
            pins = [line for line in text.splitlines() if line and not line.startswith("#")]
            self.assertTrue(pins, file.name)
            for pin in pins:
                self.assertRegex(pin, r"^[\w.\-\[\],]+==\S+( --hash=sha256:[0-9a-f]{64})+$", file.name)

    def commands(self, file: str, program: str) -> list[str]:
        text = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ")
        return [line for line in text.splitlines() if re.search(program, line) and not line.lstrip().startswith("#")]

    def test_every_installation_requires_them(self):
        found = self.commands("Makefile", r"pip install")
        self.assertEqual(len(found), 3)
        for line in found:
            self.assertIn(" --require-hashes ", line)

    def test_every_release_build_takes_the_lock_file_as_it_is(self):
        found = [it for file in ("Makefile", "images/build") for it in self.commands(file, r"cargo .*--release")]
        self.assertGreaterEqual(len(found), 3)
        for line in found:
            self.assertIn(" --locked", line)

    def test_what_sam_builds_has_a_lock_file_that_is_complete(self):
        """`sam` gives cargo no option: what it would write into the lock file is refused before."""
        for target in ("package", "build-webhook", "deploy"):
            (line,) = self.commands("Makefile", rf"^{target}: .*\.installed")
            self.assertIn(" locked ", line.replace("|", " ") + " ", target)
        self.assertEqual(len(self.commands("Makefile", r"cargo metadata --locked")), 1)


if __name__ == "__main__":
    unittest.main()
