"""What the hook of a job that has ended writes into the job's own summary."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

HOOK = Path(__file__).parents[2] / "images/runner/root/usr/local/lib/mayfly/job-completed.sh"
# As PID 1 writes it: runner-init/src/summary.rs.
PARTS = {
    "pool": "fargate-x64",
    "capacity": "fargate-x64",
    "price": {"hour": 233_040_000, "least": 60_000},
    "task": 21_500,
    "runner": 7_000,
    "idle": 400,
    "begun_at": 0,
}


@unittest.skipUnless(shutil.which("jq"), "jq is not here, which the hook needs and the images bring")
class Summaries(unittest.TestCase):
    def written(self, text: str | None, **variables: str) -> tuple[str, str]:
        """The summary, and what the hook has said."""
        with tempfile.TemporaryDirectory() as folder:
            parts, summary = Path(folder) / "parts", Path(folder) / "summary"
            summary.touch()
            if text is not None:
                parts.write_text(text, encoding="utf-8")
            usual = {"PATH": os.environ["PATH"], "MAYFLY_SUMMARY": str(parts), "GITHUB_STEP_SUMMARY": str(summary)}
            ended = subprocess.run(["bash", HOOK], env=usual | variables, capture_output=True, text=True, check=False)
            self.assertEqual(ended.returncode, 0, "a hook that fails fails the job")
            return summary.read_text(encoding="utf-8"), ended.stdout

    def table(self, worked: int, **parts) -> dict[str, str]:
        """The table of a job that has worked for this many seconds."""
        begun_at = int(time.time()) - worked
        text, said = self.written(json.dumps({**PARTS, "begun_at": begun_at, **parts}))
        self.assertEqual(said, "")
        rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 7, text)
        self.last = text.splitlines()[-1]
        return {name.strip("*"): value.strip("*") for name, value in rows[2:]}

    def test_each_part_has_its_time_and_the_whole_its_price(self):
        found = self.table(3600 - 8)
        worked = found.pop("the job ran")
        self.assertIn(worked, {"59 min 52 s", "59 min 53 s", "59 min 54 s"})
        expected = {
            "the task started": "22 s",
            "the runner started": "7 s",
            "the runner waited for the job": "0 s",
            "it cost, until now": "$0.2330",
        }
        self.assertEqual(found, expected)
        self.assertEqual(self.last[: self.last.index(". ")], "`fargate-x64`, $0.23304 an hour")

    def test_a_fallbacks_capacity_is_named_and_what_has_no_price_is_said(self):
        found = self.table(2 * 3600 + 60, capacity="fargate-x64-spot", price=None)
        self.assertEqual((found["it cost, until now"], found["the job ran"]), ("no price", "2 h 1 min"))
        self.assertIn("`fargate-x64` on the capacity of `fargate-x64-spot`, for which the map of pools has no price", self.last)

    def test_a_minute_is_the_least_on_fargate_and_an_instance_is_paid_by_its_part(self):
        for least, cost in ((60_000, "$0.0600"), (0, "$0.0074")):
            price = {"hour": 3_600_000_000, "least": least}
            self.assertEqual(self.table(0, price=price, begun_at=int(time.time()) + 60)["it cost, until now"], cost)

    def test_without_a_job_or_with_what_cannot_be_read_there_is_none_and_the_job_goes_on(self):
        for text, said in ((None, ""), ("", ""), ("{", "cannot be read"), ("[]", "cannot be read"), ('{"pool": 1}', "cannot be read")):
            written, told = self.written(text)
            self.assertEqual(written, "", text)
            self.assertIn(said, told, text)
            self.assertEqual(bool(told), bool(said), text)
        self.assertEqual(self.written(json.dumps(PARTS), MAYFLY_SUMMARY=""), ("", ""))
        self.assertEqual(self.written(json.dumps(PARTS), GITHUB_STEP_SUMMARY=""), ("", ""))
