"""What an account may want otherwise: a boundary for roles, a key of its own, tags on all, a network without NAT,
volumes, sessions, and repositories. Each on the expanded templates."""

import unittest

from authorisation import one_or_many
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from launched import launch_templates
from shapes import PSEUDO, Stack, expanded

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
LOGS = {
    **{"HostLogs": "on", "HostMetrics": "on", "TaskLogs": "on", "LogsImage": "r.example/logs"},
    **{"LogOutput": "cloudwatch", "DockerHubMirror": "on", "MirrorImage": "r.example/mirror"},
    **{"ImageBuilds": "on", "AutomaticImages": "on"},
}

# Types that take no tags of a stack. Launch templates take tags of their own; of the others, what they belong to
# has them.
WITHOUT_TAGS = {
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::IAM::InstanceProfile",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::LogStream",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
}


def of_type(kind: str, **given: str) -> dict[str, dict]:
    """In the whole stack, by the stack's and the resource's name."""
    return {
        f"{stack.name} {logical}": stack.value(it["Properties"])
        for stack in Stack.whole("one", **given).stacks()
        for logical, it in stack.resources().items()
        if it["Type"] == kind
    }


class Boundary(unittest.TestCase):
    def test_every_role_has_the_boundary_where_one_is_given_and_none_otherwise(self):
        with_it = of_type("AWS::IAM::Role", **LOGS, PermissionsBoundary=BOUNDARY)
        self.assertGreaterEqual(len(with_it), 11)
        for where, role in with_it.items():
            self.assertEqual(role.get("PermissionsBoundary"), BOUNDARY, where)
        for where, role in of_type("AWS::IAM::Role", **LOGS).items():
            self.assertNotIn("PermissionsBoundary", role, where)


class Key(unittest.TestCase):
    def test_logs_queues_table_and_topic_have_the_key(self):
        given = {**LOGS, "KmsKeyArn": KEY, "AlarmEmail": "team@example.com"}
        for where, group in of_type("AWS::Logs::LogGroup", **given).items():
            self.assertEqual(group["KmsKeyId"], KEY, where)
        queues = of_type("AWS::SQS::Queue", **given).values()
        self.assertEqual({(it["KmsMasterKeyId"], it["SqsManagedSseEnabled"]) for it in queues}, {(KEY, False)})
        (table,) = of_type("AWS::DynamoDB::Table", **given).values()
        self.assertEqual(
            table["SSESpecification"], {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
        )
        (topic,) = of_type("AWS::SNS::Topic", **given).values()
        self.assertEqual(topic["KmsMasterKeyId"], KEY)

    def test_each_function_may_use_it_for_queue_and_table_alone(self):
        for given, found in (({}, []), ({"KmsKeyArn": KEY}, [KEY])):
            root = Stack.whole("one", **given)
            for function in ("Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler"):
                role = root.value(root.resources()[f"{function}Role"]["Properties"])
                statements = [it for each in role["Policies"] for it in each["PolicyDocument"]["Statement"]]
                of_key = [it for it in statements if any(a.startswith("kms:") for a in one_or_many(it["Action"]))]
                self.assertEqual([it["Resource"] for it in of_key], found, function)
                for it in of_key:
                    services = it["Condition"]["StringEquals"]["kms:ViaService"]
                    self.assertEqual(services, ["sqs.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com"])


class Taggable(unittest.TestCase):
    """`make deploy` gives the stack its tags, and CloudFormation hands them to whatever takes some."""

    def test_every_type_takes_the_stacks_tags_or_is_known_to_take_none(self):
        found = set()
        for template in expanded().values():
            for resource in template["Resources"].values():
                schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(PSEUDO["AWS::Region"], resource["Type"]).schema
                if not schema.get("tagging", {}).get("taggable", "Tags" in schema["properties"]):
                    found.add(resource["Type"])
        self.assertEqual(found, WITHOUT_TAGS)

    def test_what_auto_scaling_starts_has_the_tag_too(self):
        """A group hands its own to instances, and none to their volumes."""
        pools = Stack.whole("one").below("Pools")
        templates, tag = launch_templates(pools), [{"Key": "mayfly:stack", "Value": "one"}]
        self.assertTrue(templates)
        for resource in pools.resources().values():
            if resource["Type"] == "AWS::EC2::LaunchTemplate":
                told = pools.value(resource["Properties"]["TagSpecifications"])
                self.assertEqual(told, [{"ResourceType": "launch-template", "Tags": tag}])
        for pool, data in templates.items():
            told = {it["ResourceType"]: it["Tags"] for it in data["TagSpecifications"]}
            self.assertEqual(told, {"volume": tag}, pool)


class Network(unittest.TestCase):
    def gateways(self, pools_on_ec2: str, **given: str) -> int:
        root = Stack.whole("one", **given)
        network = root.below("Network")
        network.parameters["HasInstancePools"] = pools_on_ec2
        return sum(it["Type"] == "AWS::EC2::NatGateway" for it in network.resources().values())

    def test_a_gateway_is_there_where_a_pool_on_ec2_needs_it_or_somebody_wants_it(self):
        for told, pools_on_ec2, expected in (
            ("auto", "true", 1),
            ("auto", "false", 0),
            ("0", "true", 0),
            ("1", "false", 1),
            ("2", "true", 2),
        ):
            found = self.gateways(pools_on_ec2, NatGateways=told)
            self.assertEqual(found, expected, f"{told}, pools on EC2: {pools_on_ec2}")

    def test_the_map_says_whether_there_are_pools_on_ec2(self):
        root = Stack.whole("one")
        self.assertEqual(root.below("Network").parameters["HasInstancePools"], "true", "in the shipped map")
        self.assertEqual(root.below("Network").parameters["NatGateways"], "auto")

    def test_without_a_gateway_fargates_tasks_have_public_addresses(self):
        for told, address in (("0", "ENABLED"), ("auto", "DISABLED"), ("1", "DISABLED")):
            network = Stack.whole("one", NatGateways=told).below("Network")
            self.assertEqual(network.value(network.template["Outputs"]["FargatePublicAddress"]["Value"]), address)

    def test_stacks_that_share_a_network_make_none_of_their_own(self):
        shared = Stack.whole("one", VpcId="vpc-1", SubnetIds='subnet-1","subnet-2')
        kinds = {it["Type"] for stack in shared.stacks() for it in stack.resources().values()}
        self.assertFalse(kinds & {"AWS::EC2::VPC", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Subnet"})


class Instances(unittest.TestCase):
    def docker_disks(self, **given: str) -> list[dict]:
        found = launch_templates(Stack.whole("one", **given).below("Pools")).values()
        return [it["Ebs"] for data in found for it in data["BlockDeviceMappings"] if it["DeviceName"] == "/dev/xvdb"]

    def test_dockers_volume_is_as_fast_as_somebody_says(self):
        for given, expected in (({}, (250, 3000)), ({"DiskThroughput": "500", "DiskIops": "6000"}, (500, 6000))):
            disks = self.docker_disks(**given)
            self.assertTrue(disks)
            for disk in disks:
                self.assertEqual((int(disk["Throughput"]), int(disk["Iops"])), expected)

    def test_sessions_are_for_who_wants_them(self):
        for told, expected in (("off", set()), ("on", {"ssm:UpdateInstanceInformation"})):
            root = Stack.whole("one", InstanceSessions=told).below("Pools")
            policies = root.value(root.resources()["InstanceRole"]["Properties"])["Policies"]
            statements = [it for each in policies for it in each["PolicyDocument"]["Statement"]]
            granted = {action for it in statements for action in one_or_many(it["Action"])}
            self.assertEqual({it for it in granted if it.startswith("ssm:")}, expected)
            channels = {it for it in granted if it.startswith("ssmmessages:")}
            self.assertEqual(len(channels), 4 if expected else 0)

    def test_the_scheduler_sets_a_groups_minimum_and_no_maximum(self):
        root = Stack.whole("one")
        policies = root.value(root.resources()["SchedulerRole"]["Properties"])["Policies"]
        statements = [it for each in policies for it in each["PolicyDocument"]["Statement"]]
        (sets,) = [it for it in statements if it["Action"] == "autoscaling:UpdateAutoScalingGroup"]
        absent = {"Null": {"autoscaling:MinSize": False, "autoscaling:MaxSize": True}}
        self.assertEqual(sets["Condition"], absent)


class Repositories(unittest.TestCase):
    ONE = "arn:aws:ecr:us-east-1:123456789012:repository/mayfly"
    OTHER = "arn:aws:ecr:us-east-1:210987654321:repository/team/runner"

    def pulls_from(self, **given: str) -> list[list[str]]:
        roles = of_type("AWS::IAM::Role", **LOGS, **given)
        statements = [
            it
            for where, role in roles.items()
            if where.endswith(" ExecutionRole")
            for each in role["Policies"]
            for it in each["PolicyDocument"]["Statement"]
        ]
        return [it["Resource"] for it in statements if it["Sid"] == "PullImages"]

    def test_ecs_pulls_from_the_stacks_repositories_alone(self):
        given = ",".join([self.ONE, self.OTHER])
        self.assertEqual(self.pulls_from(ImageRepositories=given), [[self.ONE, self.OTHER]] * 3)

    def test_a_deploy_by_hand_that_names_none_may_pull_what_the_account_may_read(self):
        everything = ["arn:aws:ecr:us-east-1:*:repository/*"]
        self.assertEqual(self.pulls_from(), [everything] * 3)


if __name__ == "__main__":
    unittest.main()
