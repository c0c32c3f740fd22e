"""What speaks against a deploy is said before anything is built, in one line each, all at once."""

import os
import pty
import subprocess
import sys
import unittest

from registry import Registry
from served import Quiet, serve
from stage import REGION, ROOT, OnProject, run

GUIDED = f"""
[default.deploy.parameters]
stack_name = "mayfly"
region = "{REGION}"
parameter_overrides = "Organisation=\\"acme\\" GitHubAppId=\\"42\\" FunctionArchitecture=\\"x86_64\\""
"""


class Settings(OnProject):
    def test_what_is_missing_is_named(self):
        self.settings(region=None, Organisation=None)
        self.refused(
            "settings: [default.global.parameters] of samconfig.toml lacks region, parameter_overrides.Organisation; "
            "write it there, or answer on a terminal"
        )
        self.refused(
            "settings: [staging.global.parameters] of samconfig.toml lacks stack_name, region, ",
            ENV="staging",
        )

    def test_what_is_missing_is_asked_for_and_written(self):
        settings = "# Ours.\n[default.global.parameters]\nstack_name = 'mayfly-two' # why not\n"
        (self.project / "samconfig.toml").write_text(settings, encoding="utf-8")
        for folder in ("webhook-secrets", "ticket-keys", "github-app-keys"):
            self.put(f"/mayfly-two/{folder}/1")
        # The first organisation cannot be one; the last answer is what was suggested.
        answers = f"{REGION}\nan organisation\nacme\n42\n\n"
        said = self.on_a_terminal(answers)
        self.assertIn("'an organisation' cannot be Organisation", said)
        self.assertIn("ParametersPath [/mayfly-two]: ", said)
        self.assertIn("All checks passed", said)
        self.assertEqual(
            (self.project / "samconfig.toml").read_text(encoding="utf-8"),
            f"""{settings}region = "{REGION}"

[default.global.parameters.parameter_overrides]
Organisation = "acme"
GitHubAppId = "42"
ParametersPath = "/mayfly-two"
""",
        )

    def on_a_terminal(self, answers: str) -> str:
        terminal, theirs = pty.openpty()
        os.write(terminal, answers.encode())
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= self.surroundings(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
        script = [sys.executable, self.project / "infra/bin/deploy.py", "--check"]
        ended = subprocess.run(
            script, stdin=theirs, env=environment, capture_output=True, text=True, check=False
        )
        os.close(terminal)
        os.close(theirs)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        return ended.stdout

    def test_settings_that_cannot_be_right(self):
        for given, variables, lines in [
            (
                {"more": GUIDED},
                {},
                [
                    "settings: [default.deploy.parameters] of samconfig.toml has another FunctionArchitecture than "
                    "[default.global.parameters], as `sam deploy --guided` leaves it: "
                ],
            ),
            (
                {"more": '[default.build.parameters]\nregion = "eu-west-1"\n'},
                {},
                ["settings: [default.build.parameters]"],
            ),
            (
                {},
                {"AWS_REGION": "eu-west-1"},
                [
                    "settings: AWS_REGION is eu-west-1, and [default.global.parameters] of samconfig.toml says us-east-1: "
                    "unset AWS_REGION, or change the table"
                ],
            ),
            (
                {"stack_name": "Fargate-runners", "ParametersPath": "/ssm/ours", "TimeZone": "Etc/UTC"},
                {"AWS_DEFAULT_REGION": "eu-west-1"},
                [
                    "settings: stack_name is Fargate-runners; it must not begin with aws, ecs or fargate",
                    "settings: AWS_DEFAULT_REGION is eu-west-1",
                    "settings: ParametersPath is '/ssm/ours'; it is a path of /, letters, digits, _, . and - that does not "
                    "begin with /aws or /ssm",
                    "settings: template.yaml has no parameter TimeZone: take it out of parameter_overrides",
                ],
            ),
            (
                {"FunctionArchitecture": "arm", "ReservedConcurrency": "many", "NatGateways": "3"},
                {},
                [
                    "settings: FunctionArchitecture is 'arm'; it is one of arm64, x86_64",
                    "settings: ReservedConcurrency is 'many'; it is a number",
                    "settings: NatGateways is '3'; it is one of auto, 0, 1, 2",
                ],
            ),
            ({"VpcId": "vpc-1"}, {}, ["settings: VpcId is vpc-1, and SubnetIds is empty: "]),
            ({"SubnetIds": "subnet-1"}, {}, ["settings: SubnetIds is subnet-1, and VpcId is empty: "]),
            (
                {"more": "[default.deploy.parameters]\nparameter_overrides = 'A=\"one'\n"},
                {},
                ["settings: parameter_overrides is 'A=\"one', which cannot be read: No closing quotation"],
            ),
        ]:
            self.settings(**given)
            self.refused(*lines, **variables)

    def test_a_file_that_cannot_be_read_is_one_line_for_every_script(self):
        (self.project / "samconfig.toml").write_bytes(b"\xff\xfe[default]")
        for script in ("deploy.py", "make_secrets.py", "destroy.py", "retire.py"):
            ended = self.run_script(script, *(["ec2-x64"] if script == "retire.py" else []))
            self.assertEqual(ended.returncode, 1)
            (line,) = ended.stderr.splitlines()
            self.assertTrue(line.startswith(f"{script}: samconfig.toml cannot be read: "), line)

    def test_ec2_pools_without_a_way_out_are_named(self):
        self.settings(NatGateways="0")
        ended = self.run_script("deploy.py", "--check")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        warning = "an hour each; warning: ec2-x64, ec2-x64-spot, ec2-arm64, ec2-arm64-spot have no route to the internet, "
        self.assertIn(warning, ended.stdout)

    def test_the_other_scripts_read_them_too(self):
        for script in ("make_secrets.py", "destroy.py", "retire.py"):
            arguments = ["ec2-x64"] if script == "retire.py" else []
            ended = self.run_script(script, *arguments, AWS_REGION="eu-west-1")
            self.assertEqual(ended.returncode, 1)
            (line,) = ended.stderr.splitlines()
            self.assertTrue(line.startswith(f"{script}: AWS_REGION is eu-west-1, and "), line)


def line_of(text: str, part: str) -> int:
    """The line in which a part of a text stands first."""
    return text[: text.index(part)].count("\n") + 1


class Map(OnProject):
    def test_a_map_that_is_wrong_is_one_line(self):
        usual = (self.project / "pools.toml").read_bytes()
        for text, line in [
            (b"\xff\xfe", "map: pools.toml cannot be read: "),
            (b"pools = 3", "map: pools.toml: pools is not a table of pools"),
            (b"[pools]\nx = 3", "map: pools.toml: x is not a table of fields"),
            (usual.replace(b'"ec2-spot"', b"3"), "map: pools.toml: ec2-x64-spot.capacity is 3, and no text"),
            (
                usual.replace(b"maximum = 20", b"maximum = -1"),
                f"map: pools.toml:{line_of(usual.decode(), 'maximum = 20')}: ec2-x64-spot.maximum: takes ",
            ),
        ]:
            (self.project / "pools.toml").write_bytes(text)
            self.refused(line)

    def test_every_mistake_of_a_map_is_a_line(self):
        usual = (self.project / "pools.toml").read_text(encoding="utf-8")
        types = '["t4g.2xlarge"]'
        wrong = usual.replace(types, '["t3.2xlarge"]').replace("priority = 10", "priority = '1'")
        (self.project / "pools.toml").write_text(wrong, encoding="utf-8")
        self.refused(
            f"map: pools.toml:{line_of(usual, 'priority = 10')}: fargate-x64.priority: takes a whole number, not",
            f"map: pools.toml:{line_of(usual, types)}: ec2-arm64.instance_types: type 1: t3.2xlarge is x86_64",
        )


class Host(OnProject):
    def test_a_template_that_is_older_than_what_it_packs_is_refused(self):
        with (self.project / "images/host/root/usr/lib/mayfly/boot").open("a", encoding="utf-8") as boot:
            boot.write("# changed\n")
        self.refused("host: pools.yaml does not match images/host: run images/host/pack.py")


class Account(OnProject):
    def test_a_page_in_the_place_of_aws_is_one_line(self):
        class Page(Quiet):
            def do_POST(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Log in</title>")

        url = f"http://{serve(self, Page)}"
        self.refused("account: Unable to parse response ", AWS_ENDPOINT_URL=url)
        for script in ("make_secrets.py", "destroy.py", "retire.py"):
            arguments = ["ec2-x64"] if script == "retire.py" else []
            ended = self.run_script(script, *arguments, AWS_ENDPOINT_URL=url)
            self.assertEqual((ended.returncode, len(ended.stderr.splitlines())), (1, 1), ended.stderr)

    def test_a_secret_that_is_not_encrypted(self):
        ssm, name = self.client("ssm"), "/mayfly/webhook-secrets/1"
        ssm.delete_parameter(Name=name)
        ssm.put_parameter(Name=name, Type="String", Value="a secret")
        self.refused(f"secrets: {name} is a String, stored unencrypted, but must be a SecureString: delete it, and ")

    def test_an_ami_in_the_place_of_a_parameters_name(self):
        self.settings(InstanceAmiX64="ami-0123456789abcdef0", InstanceAmiArm64="/acme/no-such-ami")
        self.refused(
            "AMIs: InstanceAmiX64 is 'ami-0123456789abcdef0', and the Parameter Store of us-east-1 has no such parameter: it is ",
            "AMIs: InstanceAmiArm64 is '/acme/no-such-ami', and the Parameter Store of us-east-1 has no such parameter: it is ",
        )

    def test_tools_that_are_missing_or_old(self):
        self.refused(
            "tools: sam is not here: `make .tools/template/.installed` installs it; cargo is not here: ",
            PATH=str(ROOT / "no such folder"),
        )
        self.wish(sam="1.155.2")
        self.refused("tools: sam is 1.155.2, but must be 1.156 or newer: ")

    def test_all_that_speaks_against_it_at_once(self):
        ssm = self.client("ssm")
        ssm.delete_parameter(Name="/mayfly/ticket-keys/1")
        ssm.delete_parameter(Name="/mayfly/github-app-keys/1")
        ssm.put_parameter(Name="/mayfly/stack", Type="String", Value="another")
        self.change_map(lambda text: text.replace("maximum = 20", "maximum = 21"))
        self.wish(
            doctor={"code": 2, "said": "ec2-x64 cannot start"},
            images={"code": 1, "said": "a pin is unknown"},
            targets=["x86_64-unknown-linux-gnu"],
        )
        registry = Registry(self, {"runner": {"one": ["amd64"]}})
        self.settings(RunnerImage=f"{registry.host}/runner:one", DockerdImage=f"{registry.host}/dockerd")
        self.refused(
            "architecture: Rust cannot build for arm64 here: `rustup target add aarch64-unknown-linux-gnu`",
            "map: ",
            "pins of the images: a pin is unknown: `mayfly images update`, then",
            "secrets: nothing is under /mayfly/ticket-keys, /mayfly/github-app-keys in us-east-1: `make secrets` makes "
            "the webhook secret and the ticket key; the App's private key, as GitHub gave it to you: "
            "`aws ssm put-parameter --type SecureString --name /mayfly/github-app-keys/1 --value "
            "file://YOUR-APP.private-key.pem --region us-east-1`",
            "path: /mayfly belongs to the stack another: give mayfly a ParametersPath of its own, /mayfly say",
            "quotas: ec2-x64 cannot start",
            f"images: RunnerImage: {registry.host}/runner:one has no image for arm64, and pools of pools.toml are arm64",
            f"images: DockerdImage: {registry.host}/dockerd has no latest: push it, or name another",
        )

    def test_aws_does_not_answer(self):
        self.refused(
            "account: Could not connect to the endpoint URL: ", AWS_ENDPOINT_URL="http://127.0.0.1:9"
        )

    def test_nobody_has_logged_in(self):
        """Once, in each script, with how to."""
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
        known = "AWS does not know you: `aws sso login`, or `aws configure` for keys (Unable to locate credentials)"
        self.refused(f"account: {known}", **nobody)
        self.assertEqual(self.calls("cargo"), [["--version"]], "it is said before the command is built")
        for script in ("make_secrets.py", "destroy.py", "retire.py"):
            arguments = ["ec2-x64"] if script == "retire.py" else []
            ended = self.run_script(script, *arguments, **nobody)
            self.assertEqual((ended.returncode, ended.stderr), (1, f"{script}: {known}\n"))


class Images(OnProject):
    def test_what_is_deployed_is_what_a_tag_names_now(self):
        registry = Registry(self, {"runner": {"one": ["amd64", "arm64"]}}, token="of-nobody")
        self.settings(RunnerImage=f"{registry.host}/runner:one")
        said = self.deployed()
        pinned = f"{registry.host}/runner@{registry.digest('runner', 'one')}"
        self.assertIn(f"images: RunnerImage is {pinned}; RunnerDockerImage is empty: ec2-x64, ", said)
        stack = self.client("cloudformation").describe_stacks(StackName="mayfly")["Stacks"][0]
        given = {it["ParameterKey"]: it["ParameterValue"] for it in stack["Parameters"]}
        self.assertEqual(given["RunnerImage"], pinned)
        self.assertIn(
            ["run", "--quiet", "-p", "mayfly", "--", "images", "check", "--for-build"], self.calls("cargo")
        )


class Binaries(unittest.TestCase):
    def test_a_folder_is_called_like_its_architecture_or_is_told(self):
        ended = run([sys.executable, ROOT / ".ci/check-binaries", ROOT / "infra"])
        self.assertEqual(ended.returncode, 1)
        self.assertIn("no function is in", ended.stderr)


if __name__ == "__main__":
    unittest.main()
