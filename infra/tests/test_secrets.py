"""`make secrets`, on moto."""

import unittest

from stage import REGION, OnMoto


class Secrets(OnMoto):
    def stored(self) -> dict[str, dict]:
        found = self.client("ssm").get_parameters_by_path(Path="/mayfly", Recursive=True, WithDecryption=True)
        return {it["Name"]: it for it in found["Parameters"]}

    def test_they_are_made_once_and_only_what_goes_to_github_is_shown(self):
        first = self.script("make_secrets.py")
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        stored = self.stored()
        self.assertEqual(set(stored), {"/mayfly/ticket-keys/1", "/mayfly/webhook-secrets/1"})
        for name, parameter in stored.items():
            self.assertEqual(parameter["Type"], "SecureString", name)
            self.assertRegex(parameter["Value"], "^[0-9a-f]{64}$", name)
        webhook, ticket = (
            stored[f"/mayfly/{folder}/1"]["Value"] for folder in ("webhook-secrets", "ticket-keys")
        )
        self.assertNotEqual(webhook, ticket)
        self.assertEqual(first.stdout.splitlines().count(webhook), 1)
        self.assertNotIn(ticket, first.stdout)
        self.assertIn("/mayfly/github-app-keys/1", first.stdout, "what is still to do")

        second = self.script("make_secrets.py")
        self.assertEqual((second.returncode, second.stderr), (0, ""))
        self.assertEqual(self.stored(), stored, "what is there stays")
        self.assertIn("/mayfly/ticket-keys/1 is there and stays", second.stdout)
        self.assertIn("/mayfly/webhook-secrets/1 is there and stays", second.stdout)
        for secret in (webhook, ticket):
            self.assertNotIn(secret, second.stdout)

    def test_one_that_is_missing_is_made_beside_the_other(self):
        ssm = self.client("ssm")
        ssm.put_parameter(Name="/mayfly/webhook-secrets/1", Type="SecureString", Value="mine")
        ssm.put_parameter(Name="/mayfly/github-app-keys/1", Type="SecureString", Value="a key")
        ended = self.script("make_secrets.py")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        stored = self.stored()
        self.assertEqual(stored["/mayfly/webhook-secrets/1"]["Value"], "mine")
        self.assertNotIn("mine", ended.stdout)
        self.assertNotIn(stored["/mayfly/ticket-keys/1"]["Value"], ended.stdout)
        self.assertNotIn("Still to do", ended.stdout)

    def test_after_a_rotation_the_first_ones_do_not_come_back(self):
        ssm, folders = self.client("ssm"), ("webhook-secrets", "ticket-keys", "github-app-keys")
        for folder in folders:
            ssm.put_parameter(Name=f"/mayfly/{folder}/2", Type="SecureString", Value="rotated")
        ended = self.script("make_secrets.py")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(set(self.stored()), {f"/mayfly/{folder}/2" for folder in folders})
        self.assertIn("/mayfly/webhook-secrets/2 is there and stays", ended.stdout)
        self.assertNotIn("Still to do", ended.stdout)

    def test_it_is_in_the_settings_region_and_says_so(self):
        self.settings(region="eu-west-1", ParametersPath="/acme/runners")
        ended = self.script("make_secrets.py")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("/acme/runners/ticket-keys/1 is written in eu-west-1", ended.stdout)
        self.assertIn("YOUR-APP.private-key.pem --region eu-west-1", ended.stdout)
        self.assertEqual(self.stored(), {}, "the others are elsewhere")

    def test_a_wrong_path_no_region_and_no_aws_are_one_line_each(self):
        for given, url, names in (
            ({"ParametersPath": "mayfly"}, self.url, "ParametersPath is 'mayfly'"),
            ({"region": None}, self.url, "lacks region"),
            ({"region": f'{REGION}"\nprofile = "nobody'}, self.url, "profile (nobody) could not be found"),
            ({}, "http://127.0.0.1:9", "Could not connect"),
        ):
            self.settings(**given)
            ended = self.script("make_secrets.py", AWS_ENDPOINT_URL=url)
            self.assertNotEqual(ended.returncode, 0)
            self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)
            self.assertIn(names, ended.stderr)


if __name__ == "__main__":
    unittest.main()
