"""What the scripts in infra/bin meet in a test: moto for AWS, and a GitHub of a few lines."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3

ROOT = Path(__file__).parents[2]
BIN = ROOT / "infra/bin"
MOTO = ROOT / "shared/wire/moto"
VENV = ROOT / ".venv/bin/python"

sys.path.insert(0, str(BIN))

# Seconds; they take less than ten.
LONGEST = 180
REGION = "us-east-1"
ANYBODY = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": REGION}


def run(command: list, text: str = "", **variables: str) -> subprocess.CompletedProcess:
    """A command, with nothing of the caller's AWS in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    alone = {"AWS_CONFIG_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1"}
    environment = {**kept, **ANYBODY, **alone, **variables}
    return subprocess.run(
        list(map(str, command)),
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )


class OnMoto(unittest.TestCase):
    """Each test has a moto of its own, which ends with it."""

    def setUp(self):
        moto = subprocess.Popen(
            [VENV, MOTO / "serve.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(moto.communicate)
        port = moto.stdout.readline().strip()
        self.assertTrue(port, "moto has not started; standard error says why")
        self.url = f"http://127.0.0.1:{port}"

    def script(self, name: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess:
        return run([sys.executable, BIN / name, *arguments], text, AWS_ENDPOINT_URL=self.url)

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="anybody",
            aws_secret_access_key="any",
        )


class OnDeployed(OnMoto):
    """The templates are expanded once, with `ADDED` resources, and deployed into each test's moto."""

    ADDED: dict = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        templates = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
        ended = run([sys.executable, BIN / "expand.py", cls.folder, *templates])
        assert ended.returncode == 0, ended.stderr
        file = cls.folder / "template.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        template["Resources"] |= cls.ADDED
        file.write_text(json.dumps(template), encoding="utf-8")

    def deploy(self, **given: str) -> dict:
        """The stacks' resources, by template and logical id."""
        images = {"RunnerImage": "runner", "RunnerDockerImage": "runner-docker", "DockerdImage": "dockerd"}
        usual = {"Organisation": "acme", "GitHubAppId": "42", **images}
        pairs = [f"{name}={value}" for name, value in {**usual, **given}.items()]
        ended = run([VENV, MOTO / "deploy.py", self.url, self.folder, *pairs])
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)["stacks"]


class GitHubStandIn:
    """Two pages of runners, and whatever answers a test puts before the usual ones: `answers` holds, by
    method and path, statuses with headers, each for one call."""

    def __init__(self, runners: dict[int, str], organisation: str = "acme"):
        self.runners, self.organisation = dict(runners), organisation
        self.answers: dict[str, list[tuple[int, dict]]] = {}
        self.bearers: list[tuple[str, str]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                stand_in.handle(self)

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("content-length", 0)))
        path, _, query = request.path.partition("?")
        call = f"{request.command} {path}"
        self.bearers.append((call, request.headers.get("authorization", "").removeprefix("Bearer ")))
        if self.answers.get(call):
            status, headers = self.answers[call].pop(0)
            body = {"message": "as the test wants it"}
        else:
            status, headers, body = self.usual(request.command, path, query)
        data = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def usual(self, method: str, path: str, query: str) -> tuple[int, dict, dict | None]:
        of_organisation = f"/orgs/{self.organisation}"
        runners = f"{of_organisation}/actions/runners"
        if (method, path) == ("GET", f"{of_organisation}/installation"):
            return 200, {}, {"id": 7}
        if (method, path) == ("POST", "/app/installations/7/access_tokens"):
            return 201, {}, {"token": "of-the-installation"}
        if (method, path) == ("GET", runners):
            both = sorted(self.runners.items())
            half = (len(both) + 1) // 2
            second = "page=2" in query
            listed = [{"id": number, "name": name} for number, name in (both[half:] if second else both[:half])]
            more = {} if second else {"link": f'<{self.url}{runners}?per_page=100&page=2>; rel="next"'}
            return 200, more, {"total_count": len(both), "runners": listed}
        if method == "DELETE" and path.startswith(f"{runners}/"):
            found = self.runners.pop(int(path.rpartition("/")[2]), None)
            return (204, {}, None) if found else (404, {}, {"message": "Not Found"})
        return 404, {}, {"message": "Not Found"}
