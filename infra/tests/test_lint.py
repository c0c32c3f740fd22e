"""The parts of the templates that the map as it is shipped puts aside, held against the same linters."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from rendered import rendered
from shapes import ROOT
from stage import REGION, run
from test_caches import GROUPS
from test_runtimes import FROM, the_map

TOOLS = ROOT / ".tools"


class Whole(unittest.TestCase):
    def test_a_map_with_all_there_is_passes_cfn_lint_and_checkov(self):
        with rendered(the_map(FROM) + GROUPS) as files, TemporaryDirectory() as folder:
            kinds = "".join(file.read_text(encoding="utf-8") for file in files)
            self.assertNotIn("\n#~", kinds, "nothing is put aside")
            linted = run([TOOLS / "template/bin/cfn-lint", *files])
            self.assertEqual((linted.returncode, linted.stdout), (0, ""))
            python = TOOLS / "template/bin/python"
            expanded = run([python, ROOT / "infra/bin/expand.py", folder, *files], AWS_DEFAULT_REGION=REGION)
            self.assertEqual(expanded.returncode, 0, expanded.stderr)
            self.assertEqual(len(list(Path(folder).glob("*.json"))), len(files))
            quiet = ["--quiet", "--compact", "--skip-download", "--framework", "cloudformation"]
            checked = run([TOOLS / "checkov/bin/checkov", *quiet, "--directory", folder])
            self.assertEqual(checked.returncode, 0, checked.stdout)


if __name__ == "__main__":
    unittest.main()
