"""`make deploy` and its doctor, on an account whose quotas are faked: Service Quotas' answers, and nothing else."""

import json
import unittest

from served import Quiet, serve
from stage import OnProject

# A new account's, by their codes: EC2 on demand and Spot, Fargate on demand and Spot, Lambda.
NEW = {"L-1216C47A": 5, "L-34B43A08": 5, "L-3032A538": 6, "L-36FBB829": 6, "L-B99A9384": 10}
STANDARD = "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A)"


class Quotas(OnProject):
    def setUp(self):
        super().setUp()
        self.wish(doctor="real")
        self.callers, test = set(), self

        class ServiceQuotas(Quiet):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                test.callers.add(self.headers["authorization"].partition("Credential=")[2].split("/")[0])
                body = json.dumps({"Quota": {**asked, "Value": test.quotas[asked["QuotaCode"]]}}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.quotas = NEW
        self.url_of_quotas = f"http://{serve(self, ServiceQuotas)}"

    def checked(self, **variables: str):
        return self.run_script(
            "deploy.py", "--check", AWS_ENDPOINT_URL_SERVICE_QUOTAS=self.url_of_quotas, **variables
        )

    def test_a_new_account_is_told_which_pool_cannot_start_and_the_deploy_goes_on(self):
        ended = self.checked()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        said = [line.removeprefix("quotas: ") for line in ended.stdout.splitlines()]
        for line in (
            f"ec2-x64: cannot start: {STANDARD} is 5, and an instance of t3.2xlarge needs 8 vCPUs",
            "fargate-x64: can start 1 of its 15 runners: Fargate On-Demand vCPU resource count (L-3032A538) is 6, all of "
            "them need 60 vCPUs",
            "  aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 "
            "--desired-value 100 --region us-east-1",
        ):
            self.assertIn(line, said)

    def test_a_minimum_that_cannot_start_ends_the_deploy_before_it_builds(self):
        minimum = "[pools.ec2-x64]\nworking_hours_minimum = 1\n"
        self.change_map(lambda text: text.replace("[pools.ec2-x64]\n", minimum))
        self.mayfly("pools", "render")
        ended = self.checked()
        self.assertEqual(ended.returncode, 1, ended.stdout)
        *told, last = ended.stderr.splitlines()
        self.assertTrue(all(line.startswith("quotas: ") for line in told), ended.stderr)
        self.assertIn(f"quotas: ec2-x64: cannot start: {STANDARD} is 5, and an instance of t3.2xlarge needs 8 vCPUs", told)
        self.assertEqual(self.calls("sam"), [["--version"]])

        self.quotas = dict.fromkeys(NEW, 5000)
        ended = self.checked()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)

    def test_the_doctor_is_whoever_the_deploy_is(self):
        """Of a login, or of a process that a profile names, the doctor by itself finds nothing."""
        keys = {"Version": 1, "AccessKeyId": "of-a-process", "SecretAccessKey": "any", "SessionToken": "of-it"}
        process, config = self.project / "keys", self.project / "config"
        process.write_text(f"#!/bin/sh\necho '{json.dumps(keys)}'\n", encoding="utf-8")
        process.chmod(0o755)
        config.write_text(f"[default]\ncredential_process = {process}\n", encoding="utf-8")
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        ended = self.checked(AWS_CONFIG_FILE=str(config), **none)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertEqual(self.callers, {"of-a-process"})


if __name__ == "__main__":
    unittest.main()
