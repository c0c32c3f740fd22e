"""The mirror of Docker Hub: what the switch makes of the templates, what its role may do, and what a deploy refuses.
`test_mirror_serves.py` runs it."""

import unittest

from registry import Registry
from shapes import Stack
from simulated import simulated
from stage import OnProject

ARNS = {"AWS::S3::Bucket": "arn:${Partition}:s3:::${Name}"}
ON = {"DockerHubMirror": "on", "MirrorImage": "r.example/mirror"}
KEY = "arn:aws:ssm:us-east-1:123456789012:parameter/mayfly/docker-hub"
URL = "http://mirror.one.internal:5000"


def stack(**given: str) -> Stack:
    return Stack.whole("one", arns=ARNS, **{**ON, **given})


def mirror(**given: str) -> Stack:
    return stack(**given).below("Mirror")


def properties(of: Stack, logical: str) -> dict:
    return of.value(of.resources()[logical]["Properties"])


def policy(of: Stack, role: str) -> dict:
    (only,) = properties(of, role)["Policies"]
    return only["PolicyDocument"]


def told(root: Stack) -> set[str]:
    """The mirror that the daemons beside runners have."""
    pools = root.below("Pools")
    return {
        it["Value"]
        for what in pools.resources().values()
        if what["Type"] == "AWS::ECS::TaskDefinition"
        for container in pools.value(what["Properties"])["ContainerDefinitions"]
        for it in container.get("Environment", [])
        if it["Name"] == "MAYFLY_REGISTRY_MIRROR"
    }


class Switch(unittest.TestCase):
    def test_off_there_is_nothing_of_it_and_daemons_ask_docker_hub(self):
        root = Stack.whole("one")
        self.assertNotIn("Mirror", root.resources())
        self.assertEqual(told(root), {""})

    def test_on_the_daemons_of_hosts_and_beside_runners_have_its_name(self):
        root = stack()
        self.assertEqual(told(root), {URL})
        self.assertEqual(root.below("Pools").parameters["RegistryMirror"], URL, "what an instance's user data says")
        of = root.below("Mirror")
        zone, address = properties(of, "Zone"), properties(of, "Address")
        (port,) = properties(of, "Task")["ContainerDefinitions"][0]["PortMappings"]
        self.assertEqual(f"http://{address['Name']}.{zone['Name']}:{port['ContainerPort']}", URL)

    def test_a_mirror_of_yours_is_asked_in_its_place(self):
        theirs = "http://mirror.example:5000"
        self.assertEqual(told(Stack.whole("one", RegistryMirror=theirs)), {theirs})


class Mirror(unittest.TestCase):
    def test_there_is_one_and_another_one_comes_once_it_has_gone(self):
        service = properties(mirror(), "Service")
        self.assertEqual((service["DesiredCount"], service["LaunchType"]), (1, "FARGATE"))
        deployment = service["DeploymentConfiguration"]
        self.assertEqual((deployment["MaximumPercent"], deployment["MinimumHealthyPercent"]), (100, 0))
        self.assertNotIn("Family", properties(mirror(), "Task"), "the launcher may run what is called after the stack")

    def test_runners_and_instances_reach_it_and_nobody_else(self):
        root = stack()
        group = properties(root.below("Mirror"), "SecurityGroup")
        (way_in,) = group["SecurityGroupIngress"]
        runners = root.below("Pools").value({"Fn::GetAtt": ["RunnerSecurityGroup", "GroupId"]})
        self.assertEqual(way_in["SourceSecurityGroupId"], runners)
        self.assertEqual((way_in["IpProtocol"], way_in["FromPort"], way_in["ToPort"]), ("tcp", 5000, 5000))
        (out,) = group["SecurityGroupEgress"]
        self.assertEqual((out["FromPort"], out["ToPort"]), (443, 443))

    def test_who_follows_its_redirects_has_a_way_to_s3_in_each_subnet(self):
        """A later pull of a layer is answered with a URL of the bucket's. Through a NAT gateway it would cost."""
        network = Stack.whole("one").below("Network")
        resources = network.template["Resources"]
        tables = {it["Ref"] for it in resources["S3Endpoint"]["Properties"]["RouteTableIds"]}
        kind = "AWS::EC2::SubnetRouteTableAssociation"
        routed = {it["Properties"]["SubnetId"]["Ref"]: it["Properties"]["RouteTableId"]["Ref"] for it in resources.values() if it["Type"] == kind}
        subnets = {it for it, what in resources.items() if what["Type"] == "AWS::EC2::Subnet"}
        self.assertEqual(set(routed), subnets)
        self.assertLessEqual(set(routed.values()), tables)

    def test_its_bucket_is_private_encrypted_and_forgets(self):
        bucket = properties(mirror(), "Bucket")
        self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
        (encrypted,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(encrypted["ServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
        rules = {it["Id"]: it for it in bucket["LifecycleConfiguration"]["Rules"]}
        self.assertEqual(rules["layers-expire"]["ExpirationInDays"], 14)
        self.assertEqual(rules["broken-uploads-go"]["AbortIncompleteMultipartUpload"], {"DaysAfterInitiation": 1})
        (only_tls,) = properties(mirror(), "BucketPolicy")["PolicyDocument"]["Statement"]
        self.assertEqual((only_tls["Effect"], only_tls["Condition"]), ("Deny", {"Bool": {"aws:SecureTransport": False}}))

    def test_its_key_reaches_it_as_a_secret_that_one_role_may_read(self):
        for given, secrets, granted in [
            ({}, None, False),
            ({"MirrorKeyParameter": "/mayfly/docker-hub"}, [{"Name": "MIRROR_KEY", "ValueFrom": KEY}], True),
        ]:
            of = mirror(**given)
            (container,) = properties(of, "Task")["ContainerDefinitions"]
            self.assertEqual(container.get("Secrets"), secrets)
            may = {it["Sid"]: it for it in policy(of, "ExecutionRole")["Statement"]}
            self.assertEqual("ReadTheMirrorKey" in may, granted)
            self.assertEqual(may.get("ReadTheMirrorKey", {}).get("Resource"), KEY if granted else None)


class Permissions(unittest.TestCase):
    OBJECTS = ["GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"]
    LISTS = ["ListBucket", "ListBucketMultipartUploads"]
    NOBODY = ["PutObjectAcl", "PutBucketPolicy", "DeleteBucket", "PutLifecycleConfiguration", "GetBucketPolicy"]

    def test_its_role_keeps_objects_in_its_own_bucket_and_may_nothing_else(self):
        of = mirror()
        own = of.value({"Fn::GetAtt": ["Bucket", "Arn"]})
        objects = [f"{own}/hub/docker/registry/v2/blobs/sha256/ab/abc/data", f"{own}/other", "arn:aws:s3:::other/hub/docker/x"]
        buckets = [own, f"{own}-2", "arn:aws:s3:::other"]
        asked = [(action, it) for it in objects for action in [*self.OBJECTS, *self.NOBODY]]
        asked += [(action, it) for it in buckets for action in [*self.LISTS, *self.NOBODY]]
        asked += [("GetObject", "arn:aws:s3:::mayfly-caches/cache/acme/storefront/key")]
        expected = [
            action not in self.NOBODY and it == (own if action in self.LISTS else objects[0]) for action, it in asked
        ]
        questions = [
            {"policy": policy(of, "TaskRole"), "action": f"s3:{action}", "resource": it} for action, it in asked
        ]
        found = simulated(questions)
        self.assertEqual(dict(zip(asked, found, strict=True)), dict(zip(asked, expected, strict=True)))
        self.assertEqual(sum(found), len(self.OBJECTS) + len(self.LISTS))


class Refused(OnProject):
    def test_what_makes_no_sense_together(self):
        begin = "settings: DockerHubMirror is on, and "
        for given, line in [
            ({}, "MirrorImage is empty: `make images PUSH=…` builds it"),
            (
                {"MirrorImage": "r.example/mirror", "RegistryMirror": "http://a.example:5000"},
                "RegistryMirror is http://a.example:5000: daemons use only one of them; leave one out",
            ),
            (
                {"MirrorImage": "r.example/mirror", "stack_name": "m" * 64, "ParametersPath": "/m"},
                "stack_name has 64 letters: a DNS name allows 63",
            ),
        ]:
            self.settings(DockerHubMirror="on", **given)
            self.refused(begin + line)

    def test_a_key_that_is_not_there_and_an_image_of_another_architecture(self):
        registry = Registry(self, {"mirror": {"one": ["amd64", "arm64"], "x64": ["amd64"]}})
        given = {"DockerHubMirror": "on", "MirrorKeyParameter": "/mayfly/docker-hub"}
        self.settings(MirrorImage=f"{registry.host}/mirror:x64", **given)
        way = "`aws ssm put-parameter --type SecureString --name /mayfly/docker-hub --value file://KEY --region us-east-1`"
        image = f"images: MirrorImage: {registry.host}/mirror:x64 has no image for arm64, and the mirror is arm64"
        self.refused(f"mirror key: /mayfly/docker-hub is not in us-east-1: {way}", image)
        self.client("ssm").put_parameter(Name="/mayfly/docker-hub", Type="String", Value="a secret")
        self.settings(MirrorImage=f"{registry.host}/mirror:one", **given)
        self.refused("mirror key: /mayfly/docker-hub is a String, but must be a SecureString: delete it, then ")


class Deployed(OnProject):
    def test_a_service_of_one_task_with_the_images_digest(self):
        registry = Registry(self, {"mirror": {"one": ["amd64", "arm64"]}})
        self.settings(DockerHubMirror="on", MirrorImage=f"{registry.host}/mirror:one")
        said = self.deployed()
        self.assertIn("mirror key: none: the mirror asks Docker Hub without an account", said)
        pinned = f"{registry.host}/mirror@{registry.digest('mirror', 'one')}"
        self.assertIn(f"MirrorImage is {pinned}; RunnerImage is empty: ", said)
        ecs = self.client("ecs")
        (arn,) = ecs.list_services(cluster="mayfly_fargate")["serviceArns"]
        (service,) = ecs.describe_services(cluster="mayfly_fargate", services=[arn])["services"]
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        self.assertEqual([it["image"] for it in task["containerDefinitions"]], [pinned])
        # Its task definition is not a pool that has left the map.
        self.assertIn("pools: none is dropped", self.deployed())


if __name__ == "__main__":
    unittest.main()
