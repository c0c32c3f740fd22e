"""What the templates call what they make: no two stacks share a name, and each is one that AWS takes."""

import re
import unittest

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from shapes import NAMES, PSEUDO, Stack, expanded

# What looks like a name and is another resource's, or is no name at all.
NO_NAMES = {
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::EC2::VPCEndpoint", "ServiceName"),
    ("AWS::ECS::ClusterCapacityProviderAssociations", "Cluster"),
    ("AWS::ECS::Service", "Cluster"),
    ("AWS::Lambda::EventInvokeConfig", "FunctionName"),
    ("AWS::Lambda::EventInvokeConfig", "Qualifier"),
    ("AWS::Lambda::EventSourceMapping", "FunctionName"),
    ("AWS::Lambda::Permission", "FunctionName"),
    ("AWS::Logs::LogStream", "LogGroupName"),
    ("AWS::S3::BucketPolicy", "Bucket"),
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    # A name in its own namespace, or its own group.
    ("AWS::ServiceDiscovery::Service", "Name"),
    ("AWS::Logs::LogStream", "LogStreamName"),
}


def like_names(kind: str, properties: dict) -> set[tuple[str, str]]:
    """The properties that could be a name: by what they are called, and by the type's schema, as cfn-lint
    has it from CloudFormation's registry, whose primary identifier is what no two resources share. An id is
    AWS's to give, and another resource's here."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(PSEUDO["AWS::Region"], kind).schema
    by_schema = {it.removeprefix("/properties/") for it in schema["primaryIdentifier"]}
    called = {it for it in properties if it.endswith("Name") or it == "Family"}
    return {(kind, it) for it in properties if it in by_schema | called and not it.endswith("Id")}


# Of types with names of their own, what else CloudFormation replaces a resource for. The new one is made before
# the old one goes, and fails where both have one name.
REPLACED = {
    # A new one is a revision of the same family.
    "AWS::ECS::TaskDefinition": {
        "ContainerDefinitions",
        "Cpu",
        "EphemeralStorage",
        "ExecutionRoleArn",
        "Memory",
        "NetworkMode",
        "RequiresCompatibilities",
        "RuntimePlatform",
        "TaskRoleArn",
        "Volumes",
    },
    # A new one is a version of the same layer.
    "AWS::Lambda::LayerVersion": {"Content", "Description"},
    # API Gateway takes a name twice. The protocol is the same text for ever.
    "AWS::ApiGatewayV2::Api": {"ProtocolType"},
    # The group's name, which changes with the provider's and never without.
    "AWS::ECS::CapacityProvider": {"AutoScalingGroupProvider/AutoScalingGroupArn"},
    # Another network has a zone of that name too.
    "AWS::ServiceDiscovery::PrivateDnsNamespace": {"Vpc"},
}


def is_set(properties: dict, path: str) -> bool:
    *folders, last = path.split("/")
    for folder in folders:
        properties = properties.get(folder, {})
    return last in properties


class Names(unittest.TestCase):
    def test_nothing_with_a_name_is_replaced_by_one_of_the_same_name(self):
        found = {}
        for template in expanded().values():
            for resource in template["Resources"].values():
                kind, properties = resource["Type"], resource.get("Properties", {})
                schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(PSEUDO["AWS::Region"], kind).schema
                paths = [it.removeprefix("/properties/") for it in schema.get("createOnlyProperties", [])]
                if NAMES.get(kind) in properties:
                    others = {it for it in paths if it != NAMES[kind] and is_set(properties, it)}
                    found.setdefault(kind, set()).update(others)
        self.assertEqual({kind: others for kind, others in found.items() if others}, REPLACED)
        pools = Stack.whole("one").below("Pools")
        for logical, resource in pools.resources().items():
            if resource["Type"] == "AWS::ECS::CapacityProvider":
                group = resource["Properties"]["AutoScalingGroupProvider"]["AutoScalingGroupArn"]["Ref"]
                self.assertEqual(pools.named(group), pools.named(logical))

    def test_the_list_of_names_is_what_the_templates_have(self):
        found = set()
        for template in expanded().values():
            for resource in template["Resources"].values():
                found |= like_names(resource["Type"], resource.get("Properties", {}))
        self.assertEqual(found, NO_NAMES | set(NAMES.items()))

    def names(self, stack: str) -> list[tuple[str, str]]:
        """Each type with a name, of one stack and all below it."""
        found = []
        for ingress in ("url", "httpapi"):
            given = {
                **{"NatGateways": "2", "ParametersPath": f"/{stack}", "DockerHubMirror": "on"},
                **{"ImageBuilds": "on", "AutomaticImages": "on"},
                "AlarmEmail": "team@example.com",
            }
            whole = Stack.whole(stack, Ingress=ingress, **given)
            for each in whole.stacks():
                for logical, resource in each.resources().items():
                    if NAMES.get(resource["Type"]) in resource.get("Properties", {}):
                        found.append((resource["Type"], each.named(logical)))
        return found

    def test_two_stacks_side_by_side_share_no_name(self):
        one, other = self.names("one"), self.names("one-more")
        self.assertEqual({kind for kind, _ in one}, set(NAMES), "of each type that has names")
        self.assertEqual(set(one) & set(other), set())
        for stack, named in (("one", one), ("one-more", other)):
            for kind, name in named:
                kinds = {"AWS::SSM::Parameter": f"/{stack}/", "AWS::ServiceDiscovery::PrivateDnsNamespace": f"{stack}."}
                begins = kinds.get(kind, f"{stack}_")
                self.assertTrue(name.startswith(begins), f"{kind} {name}")

    def test_one_stack_has_no_name_twice(self):
        pools = Stack.whole().below("Pools")
        named = [(it["Type"], pools.named(logical)) for logical, it in pools.resources().items()]
        self.assertEqual(len(named), len(set(named)))

    def test_what_acts_or_outlives_the_stack_has_its_tag(self):
        kinds = {
            "AWS::AutoScaling::AutoScalingGroup",
            "AWS::DynamoDB::Table",
            "AWS::ECS::CapacityProvider",
            "AWS::ECS::Cluster",
            "AWS::ECS::TaskDefinition",
            "AWS::SQS::Queue",
        }
        seen = set()
        for stack in Stack.whole("one").stacks():
            for logical, resource in stack.resources().items():
                if (kind := resource["Type"]) in kinds:
                    tags = {it["Key"]: it for it in stack.value(resource["Properties"]["Tags"])}
                    self.assertEqual(tags["mayfly:stack"]["Value"], "one", logical)
                    if kind == "AWS::AutoScaling::AutoScalingGroup":
                        self.assertTrue(tags["mayfly:stack"]["PropagateAtLaunch"], "its instances have it too")
                    seen.add(kind)
        self.assertEqual(seen, kinds)


class Patterns(unittest.TestCase):
    """CloudFormation's are Java's regular expressions; what is used of them means the same in Python."""

    def pattern(self, template: str, parameter: str) -> re.Pattern:
        told = expanded()[template]["Parameters"][parameter]
        self.assertTrue(told["ConstraintDescription"])
        return re.compile(told["AllowedPattern"])

    def test_the_parameters_path_is_one_that_systems_manager_takes(self):
        pattern = self.pattern("template", "ParametersPath")
        for path, takes, why in [
            ("/mayfly", True, "the usual one"),
            ("/ci/mayfly.1/Two_3", True, "all that a name may have"),
            ("/awareness", True, "it only begins like aws"),
            ("/ci/aws/ssm", True, "they are not at its beginning"),
            ("/l" * 13, True, "with two more, fifteen levels"),
            ("/l" * 14, False, "sixteen levels"),
            ("/aws", False, "reserved"),
            ("/AWS/mayfly", False, "reserved in every case"),
            ("/awsome", False, "a prefix is what is reserved, not a level"),
            ("/Ssm-mayfly", False, "reserved"),
            ("mayfly", False, "no slash"),
            ("/mayfly/", False, "a slash at its end"),
            ("/may fly", False, "a space"),
        ]:
            self.assertEqual(bool(pattern.fullmatch(path)), takes, f"{path}: {why}")

    def test_the_log_keys_parameter_is_one_that_somebody_can_make(self):
        pattern = self.pattern("template", "LogKeyParameter")
        for name, takes, why in [
            ("", True, "none is needed"),
            ("/mayfly/log-key", True, "the usual one"),
            ("/l" * 15, True, "fifteen levels"),
            ("/l" * 16, False, "sixteen levels"),
            ("/aws/log-key", False, "reserved"),
            ("/SSM-keys/one", False, "reserved in every case"),
            ("log-key", False, "its ARN would lack a slash"),
            ("/mayfly/", False, "a slash at its end"),
        ]:
            self.assertEqual(bool(pattern.fullmatch(name)), takes, f"{name}: {why}")

    def test_the_stacks_name_is_one_that_capacity_providers_take(self):
        pattern = self.pattern("pools", "Name")
        for name in ("mayfly", "my-ecs", "ec2"):
            self.assertTrue(pattern.fullmatch(name), name)
        for name in ("ecs-ci", "AWS-ci", "Fargate1"):
            self.assertFalse(pattern.fullmatch(name), name)


if __name__ == "__main__":
    unittest.main()
