"""What a script of images/at-aws meets in a build of CodeBuild: AWS's own command, which asks moto, and a stand-in for docker."""

import os
import subprocess

from stage import REGION, ROOT, STAND_INS, OnMoto, run

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mayfly_images"
PARAMETER = "/mayfly/images"


def in_a_build(test: OnMoto, script: str, **given: str) -> subprocess.CompletedProcess:
    """Runs the script of the test's project, with what CodeBuild gives it."""
    path = [STAND_INS, ROOT / ".tools/awscli/bin", "/usr/bin", "/bin"]
    usual = {
        **{"PARAMETER": PARAMETER, "REPOSITORY": REPOSITORY, "NO_PROXY": "127.0.0.1", "STAND_INS": str(test.project)},
        **{"PATH": os.pathsep.join(map(str, path)), "TMPDIR": str(test.project)},
        **{"AWS_ENDPOINT_URL": test.url, "AWS_DEFAULT_REGION": REGION},
    }
    return run([test.project / "images/at-aws" / script], "", test.project, **{**usual, **given})
