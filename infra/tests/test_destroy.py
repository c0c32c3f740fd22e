"""`make destroy`: the templates are deployed into moto, something runs, and all of it goes."""

import json
import unittest

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import GitHubStandIn
from stage import OnDeployed

OURS = "mayfly-fargate-x64-0123456789abcdefgh0"
RUNNERS = {
    1: f"{OURS}1",
    2: f"{OURS}2",
    3: f"{OURS}3",
    4: "mayfly-fargate-x64-0thestack0fthe0thers",
    5: "build-box-7",
}
APP_KEY = "/mayfly/github-app-keys/10"
OLDER_KEY = "/mayfly/github-app-keys/9"
DELETE = "DELETE /orgs/acme/actions/runners/"

# What later templates may have, and moto can make.
KEPT_THINGS = {
    "Cache": {"Type": "AWS::S3::Bucket"},
    "Images": {
        "Type": "AWS::ECR::Repository",
        "Properties": {"RepositoryName": {"Fn::Sub": "${AWS::StackName}-runner"}},
    },
}


TASK = {"taskDefinition": "job", "launchType": "FARGATE"}


def tags(stack: str) -> list[dict]:
    """As the launcher puts them on every task (shared/fleet, launch/request.rs)."""
    return [{"key": "mayfly:pool", "value": "fargate-x64"}, {"key": "mayfly:stack", "value": stack}]


def key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, no = serialization.Encoding.PEM, serialization.NoEncryption()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, no
    ).decode(), public.decode()


class Destroy(OnDeployed):
    ADDED = KEPT_THINGS

    def setUp(self):
        super().setUp()
        self.github = GitHubStandIn(RUNNERS)
        self.addCleanup(self.github.stop)
        self.deployed = self.deploy(GitHubApiUrl=self.github.url)
        self.private, self.public = key_pair()
        for name, key in ((APP_KEY, self.private), (OLDER_KEY, "revoked at GitHub")):
            self.client("ssm").put_parameter(Name=name, Type="SecureString", Value=key)
        self.fill()

    def id_of(self, stack: str, logical: str) -> str:
        return self.deployed[stack][logical]["id"]

    def fill(self):
        """Two runners whose job is under way, an instance, an image, and an object with a past."""
        ledger, table = self.client("dynamodb"), self.id_of("storage", "LedgerTable")
        for number in (1, 2, 3):
            key = f"runner#{RUNNERS[number].rpartition('-')[2]}"
            ledger.put_item(TableName=table, Item={"key": {"S": key}})
        # A task of the templates' own definitions needs more of a network than moto's ECS gives.
        ecs, container = self.client("ecs"), {"name": "runner", "image": "runner", "memory": 128}
        ecs.register_task_definition(family="job", containerDefinitions=[container])
        ecs.run_task(**TASK, cluster="mayfly_fargate", count=2, tags=tags("mayfly"))
        scaling = self.client("autoscaling")
        scaling.set_desired_capacity(AutoScalingGroupName="mayfly_ec2-x64", DesiredCapacity=1)
        bucket, s3 = self.id_of("template", "Cache"), self.client("s3")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"old", b"new"):
            s3.put_object(Bucket=bucket, Key="layer", Body=body)
        s3.delete_object(Bucket=bucket, Key="layer")
        s3.create_multipart_upload(Bucket=bucket, Key="never-finished")
        media = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {"schemaVersion": 2, "mediaType": media, "config": {}, "layers": []}
        for tag in ("one", "two"):
            self.client("ecr").put_image(
                repositoryName="mayfly-runner",
                imageManifest=json.dumps({**manifest, "tag": tag}),
                imageTag=tag,
            )

    def running(self, cluster: str) -> int:
        """moto lists tasks of other clusters too, where their names hold this one's."""
        ecs = self.client("ecs")
        listed = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
        found = ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"]
        return sum(it["clusterArn"].endswith(f"/{cluster}") for it in found)

    def functions(self) -> int:
        return sum(it["type"] == "AWS::Lambda::Function" for it in self.deployed["template"].values())

    def destroy(self, answer: str = "mayfly\n"):
        return self.script("destroy.py", text=answer)

    def test_all_of_it_goes_and_other_peoples_runners_stay(self):
        for answer in ("", "yes\n"):
            ended = self.destroy(answer)
            self.assertEqual((ended.returncode, ended.stderr), (1, "destroy.py: nothing was done\n"))
        self.assertEqual(len(self.client("ecs").list_tasks(cluster="mayfly_fargate")["taskArns"]), 2)

        self.github.answers[f"{DELETE}2"] = [(422, {})]
        self.github.answers[f"{DELETE}3"] = [(403, {"retry-after": "0"}), (429, {"retry-after": "0"})]
        ended = self.destroy()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertEqual(set(self.github.runners), {2, 4, 5})
        for line in (
            "cluster mayfly_fargate: 2 tasks stopped",
            "cluster mayfly_ec2: 0 tasks stopped",
            f"registrations at GitHub: 2 deleted; left, because they are busy: {RUNNERS[2]}; "
            f"left, because this ledger does not know them: {RUNNERS[4]}",
            "Auto Scaling group mayfly_ec2-x64: no instances wanted, 1 no longer protected",
            "Auto Scaling group mayfly_ec2-x64: empty",
            f"bucket {self.id_of('template', 'Cache')}: emptied of 3 objects",
            "repository mayfly-runner: emptied of 2 images",
            "stack mayfly: deleted",
        ):
            self.assertIn(line, ended.stdout.splitlines())
        self.assertEqual(ended.stdout.count("called no more"), self.functions(), "each function")
        self.assert_the_app_proves_itself_and_the_installation_deletes()
        self.assert_nothing_is_left_but_secrets_the_ledger_and_the_queues(ended.stdout)

        again = self.destroy()
        problem = "destroy.py: there is no stack mayfly in us-east-1\n"
        self.assertEqual((again.returncode, again.stderr), (1, problem))

    def assert_the_app_proves_itself_and_the_installation_deletes(self):
        for call, bearer in self.github.bearers:
            if call.endswith(("/installation", "/access_tokens")):
                claims = jwt.decode(bearer, self.public, algorithms=["RS256"])
                self.assertEqual(claims["iss"], "42")
                self.assertLessEqual(claims["exp"] - claims["iat"], 600, "GitHub takes ten minutes")
            else:
                self.assertEqual(bearer, "of-the-installation", call)

    def assert_nothing_is_left_but_secrets_the_ledger_and_the_queues(self, told: str):
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        self.assertEqual(stacks, [])
        buckets = [it["Name"] for it in self.client("s3").list_buckets()["Buckets"]]
        self.assertEqual(buckets, ["packaged"], "what was uploaded to be deployed")
        parameters = self.client("ssm").get_parameters_by_path(Path="/mayfly", Recursive=True)["Parameters"]
        self.assertEqual([it["Name"] for it in parameters], [APP_KEY, OLDER_KEY])
        tables = self.client("dynamodb").list_tables()["TableNames"]
        self.assertEqual(tables, [self.id_of("storage", "LedgerTable")])
        queues = [self.id_of("storage", it) for it in ("JobQueue", "DeadLetterQueue")]
        # moto's URLs begin with its own address in one place, and with AWS's in the other.
        found = {it.rpartition("/")[2] for it in self.client("sqs").list_queues()["QueueUrls"]}
        self.assertEqual(found, {it.rpartition("/")[2] for it in queues})
        for it in tables + queues:
            self.assertTrue(
                any(line.endswith(f" {it} --region us-east-1") for line in told.splitlines()),
                f"how {it} goes",
            )

    def test_a_services_tasks_go_with_the_service(self):
        """It would start another for each that is stopped; Fluent Bit's on the hosts is one."""
        self.client("ecs").run_task(**TASK, cluster="mayfly_fargate", group="service:hosts")
        ended = self.destroy()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("cluster mayfly_fargate: 2 tasks stopped", ended.stdout.splitlines())

    def test_nobody_elses_tasks_and_no_other_stack_are_touched(self):
        ecs, scaling = self.client("ecs"), self.client("autoscaling")
        self.deploy(stack="other", ParametersPath="/other", GitHubApiUrl=self.github.url)
        scaling.set_desired_capacity(AutoScalingGroupName="other_ec2-x64", DesiredCapacity=1)
        # The names that this project's clusters once had, and the default one, are somebody's.
        for cluster in ("fargate", "ecs", "default"):
            ecs.create_cluster(clusterName=cluster)
        theirs = ["fargate", "ecs", "default", "other_fargate"]
        for cluster in theirs:
            ecs.run_task(**TASK, cluster=cluster, tags=tags("other") if cluster == "other_fargate" else [])

        ended = self.destroy()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("cluster mayfly_fargate: 2 tasks stopped", ended.stdout.splitlines())
        for cluster in theirs:
            self.assertEqual(self.running(cluster), 1, cluster)
            self.assertNotIn(f"cluster {cluster}:", ended.stdout)
        groups = {
            it["AutoScalingGroupName"]: it
            for it in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        }
        self.assertTrue(all(name.startswith("other_") for name in groups), groups)
        (instance,) = groups["other_ec2-x64"]["Instances"]
        self.assertTrue(instance["ProtectedFromScaleIn"])
        stacks = {it["StackName"] for it in self.client("cloudformation").describe_stacks()["Stacks"]}
        self.assertIn("other", stacks)
        self.assertFalse([it for it in stacks if it.startswith("mayfly")])

    def test_tasks_that_somebody_else_runs_in_its_clusters_are_named_and_left(self):
        """CloudFormation cannot delete a cluster with a task in it, which moto does not mind."""
        ecs, theirs = self.client("ecs"), {}
        for cluster, tagged in (("mayfly_fargate", []), ("mayfly_ec2", tags("other"))):
            run = ecs.run_task(**TASK, cluster=cluster, tags=tagged)
            (theirs[cluster],) = [it["taskArn"] for it in run["tasks"]]
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        *told, last = ended.stderr.splitlines()
        left = "left, because they have no tag mayfly:stack=mayfly: "
        stopped = {"mayfly_fargate": 2, "mayfly_ec2": 0}
        self.assertEqual(
            set(told),
            {f"cluster {it}: failed: {stopped[it]} tasks stopped; {left}{arn}" for it, arn in theirs.items()},
        )
        self.assertTrue(last.startswith("destroy.py: 2 steps failed; "), last)

    def test_a_step_that_fails_does_not_keep_the_others_and_is_not_hidden(self):
        self.github.answers[f"{DELETE}1"] = [(403, {})]
        self.client("ecr").delete_repository(repositoryName="mayfly-runner", force=True)
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(set(self.github.runners), {1, 4, 5})
        registrations, repository, *_, last = ended.stderr.splitlines()
        self.assertEqual(
            registrations,
            "registrations at GitHub: failed: 2 deleted; left, because this ledger does not know them: "
            f"{RUNNERS[4]}; not deleted: {RUNNERS[1]} "
            "(GitHub answers 403 to DELETE /orgs/acme/actions/runners/1: as the test wants it)",
        )
        self.assertTrue(repository.startswith("repository mayfly-runner: failed: "), repository)
        self.assertIn("steps failed", last)
        for done in ("cluster mayfly_fargate: 2 tasks stopped", "emptied of 3 objects"):
            self.assertIn(done, ended.stdout)

    def test_without_the_apps_key_the_rest_is_done(self):
        self.client("ssm").delete_parameters(Names=[APP_KEY, OLDER_KEY])
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("the App's key is not under /mayfly/github-app-keys", ended.stderr)
        self.assertEqual(len(ended.stderr.splitlines()), 2)
        self.assertIn("stack mayfly: deleted", ended.stdout)


if __name__ == "__main__":
    unittest.main()
