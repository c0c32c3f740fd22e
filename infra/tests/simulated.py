"""What policies allow, asked of ministack's evaluator."""

import json
import subprocess
from pathlib import Path

from shapes import ROOT

MINISTACK = ROOT / ".tools/ministack/bin/python"
SIMULATE = Path(__file__).with_name("simulate.py")


def simulated(questions: list[dict]) -> list[bool]:
    """An answer to each question of simulate.py's."""
    ended = subprocess.run(
        [MINISTACK, SIMULATE], input=json.dumps(questions), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
