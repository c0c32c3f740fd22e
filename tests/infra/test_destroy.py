"""`make destroy`: the templates are deployed into moto, something runs, and all of it goes."""

import json
import unittest

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from stage import GitHubStandIn, OnDeployed

OURS = "mayfly-fargate-x64-0123456789abcdefgh0"
RUNNERS = {
    1: f"{OURS}1",
    2: f"{OURS}2",
    3: f"{OURS}3",
    4: "mayfly-fargate-x64-thestack0fthe0thers",
    5: "build-box-7",
}
DELETE = "DELETE /orgs/acme/actions/runners/"

# What later templates may have, and moto can make.
KEPT_THINGS = {
    "Cache": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
    "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "runner"}},
}


def key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, no = serialization.Encoding.PEM, serialization.NoEncryption()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, no).decode(), public.decode()


class Destroy(OnDeployed):
    ADDED = KEPT_THINGS

    def setUp(self):
        super().setUp()
        self.github = GitHubStandIn(RUNNERS)
        self.addCleanup(self.github.stop)
        self.deployed = self.deploy(GitHubApiUrl=self.github.url)
        self.private, self.public = key_pair()
        name = "/mayfly/github-app-keys/1"
        self.client("ssm").put_parameter(Name=name, Type="SecureString", Value=self.private)
        self.fill()

    def id_of(self, stack: str, logical: str) -> str:
        return self.deployed[stack][logical]["id"]

    def fill(self):
        """Two runners whose job is under way, an instance, an image, and an object with a past."""
        ledger, table = self.client("dynamodb"), self.id_of("template", "LedgerTable")
        for number in (1, 2, 3):
            key = f"runner#{RUNNERS[number].rpartition('-')[2]}"
            ledger.put_item(TableName=table, Item={"key": {"S": key}})
        network = {"subnets": [self.id_of("network", "PublicSubnetOne")]}
        for _ in range(2):
            self.client("ecs").run_task(
                cluster="fargate",
                taskDefinition="mayfly-fargate-x64",
                launchType="FARGATE",
                networkConfiguration={"awsvpcConfiguration": network},
            )
        self.client("autoscaling").set_desired_capacity(AutoScalingGroupName="mayfly-ec2-x64", DesiredCapacity=1)
        bucket, s3 = self.id_of("template", "Cache"), self.client("s3")
        for body in (b"old", b"new"):
            s3.put_object(Bucket=bucket, Key="layer", Body=body)
        s3.delete_object(Bucket=bucket, Key="layer")
        s3.create_multipart_upload(Bucket=bucket, Key="never-finished")
        manifest = {"schemaVersion": 2, "config": {}, "layers": []}
        for tag in ("one", "two"):
            self.client("ecr").put_image(
                repositoryName="runner", imageManifest=json.dumps({**manifest, "tag": tag}), imageTag=tag
            )

    def destroy(self, answer: str = "mayfly\n"):
        return self.script("destroy.py", text=answer)

    def stacks(self) -> list[str]:
        return [it["StackName"] for it in self.client("cloudformation").describe_stacks()["Stacks"]]

    def test_all_of_it_goes_and_other_peoples_runners_stay(self):
        self.github.answers[f"{DELETE}2"] = [(422, {})]
        self.github.answers[f"{DELETE}3"] = [(403, {"retry-after": "0"}), (429, {"retry-after": "0"}), (502, {})]
        ended = self.destroy()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertEqual(set(self.github.runners), {2, 4, 5})
        told = next(line for line in ended.stdout.splitlines() if line.startswith("registrations at GitHub"))
        self.assertEqual(
            told,
            f"registrations at GitHub: 2 deleted; left, because they are busy: {RUNNERS[2]}; "
            f"left, because this ledger does not know them: {RUNNERS[4]}",
        )
        for line in (
            "cluster fargate: 2 tasks stopped",
            "cluster ecs: 0 tasks stopped",
            "Auto Scaling group mayfly-ec2-x64: no instances wanted, 1 no longer protected",
            f"bucket {self.id_of('template', 'Cache')}: emptied of 3 objects",
            "repository runner: emptied of 2 images",
            "stack mayfly: deleted",
        ):
            self.assertIn(line, ended.stdout)
        self.assertEqual(ended.stdout.count("called no more"), 4, "every function")
        self.assertEqual(self.stacks(), [])
        self.assertEqual(self.client("s3").list_buckets()["Buckets"][1:], [], "but for what was uploaded")
        self.assertEqual(self.client("ssm").get_parameters_by_path(Path="/mayfly/pools")["Parameters"], [])
        secrets = self.client("ssm").get_parameters_by_path(Path="/mayfly/github-app-keys")["Parameters"]
        self.assertEqual(len(secrets), 1, "secrets stay")

    def test_the_app_proves_itself_and_the_installation_deletes(self):
        self.assertEqual(self.destroy().returncode, 0)
        for call, bearer in self.github.bearers:
            if call.endswith(("/installation", "/access_tokens")):
                claims = jwt.decode(bearer, self.public, algorithms=["RS256"])
                self.assertEqual(claims["iss"], "42")
                self.assertLessEqual(claims["exp"] - claims["iat"], 600, "GitHub takes ten minutes")
            else:
                self.assertEqual(bearer, "of-the-installation", call)

    def test_a_step_that_fails_does_not_keep_the_others_and_is_not_hidden(self):
        self.github.answers["GET /orgs/acme/installation"] = [(403, {})]
        self.client("ecr").delete_repository(repositoryName="runner", force=True)
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        failed = ended.stderr.splitlines()
        self.assertEqual(
            failed[0],
            "registrations at GitHub: failed: GitHub answers 403 to GET /orgs/acme/installation: "
            "as the test wants it",
        )
        self.assertTrue(failed[1].startswith("repository runner: failed: "), failed)
        self.assertIn("steps have failed", failed[-1])
        for done in ("cluster fargate: 2 tasks stopped", "emptied of 3 objects"):
            self.assertIn(done, ended.stdout)

    def test_one_registration_that_stays_does_not_keep_the_others(self):
        self.github.answers[f"{DELETE}1"] = [(403, {})]
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(set(self.github.runners), {1, 4, 5})
        self.assertIn(f"2 deleted; left, because this ledger does not know them: {RUNNERS[4]}", ended.stderr)
        self.assertIn(f"not deleted: {RUNNERS[1]} (GitHub answers 403", ended.stderr)

    def test_without_the_app_key_the_rest_is_done(self):
        self.client("ssm").delete_parameter(Name="/mayfly/github-app-keys/1")
        ended = self.destroy()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("the App's key is not under /mayfly/github-app-keys", ended.stderr)
        self.assertIn("stack mayfly: deleted", ended.stdout)

    def test_nothing_is_done_without_the_right_word_and_nothing_is_left_to_do_twice(self):
        for answer in ("", "yes\n"):
            ended = self.destroy(answer)
            self.assertEqual((ended.returncode, ended.stderr), (1, "destroy.py: nothing was done\n"))
        self.assertIn("mayfly", self.stacks())
        self.assertEqual(len(self.client("ecs").list_tasks(cluster="fargate")["taskArns"]), 2)
        self.assertEqual(self.destroy().returncode, 0)
        again = self.destroy()
        self.assertEqual((again.returncode, again.stderr), (1, "destroy.py: there is no stack mayfly in us-east-1\n"))


if __name__ == "__main__":
    unittest.main()
