"""images/logs: what start.sh makes of its words, and what Fluent Bit reads.

The configuration is read by PyYAML and held against tests/contracts/fluent-bit.toml. Where a Fluent Bit is at hand,
on the PATH or as $FLUENT_BIT, a line of a host and one of a task go through it to an endpoint.
"""

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

import yaml
from served import Quiet, serve
from shapes import ROOT, Stack, expanded

IMAGE = ROOT / "images/logs"
TABLE = tomllib.loads((ROOT / "tests/contracts/fluent-bit.toml").read_text(encoding="utf-8"))
FLUENT_BIT = os.environ.get("FLUENT_BIT") or shutil.which("fluent-bit")
ON_CLOUDWATCH = {"AWS_REGION": "eu-west-1", "MAYFLY_LOG_GROUP": "hosts"}
ON = {"LogsImage": "r.example/logs", "LogOutput": "newrelic", "LogKeyParameter": "/mayfly/log-key"}
# What every output takes, and start.sh gives to each.
USUAL = ["retry_limit=10", "tls.verify_hostname=on"]


def started(output: str, program: str, **variables: str) -> subprocess.CompletedProcess:
    """start.sh, with a stand-in for Fluent Bit."""
    told = {"MAYFLY_LOG_OUTPUT": output, "FLUENT_BIT": program, "PATH": os.environ["PATH"], **variables}
    command = [IMAGE / "start.sh"]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)


def of_page() -> list[str]:
    """The outputs that docs/OPERATIONS.md gives as examples."""
    page = (ROOT / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    return list(map("".join, re.findall(r'^LogOutput = "(.*)"$|`(nrlogs;[^`]*)`', page, re.MULTILINE)))


class Words(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "fluent-bit"
        self.program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
        self.program.chmod(0o755)

    def arguments(self, output: str, **variables: str) -> list[str]:
        ended = started(output, str(self.program), LOG_KEY="a secret", **variables)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertNotIn("a secret", ended.stdout, "whoever lists processes reads it")
        return ended.stdout.splitlines()

    def test_an_output_is_a_plugin_and_its_settings(self):
        host = Path("/proc/sys/kernel/hostname").read_text(encoding="utf-8").strip()
        cloudwatch = ["region=eu-west-1", "log_group_name=hosts", f"log_stream_prefix={host}/"]
        for output, plugin, properties in [
            ("newrelic", "nrlogs", ["license_key=${LOG_KEY}"]),
            ("cloudwatch", "cloudwatch_logs", cloudwatch),
            ("null", "null", []),
            (
                "http; host=a.example ;uri=/x?a=b;header=A b * ${LOG_KEY};",
                "http",
                ["host=a.example", "uri=/x?a=b", "header=A b * ${LOG_KEY}"],
            ),
        ]:
            told = self.arguments(output, **ON_CLOUDWATCH)
            fixed, said = told[:6], told[6:]
            self.assertEqual(fixed, ["-c", "/fluent-bit/etc/fluent-bit.conf", "-o", plugin, "-m", "*"])
            self.assertEqual(set(said[::2]), {"-p"})
            self.assertEqual(said[1::2], [*USUAL, *properties])
            known = TABLE["outputs"].get(plugin, [])
            self.assertLessEqual({it.partition("=")[0] for it in properties}, set(known), plugin)

    def test_the_pages_examples_are_taken(self):
        pattern = expanded()["template"]["Parameters"]["LogOutput"]["AllowedPattern"]
        self.assertEqual(len(outputs := of_page()), 4)
        for output in outputs:
            self.assertRegex(output, f"^{pattern}$")
            _, _, _, plugin, *said = self.arguments(output, **ON_CLOUDWATCH)
            settings = {it.partition("=")[0] for it in said[3::2]} - {it.partition("=")[0] for it in USUAL}
            self.assertLessEqual(settings, set(TABLE["outputs"][plugin]), output)

    def test_another_configuration_may_be_named(self):
        hosts = "/etc/mayfly/hosts.yaml"
        self.assertEqual(self.arguments("null", MAYFLY_LOG_CONFIG=hosts)[1], hosts)

    def test_what_is_missing_is_one_line(self):
        for output, name in [("", "MAYFLY_LOG_OUTPUT"), ("cloudwatch", "AWS_REGION")]:
            ended = started(output, str(self.program))
            self.assertNotEqual(ended.returncode, 0)
            (line,) = ended.stderr.splitlines()
            self.assertIn(name, line)


def configured(name: str) -> dict:
    """A file of the image with what it includes."""
    read = yaml.safe_load((IMAGE / "etc" / name).read_text(encoding="utf-8"))
    unknown = set(read) - {"includes", "parsers", "pipeline"}
    assert not unknown, f"{name} has {unknown}"
    found = {"parsers": read.get("parsers", []), "inputs": [], "filters": [], **read.get("pipeline", {})}
    for included in map(configured, read.get("includes", [])):
        found = {kind: each + included[kind] for kind, each in found.items()}
    return found


def files_of(config: dict) -> list[str]:
    """All that the inputs read and write."""
    named = [each.get(key) for each in config["inputs"] for key in ("path", "db")]
    return [file for names in named if names for file in names.split(",")]


class Configuration(unittest.TestCase):
    FILES = ["host-logs.yaml", "host-metrics.yaml", "hosts.yaml"]

    def test_there_are_no_others(self):
        self.assertEqual(sorted(it.name for it in (IMAGE / "etc").iterdir()), self.FILES)

    def test_every_plugin_takes_what_it_is_told(self):
        for name in self.FILES:
            config = configured(name)
            for kind in ("inputs", "filters"):
                for each in config[kind]:
                    self.assertLessEqual(set(each) - {"name"}, set(TABLE[kind][each["name"]]), each)
            parsers = {it["name"] for it in config["parsers"]}
            self.assertLessEqual({it["parser"] for it in config["inputs"] if "parser" in it}, parsers)

    def test_every_filter_has_records_and_no_two_inputs_one_place_for_their_positions(self):
        config = configured("hosts.yaml")
        tags = [it["tag"] for it in config["inputs"]]
        for each in config["filters"]:
            self.assertTrue(fnmatch.filter(tags, each["match"]), each)
        positions = [it["db"] for it in config["inputs"]]
        self.assertEqual(len(set(positions)), len(tags))

    def test_what_is_read_is_what_is_mounted(self):
        for switches, name in [
            ({"HostLogs": "on"}, "host-logs.yaml"),
            ({"HostMetrics": "on"}, "host-metrics.yaml"),
            ({"HostLogs": "on", "HostMetrics": "on"}, "hosts.yaml"),
        ]:
            stack = Stack.whole(**ON, **switches).below("Logs")
            (container,) = stack.value(stack.template["Resources"]["Task"]["Properties"]["ContainerDefinitions"])
            told = {it["Name"]: it["Value"] for it in container["Environment"]}
            self.assertEqual(told["MAYFLY_LOG_CONFIG"], f"/etc/mayfly/{name}")
            mounts = {it["ContainerPath"]: it.get("ReadOnly", False) for it in container["MountPoints"]}
            used = {m for m in mounts for file in files_of(configured(name)) if Path(file).is_relative_to(m)}
            self.assertEqual(used, set(mounts), "each is used")
            for file in files_of(configured(name)):
                (its,) = [m for m in mounts if Path(file).is_relative_to(m)]
                self.assertEqual(mounts[its], not file.endswith(".db"), file)


# What ECS writes for a container that takes logs (amazon-ecs-agent, agent/taskresource/firelens), in short.
FIRELENS = """
[INPUT]
    Name forward
    Mem_Buf_Limit 64MB
    unix_path {socket}

[FILTER]
    Name record_modifier
    Match *
    Record ecs_task_definition mayfly_fargate-x64:1
"""


def packed(value) -> bytes:
    """MessagePack, of short texts, small tables and lists, and seconds."""
    match value:
        case str():
            return b"\xd9" + bytes([len(value.encode())]) + value.encode()
        case int():
            return b"\xce" + value.to_bytes(4, "big")
        case dict():
            return bytes([0x80 | len(value)]) + b"".join(packed(it) for pair in value.items() for it in pair)
    return bytes([0x90 | len(value)]) + b"".join(map(packed, value))


class Real(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not FLUENT_BIT:
            raise unittest.SkipTest("no fluent-bit on the PATH or as $FLUENT_BIT: its configuration is read by PyYAML alone")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.got, test = Path(folder.name), [], self

        class Endpoint(Quiet):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                test.got += [(self.headers["X-Key"], json.loads(line)) for line in body.split("\n") if line]
                self.send_response(200)
                self.end_headers()

        host, _, port = serve(self, Endpoint).partition(":")
        self.output = f"http; host={host}; port={port}; format=json_lines; header=X-Key Bearer ${{LOG_KEY}}"

    def start(self, config: Path) -> None:
        told = {"MAYFLY_LOG_OUTPUT": self.output, "MAYFLY_LOG_CONFIG": str(config), "LOG_KEY": "a secret"}
        log = (self.folder / "log").open("w", encoding="utf-8")
        self.addCleanup(log.close)
        environment = {"PATH": os.environ["PATH"], "FLUENT_BIT": FLUENT_BIT, **told}
        running = subprocess.Popen([IMAGE / "start.sh"], env=environment, stdout=log, stderr=log)
        self.addCleanup(running.wait)
        self.addCleanup(running.terminate)

    def arrives(self) -> tuple[str, dict]:
        until = time.monotonic() + 30
        while not self.got and time.monotonic() < until:
            time.sleep(0.1)
        self.assertTrue(self.got, (self.folder / "log").read_text(encoding="utf-8"))
        return self.got[0]

    def host(self, name: str) -> Path:
        """A host's configuration with what it includes, and the folders that it reads and writes, in the test's
        folder: the configuration's path."""
        for each in (IMAGE / "etc").iterdir():
            text = each.read_text(encoding="utf-8")
            # A path, or one of several with commas between.
            text = re.sub(r"(?<=[ ,])/var/", f"{self.folder}/var/", text)
            (self.folder / each.name).write_text(text, encoding="utf-8")
        for folder in ("log/mayfly", "log/ecs", "log/journal", "lib/mayfly-logs"):
            (self.folder / "var" / folder).mkdir(parents=True)
        return self.folder / name

    def tried(self, output: str, config: str) -> int:
        """Its exit code when it checks the whole configuration and starts nothing."""
        program = self.folder / "dry-run"
        program.write_text(f'#!/bin/sh\nexec {FLUENT_BIT} --dry-run "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        told = {"LOG_KEY": "a secret", "MAYFLY_LOG_CONFIG": str(IMAGE / "etc" / config), **ON_CLOUDWATCH}
        return started(output, str(program), **told).returncode

    def test_it_takes_each_configuration_with_each_output_of_the_page_and_refuses_what_it_does_not_know(self):
        for config in Configuration.FILES:
            for output in of_page():
                self.assertEqual(self.tried(output, config), 0, f"{config}: {output}")
        for output in ("http; hots=a.example", "nothing; of=that"):
            self.assertNotEqual(self.tried(output, "hosts.yaml"), 0, output)

    def test_a_line_of_a_hosts_metrics_arrives(self):
        config = self.host("host-metrics.yaml")
        line = {"time": "2026-11-26T10:00:00Z", "pool": "ec2-x64", "instance": "i-0", "cpu_percent": 12.5}
        (self.folder / "var/log/mayfly/host.log").write_text(json.dumps(line) + "\n", encoding="utf-8")
        self.start(config)
        key, record = self.arrives()
        self.assertEqual(key, "Bearer a secret")
        # Its time is the record's: 10:00 of that day.
        self.assertEqual(record, {**line, "date": 1795687200.0})

    def test_a_line_of_a_hosts_logs_arrives_beside_its_metrics(self):
        """There is no instance here whose id the filter could add, and no journal of dockerd's."""
        config, log = self.host("hosts.yaml"), self.folder / "var/log/ecs/ecs-agent.log"
        log.write_text("level=info msg=registered\n", encoding="utf-8")
        self.start(config)
        key, record = self.arrives()
        record.pop("date")
        self.assertEqual((key, record), ("Bearer a secret", {"log": "level=info msg=registered", "source": str(log)}))

    def test_a_line_of_a_task_arrives(self):
        config, place = self.folder / "fluent-bit.conf", self.folder / "fluent.sock"
        config.write_text(FIRELENS.format(socket=place), encoding="utf-8")
        self.start(config)
        until = time.monotonic() + 30
        while not place.exists() and time.monotonic() < until:
            time.sleep(0.1)
        told = {"container_name": "runner", "source": "stdout", "log": "a line"}
        with socket.socket(socket.AF_UNIX) as driver:
            driver.connect(str(place))
            driver.sendall(packed(["runner-firelens-0", int(time.time()), told]))
        key, record = self.arrives()
        record.pop("date")
        self.assertEqual((key, record), ("Bearer a secret", {**told, "ecs_task_definition": "mayfly_fargate-x64:1"}))


if __name__ == "__main__":
    unittest.main()
