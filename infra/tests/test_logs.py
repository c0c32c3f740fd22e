"""Logs and metrics of hosts and tasks: what each switch makes of the templates, and what a deploy refuses."""

import json
import unittest

from registry import Registry
from shapes import Stack
from stage import OnProject

HTTP = "http; host=logs.example.com; tls=on; header=X-Key ${LOG_KEY}"
ON = {"LogsImage": "r.example/logs", "LogOutput": HTTP, "LogKeyParameter": "/mayfly/log-key"}
KEY = "arn:aws:ssm:us-east-1:123456789012:parameter/mayfly/log-key"
CLOUDWATCH = {"LogsImage": "r.example/logs", "LogOutput": "cloudwatch"}
HOSTS = {"HostLogs": "on", "HostMetrics": "on"}


def tasks(root: Stack) -> dict[str, dict]:
    """The pools' task definitions, by logical id."""
    pools = root.below("Pools")
    found = pools.resources().items()
    return {it: pools.value(what["Properties"]) for it, what in found if what["Type"] == "AWS::ECS::TaskDefinition"}


def containers(task: dict) -> dict[str, dict]:
    return {it["Name"]: it for it in task["ContainerDefinitions"]}


def granted(stack: Stack, role: str) -> dict[str, dict]:
    """What a role may do, by the statements' Sids."""
    (policy,) = stack.value(stack.resources()[role]["Properties"]["Policies"])
    return {it["Sid"]: it for it in policy["PolicyDocument"]["Statement"]}


class Tasks(unittest.TestCase):
    def test_off_and_cloudwatch_are_what_ecs_does_itself(self):
        off = Stack.whole()
        self.assertNotIn("Logs", off.resources())
        self.assertNotIn("ReadTheLogKey", granted(off.below("Pools"), "ExecutionRole"))
        for task in tasks(off).values():
            named = containers(task)
            self.assertIn(set(named), ({"runner"}, {"runner", "dockerd"}))
            for it in named.values():
                self.assertEqual(it["LogConfiguration"]["LogDriver"], "awslogs")
                self.assertEqual(it["LogConfiguration"]["Options"]["awslogs-group"], "mayfly-Pools-ID-RunnerLogs-ID")
        same = Stack.whole(TaskLogs="on", **CLOUDWATCH)
        self.assertEqual(tasks(same), tasks(off), "a task has no role to write there itself")
        self.assertNotIn("Logs", same.resources())

    def test_a_third_container_takes_the_tasks_logs(self):
        routed = Stack.whole(TaskLogs="on", **ON)
        self.assertNotIn("Logs", routed.resources(), "nothing of the hosts")
        for logical, task in tasks(routed).items():
            named = containers(task)
            logs = named.pop("logs")
            for it in named.values():
                self.assertEqual(it["LogConfiguration"], {"LogDriver": "awsfirelens"}, logical)
            self.assertEqual(logs["FirelensConfiguration"], {"Type": "fluentbit"})
            self.assertFalse(logs["Essential"], "a job goes on without it")
            self.assertEqual(logs["Memory"], 128)
            self.assertEqual(logs["Image"], "r.example/logs")
            self.assertEqual(logs["Environment"], [{"Name": "MAYFLY_LOG_OUTPUT", "Value": HTTP}])
            self.assertEqual(logs["Secrets"], [{"Name": "LOG_KEY", "ValueFrom": KEY}])
            self.assertEqual(logs["LogConfiguration"]["LogDriver"], "awslogs", "its own, of what goes wrong")
            self.assertNotIn("TaskRoleArn", task)
        off = tasks(Stack.whole())
        for logical, task in tasks(routed).items():
            self.assertEqual((task["Cpu"], task["Memory"]), (off[logical]["Cpu"], off[logical]["Memory"]))

    def test_the_execution_role_reads_the_one_key(self):
        may = granted(Stack.whole(TaskLogs="on", **ON).below("Pools"), "ExecutionRole")["ReadTheLogKey"]
        self.assertEqual((may["Action"], may["Resource"]), ("ssm:GetParameters", KEY))
        keyless = Stack.whole(TaskLogs="on", **{**ON, "LogKeyParameter": ""})
        self.assertNotIn("ReadTheLogKey", granted(keyless.below("Pools"), "ExecutionRole"))
        for task in tasks(keyless).values():
            self.assertNotIn("Secrets", containers(task)["logs"])
        hosts = Stack.whole(**HOSTS, **ON)
        self.assertNotIn("ReadTheLogKey", granted(hosts.below("Pools"), "ExecutionRole"), "no task needs it")


class Hosts(unittest.TestCase):
    def of(self, **given: str) -> Stack:
        return Stack.whole(**given).below("Logs")

    def test_a_task_on_each_instance(self):
        stack = self.of(**HOSTS, **ON)
        service = stack.value(stack.resources()["Service"]["Properties"])
        self.assertEqual((service["SchedulingStrategy"], service["LaunchType"]), ("DAEMON", "EC2"))
        self.assertEqual(service["Cluster"], "<mayfly-Pools-ID-InstanceCluster.Arn>")
        task = stack.value(stack.resources()["Task"]["Properties"])
        # The launcher may run what begins with mayfly_, and a pool is what does.
        self.assertNotIn("Family", task)
        self.assertEqual(task["NetworkMode"], "host")
        (logs,) = task["ContainerDefinitions"]
        self.assertNotIn("PortMappings", logs)
        # Of 32 GiB two runners leave 2 GiB, and the system takes most of it.
        self.assertLess(logs["Memory"], 200)
        self.assertTrue(all(it.get("ReadOnly") for it in logs["MountPoints"] if it["SourceVolume"] != "mayfly-logs"))
        self.assertEqual({it["SourceVolume"] for it in logs["MountPoints"]}, {it["Name"] for it in task["Volumes"]})

    def test_only_what_is_switched_on_is_mounted(self):
        for switches, volumes in [
            ({"HostLogs": "on"}, {"agent", "cloud-init", "journal"}),
            ({"HostMetrics": "on"}, {"metrics"}),
            (HOSTS, {"agent", "cloud-init", "journal", "metrics"}),
        ]:
            stack = self.of(**switches, **ON)
            task = stack.value(stack.resources()["Task"]["Properties"])
            self.assertEqual({it["Name"] for it in task["Volumes"]}, {"mayfly-logs", *volumes})

    def test_a_role_with_cloudwatch_alone(self):
        for given, role in [
            ({**HOSTS, **ON}, False),
            ({"HostLogs": "on", **CLOUDWATCH}, True),
            ({**HOSTS, **CLOUDWATCH}, True),
        ]:
            stack = self.of(**given)
            resources = stack.resources()
            self.assertEqual("TaskRole" in resources, role)
            task = stack.value(resources["Task"]["Properties"])
            self.assertEqual("TaskRoleArn" in task, role)

    def test_the_key_is_read_where_there_is_one_to_use(self):
        may = granted(self.of(**HOSTS, **ON), "ExecutionRole")["ReadTheLogKey"]
        self.assertEqual((may["Action"], may["Resource"]), ("ssm:GetParameters", KEY))
        unused = self.of(**HOSTS, **CLOUDWATCH, LogKeyParameter="/mayfly/log-key")
        self.assertNotIn("ReadTheLogKey", granted(unused, "ExecutionRole"))
        self.assertNotIn("parameter/mayfly", json.dumps(unused.value(unused.resources()["Task"]["Properties"])))


class Refused(OnProject):
    def test_what_makes_no_sense_together(self):
        many = {"HostLogs": "on", "HostMetrics": "on", "TaskLogs": "on"}
        for given, line in [
            ({"HostLogs": "on"}, "HostLogs is on, and LogOutput is empty: set it to a destination, for example cloudwatch"),
            (many, "HostLogs, HostMetrics, TaskLogs are on, and LogOutput is empty: "),
            (
                {**many, "LogOutput": "cloudwatch"},
                "HostLogs, HostMetrics are on, and LogsImage is empty: `make images PUSH=…` builds it",
            ),
            (
                {"TaskLogs": "on", **ON, "LogOutput": "newrelic", "LogKeyParameter": ""},
                "LogOutput is newrelic, and LogKeyParameter is empty: name the SecureString that has the key",
            ),
            ({"TaskLogs": "on", **ON, "LogKeyParameter": ""}, "LogOutput is http; host=logs.example.com; "),
        ]:
            self.settings(**given)
            self.refused(f"settings: {line}")

    def test_words_that_are_none(self):
        output = "settings: LogOutput is {!r}; it is cloudwatch, newrelic, or a Fluent Bit output "
        for given, line in [
            ({"LogOutput": "cloudwatch; region=eu-west-1"}, output),
            ({"LogOutput": "http host=logs.example.com"}, output),
            ({"LogOutput": "http; tls"}, output),
            ({"LogOutput": "Http; tls=on"}, output),
            ({"LogKeyParameter": "log-key"}, "settings: LogKeyParameter is {!r}; it is the name of a parameter "),
            ({"TaskLogs": "yes"}, "settings: TaskLogs is {!r}; it is one of off, on"),
        ]:
            self.settings(**given)
            self.refused(line.format(next(iter(given.values()))))

    def test_a_key_that_is_not_there(self):
        registry = Registry(self, {"logs": {"one": ["amd64", "arm64"]}})
        image = {"LogsImage": f"{registry.host}/logs:one"}
        self.settings(TaskLogs="on", **{**ON, **image})
        way = (
            "`aws ssm put-parameter --type SecureString --name /mayfly/log-key --value file://KEY --region us-east-1`"
        )
        self.refused(f"log key: /mayfly/log-key is not in us-east-1: {way}")
        self.client("ssm").put_parameter(Name="/mayfly/log-key", Type="String", Value="a secret")
        self.refused("log key: /mayfly/log-key is a String, but must be a SecureString: delete it, then ")


class Deployed(OnProject):
    def test_an_image_by_its_digest_and_a_key_that_is_there(self):
        registry = Registry(self, {"logs": {"one": ["amd64", "arm64"]}})
        self.put("/mayfly/log-key")
        self.settings(TaskLogs="on", HostMetrics="on", **{**ON, "LogsImage": f"{registry.host}/logs:one"})
        said = self.deployed()
        self.assertIn("log key: /mayfly/log-key is there", said)
        pinned = f"{registry.host}/logs@{registry.digest('logs', 'one')}"
        self.assertIn(f"LogsImage is {pinned}; RunnerImage is empty: ", said)
        ecs = self.client("ecs")
        found = ecs.describe_task_definition(taskDefinition="mayfly_fargate-x64")["taskDefinition"]
        logs = {it["name"]: it for it in found["containerDefinitions"]}["logs"]
        told = {it["name"]: it["value"] for it in logs["environment"]}
        # The words are CloudFormation's to hand on, and Fluent Bit's to fill in.
        self.assertEqual((logs["image"], told["MAYFLY_LOG_OUTPUT"]), (pinned, HTTP))
        self.assertEqual(len(ecs.list_services(cluster="mayfly_ec2")["serviceArns"]), 1)
        # Fluent Bit's task definition is not a pool that has left the map.
        self.assertIn("pools: none is dropped", self.deployed())


if __name__ == "__main__":
    unittest.main()
