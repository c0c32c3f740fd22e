"""What the templates keep apart: tasks from each other, from their instance's role, and from who calls. What
they cannot keep apart, docs/SECURITY.md says."""

import json
import unittest

from authorisation import one_or_many
from launched import files, launch_templates
from shapes import ECS, Stack, expanded

# All that the ECS agent of an instance calls for itself (ECS, "Amazon ECS container instance IAM role").
OF_THE_AGENT = {
    "ecs:DeregisterContainerInstance",
    "ecs:DiscoverPollEndpoint",
    "ecs:Poll",
    "ecs:RegisterContainerInstance",
    "ecs:StartTelemetrySession",
    "ecs:SubmitAttachmentStateChanges",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
    "ecs:UpdateContainerInstancesState",
}

# What pulls an image and nothing else. An image holds no secret.
OF_A_PULL = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
}

# How full an instance's volume is (images/host), in a namespace of its own.
OF_A_MEASURE = {"cloudwatch:PutMetricData"}

OF_A_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}

# They know no resource.
ON_ALL = {"ecs:DiscoverPollEndpoint", "ecr:GetAuthorizationToken", *OF_A_MEASURE}


class OfPools(unittest.TestCase):
    def setUp(self):
        arns = {"AWS::ECS::Cluster": f"{ECS}:cluster/${{Name}}"}
        self.pools = Stack.whole("one", arns=arns).below("Pools")

    def of(self, kind: str) -> dict[str, dict]:
        found = self.pools.resources().items()
        return {it: self.pools.value(what["Properties"]) for it, what in found if what["Type"] == kind}


class Roles(OfPools):
    """A job that has taken over its instance holds these two."""

    def granted(self, role: str) -> list[tuple[set[str], list[str]]]:
        policies = self.of("AWS::IAM::Role")[role]["Policies"]
        statements = [it for policy in policies for it in policy["PolicyDocument"]["Statement"]]
        self.assertEqual({it["Effect"] for it in statements}, {"Allow"})
        return [(set(one_or_many(it["Action"])), one_or_many(it["Resource"])) for it in statements]

    def actions(self, role: str) -> set[str]:
        return {action for actions, _ in self.granted(role) for action in actions}

    def test_an_instances_role_is_for_its_agent_and_reaches_no_secret_no_ledger_and_no_queue(self):
        self.assertEqual(self.actions("InstanceRole"), OF_THE_AGENT | OF_A_PULL | OF_A_MEASURE)

    def test_the_execution_role_pulls_images_writes_the_tasks_logs_and_no_more(self):
        self.assertEqual(self.actions("ExecutionRole"), OF_A_PULL | OF_A_LOG)

    def test_neither_is_granted_on_all_what_knows_a_resource(self):
        for role in ("InstanceRole", "ExecutionRole"):
            for actions, resources in self.granted(role):
                self.assertEqual("*" in resources, actions <= ON_ALL, f"{role}: {actions}")

    def test_an_instance_joins_one_cluster_of_its_own_stack(self):
        for actions, resources in self.granted("InstanceRole"):
            if actions & OF_THE_AGENT and not actions <= ON_ALL:
                for it in resources:
                    self.assertIn(it, (f"{ECS}:cluster/one_ec2", f"{ECS}:container-instance/one_ec2/*"))

    def test_nobody_who_is_not_ecs_or_ec2_may_take_them(self):
        for role, service in (("InstanceRole", "ec2"), ("ExecutionRole", "ecs-tasks")):
            (statement,) = self.of("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": f"{service}.amazonaws.com"})


class Instances(OfPools):
    def test_the_metadata_service_is_hidden_from_tasks_and_takes_no_request_without_a_token(self):
        templates = launch_templates(self.pools)
        self.assertTrue(templates)
        for pool, data in templates.items():
            options = data["MetadataOptions"]
            self.assertEqual(options["HttpTokens"], "required", pool)
            self.assertEqual(options["HttpPutResponseHopLimit"], 1, pool)
            boot = files(data["UserData"]["Fn::Base64"])["usr/lib/mayfly/boot"].splitlines()
            self.assertIn("ECS_AWSVPC_BLOCK_IMDS=true", boot, pool)
            self.assertNotIn("KeyName", data, "nobody logs in")

    def test_a_disk_is_encrypted_and_goes_with_its_instance(self):
        for pool, data in launch_templates(self.pools).items():
            for device in data["BlockDeviceMappings"]:
                disk = device["Ebs"]
                self.assertEqual((disk["Encrypted"], disk["DeleteOnTermination"]), (True, True), pool)

    def test_no_two_pools_share_an_instance(self):
        """Each has a capacity provider of its own, and that a group. A fallback alone crosses over."""
        providers = self.of("AWS::ECS::CapacityProvider").values()
        groups = [json.dumps(it["AutoScalingGroupProvider"]["AutoScalingGroupArn"]) for it in providers]
        self.assertGreater(len(groups), 1)
        self.assertEqual(len(set(groups)), len(groups))

    def test_nobody_connects_to_a_runner_or_an_instance(self):
        groups = self.of("AWS::EC2::SecurityGroup")
        self.assertEqual(set(groups), {"RunnerSecurityGroup"})
        self.assertNotIn("SecurityGroupIngress", groups["RunnerSecurityGroup"])
        kinds = {it["Type"] for each in expanded().values() for it in each["Resources"].values()}
        self.assertNotIn("AWS::EC2::SecurityGroupIngress", kinds)


class Tasks(OfPools):
    def test_no_task_shares_a_folder_a_network_or_a_process_table_and_none_is_privileged(self):
        tasks = self.of("AWS::ECS::TaskDefinition")
        self.assertTrue(tasks)
        for logical, task in tasks.items():
            self.assertEqual(task["NetworkMode"], "awsvpc", logical)
            self.assertFalse({"PidMode", "IpcMode", "TaskRoleArn"} & set(task), logical)
            for volume in task.get("Volumes", []):
                # A folder of the instance, of EFS, or of a driver's is more than a name.
                self.assertEqual(set(volume), {"Name"}, f"{logical}: {volume}")
            for container in task["ContainerDefinitions"]:
                self.assertNotIn("Privileged", container, logical)
                self.assertNotIn("Secrets", container, "a job could read them")


class Floods(unittest.TestCase):
    def test_what_anybody_may_call_is_set_a_limit_of_its_own_and_no_other_function_shares_it(self):
        root = Stack.whole("one", ReservedConcurrency="5")
        functions = [it for it in root.resources().items() if it[1]["Type"] == "AWS::Lambda::Function"]
        set_aside = "ReservedConcurrentExecutions"
        told = {it: root.value(what["Properties"].get(set_aside)) for it, what in functions}
        told = {it: limit for it, limit in told.items() if limit is not None}
        self.assertEqual(told, {"WebhookFunction": "5", "RegistrarFunction": "5"})

    def test_an_http_api_takes_so_many_requests_a_second_and_no_more(self):
        """For both ways in; without it a flood is the whole account's concurrency."""
        for given, expected in (({}, (200, 500)), ({"RequestRate": "20", "RequestBurst": "40"}, (20, 40))):
            root = Stack.whole("one", Ingress="httpapi", **given)
            for way_in in ("WebhookIngress", "RegistrarIngress"):
                below = root.below(way_in)
                settings = below.value(below.resources()["Stage"]["Properties"])["DefaultRouteSettings"]
                found = (int(settings["ThrottlingRateLimit"]), int(settings["ThrottlingBurstLimit"]))
                self.assertEqual(found, expected, way_in)


class AtRest(unittest.TestCase):
    def test_every_log_forgets_and_all_after_one_time(self):
        groups = {}
        for stack in Stack.whole("one", LogRetentionDays="7").stacks():
            for logical, it in stack.resources().items():
                if it["Type"] == "AWS::Logs::LogGroup":
                    groups[logical] = str(stack.value(it["Properties"]["RetentionInDays"]))
        functions = {f"{it}Logs" for it in ("Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler")}
        self.assertLessEqual(functions | {"RunnerLogs"}, set(groups))
        self.assertEqual(groups.pop("CostLogs"), "90", "a quarter's accounts")
        self.assertEqual(set(groups.values()), {"7"}, groups)

    def of(self, stack: Stack, kind: str) -> list[dict]:
        return [stack.value(it["Properties"]) for it in stack.resources().values() if it["Type"] == kind]

    def test_what_is_stored_is_encrypted(self):
        storage = Stack.whole("one").below("Storage")
        queues, tables = self.of(storage, "AWS::SQS::Queue"), self.of(storage, "AWS::DynamoDB::Table")
        self.assertEqual([it["SqsManagedSseEnabled"] for it in queues], [True, True])
        # DynamoDB encrypts every table: this says that a key of AWS's own does.
        self.assertEqual([it["SSESpecification"] for it in tables], [{"SSEEnabled": False}])


if __name__ == "__main__":
    unittest.main()
