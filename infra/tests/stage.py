"""What the scripts in infra/bin meet in a test: moto for AWS, and a project of their own, which is this one's
templates, map and scripts in a folder that goes with the test."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from functools import cache
from pathlib import Path

import boto3

ROOT = Path(__file__).parents[2]
BIN = ROOT / "infra/bin"
EMULATORS = ROOT / "shared/wire/emulators"
VENV = ROOT / ".venv/bin/python"
ON_MOTO = [str(EMULATORS / "deploy.py"), "--emulator", "moto"]
STAND_INS = Path(__file__).parent / "stand_ins"

sys.path.insert(0, str(BIN))

# Seconds; they take less than ten, and the first build of all some minutes.
LONGEST = 180
BUILDS = 1800
REGION = "us-east-1"
ANYBODY = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "any"}
IMAGES = {"RunnerImage": "runner", "RunnerDockerImage": "runner-docker", "DockerdImage": "dockerd"}
USUAL = {"Organisation": "acme", "GitHubAppId": "42"}


def run(
    command: list, text: str = "", folder: Path = ROOT, longest: int = LONGEST, **variables: str
) -> subprocess.CompletedProcess:
    """A command, with nothing of the caller's AWS in its environment."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "ENV"
    }
    alone = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
    }
    environment = {**kept, **ANYBODY, **alone, **variables}
    return subprocess.run(
        list(map(str, command)),
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=longest,
    )


@cache
def moto() -> str:
    """The URL of the one moto of this process, which ends with it: it takes seconds to start."""
    started = subprocess.Popen(
        [VENV, EMULATORS / "moto/serve.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(started.communicate)
    port = started.stdout.readline().strip()
    assert port, "moto has not started; standard error says why"
    return f"http://127.0.0.1:{port}"


@cache
def mayfly() -> str:
    """The command line of this project, built as a deploy runs its doctor."""
    chosen = ["-p", "mayfly", "--features", "doctor", "--bin", "mayfly", "--message-format", "json"]
    built = run(["cargo", "build", "--quiet", *chosen], longest=BUILDS)
    assert built.returncode == 0, built.stderr
    lines = [json.loads(line) for line in built.stdout.splitlines()]
    made = next(it["executable"] for it in lines if it.get("executable"))
    # A build beside this may put another one in its place.
    return shutil.copy(made, kept() / "mayfly")


class OnMoto(unittest.TestCase):
    """Each test has an AWS in which nothing is, and a project."""

    def setUp(self):
        self.url = moto()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Path(folder.name) / "project"
        for folder in ("infra/bin", "infra/map", "images/host"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / folder, self.project / folder, ignore=ignored)
        (self.project / ".ci").mkdir()
        files = ["template.yaml", "pools.toml", ".ci/check-binaries"]
        for file in [ROOT / name for name in files] + sorted((ROOT / "infra").glob("*.yaml")):
            shutil.copy(file, self.project / file.relative_to(ROOT))
        self.settings()

    def settings(self, env: str = "default", more: str = "", **given: str) -> None:
        """samconfig.toml: the usual, and what is given; None takes a line away."""
        usual = {"stack_name": "mayfly", "region": REGION}
        lines = {**usual, **{name: value for name, value in given.items() if name in usual}}
        parameters = {**USUAL, **{name: value for name, value in given.items() if name not in usual}}
        text = f"version = 0.1\n[{env}.global.parameters]\n"
        text += "".join(f'{name} = "{value}"\n' for name, value in lines.items() if value is not None)
        text += f"[{env}.global.parameters.parameter_overrides]\n"
        text += "".join(f'{name} = "{value}"\n' for name, value in parameters.items() if value is not None)
        (self.project / "samconfig.toml").write_text(text + more, encoding="utf-8")

    def script(
        self, name: str, *arguments: str, text: str = "", **variables: str
    ) -> subprocess.CompletedProcess:
        command = [sys.executable, self.project / "infra/bin" / name, *arguments]
        return run(command, text, self.project, **{"AWS_ENDPOINT_URL": self.url, **variables})

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="anybody",
            aws_secret_access_key="any",
        )


@cache
def kept() -> Path:
    """A folder for what several tests need, which goes with this process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def expanded() -> Path:
    """The templates as CloudFormation sees them."""
    templates = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
    ended = run([sys.executable, BIN / "expand.py", kept() / "ours", *templates], AWS_DEFAULT_REGION=REGION)
    assert ended.returncode == 0, ended.stderr
    return kept() / "ours"


class OnDeployed(OnMoto):
    """The templates, with `ADDED` resources, can be deployed into each test's AWS."""

    ADDED: dict = {}

    def setUp(self):
        super().setUp()
        self.folder = self.project / "expanded"
        shutil.copytree(expanded(), self.folder)
        file = self.folder / "template.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        template["Resources"] |= self.ADDED
        file.write_text(json.dumps(template), encoding="utf-8")

    def deploy(self, stack: str = "mayfly", **given: str) -> dict:
        """The stacks' resources, by template and logical id."""
        pairs = [f"{name}={value}" for name, value in {**USUAL, **IMAGES, **given}.items()]
        ended = run([VENV, *ON_MOTO, "--stack", stack, self.url, self.folder, *pairs])
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)["stacks"]


class OnProject(OnMoto):
    """Deploys go through `make deploy`'s script, with stand-ins for what builds and deploys."""

    def setUp(self):
        super().setUp()
        self.calls_file = self.project / "calls"
        for folder in ("webhook-secrets", "ticket-keys", "github-app-keys"):
            self.put(f"/mayfly/{folder}/1")

    def put(self, name: str, value: str = "a secret") -> None:
        self.client("ssm").put_parameter(Name=name, Type="SecureString", Value=value)

    def wish(self, **wishes) -> None:
        """What the stand-ins do in the place of the usual."""
        (self.project / "wishes.json").write_text(json.dumps(wishes), encoding="utf-8")

    def surroundings(self, **variables: str) -> dict[str, str]:
        path = [STAND_INS, ROOT / ".tools/template/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(map(str, path)),
            "STAND_INS": str(self.project),
            "MAYFLY": mayfly(),
            "EXPANDED": str(kept()),
            "MOTO_PYTHON": str(VENV),
            "DEPLOY_ON_MOTO": " ".join(ON_MOTO),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_ENDPOINT_URL": self.url,
            **variables,
        }

    def run_script(self, name: str, *arguments: str, text: str = "", **variables: str):
        return self.script(name, *arguments, text=text, **self.surroundings(**variables))

    def deployed(self, *arguments: str, **variables: str) -> str:
        """What a deploy that goes well has said."""
        ended = self.run_script("deploy.py", *arguments, **variables)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        return ended.stdout

    def refused(self, *lines: str, **variables: str) -> None:
        """Each line is the beginning of one, in this order; nothing was built or changed."""
        ended = self.run_script("deploy.py", **variables)
        self.assertEqual(ended.returncode, 1, ended.stdout)
        *told, last = ended.stderr.splitlines()
        self.assertEqual(len(told), len(lines), ended.stderr)
        for line, begin in zip(told, lines, strict=True):
            self.assertTrue(line.startswith(begin), f"{line}\n  does not begin with {begin}")
        self.assertEqual(last, f"deploy.py: {len(lines)} problems to fix; nothing was built or changed")
        self.assertEqual([call for call in self.calls("sam") if call != ["--version"]], [])
        self.assertEqual(self.client("iam").list_roles(PathPrefix="/aws-service-role/")["Roles"], [])

    def calls(self, name: str) -> list[list[str]]:
        """How a stand-in was called."""
        if not self.calls_file.exists():
            return []
        calls = [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]
        return [arguments for called, *arguments in calls if called == name]

    def mayfly(self, *arguments: str) -> None:
        ended = run([mayfly(), *arguments], "", self.project)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def change_map(self, change) -> None:
        file = self.project / "pools.toml"
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
