"""The real SAM CLI: it takes what the scripts tell it, and does with samconfig.toml what they count on."""

import logging
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from samcli.commands.build.command import cli as build
from samcli.commands.deploy.command import cli as deploy
from stage import REGION, ROOT, OnMoto, run  # finds the scripts

import sam
from overrides import as_table
from settings import Settings

# To import it makes everybody's lines visible.
logging.getLogger("botocore").setLevel(logging.WARNING)

# The pinned one, which asks nobody for a newer one.
SAM = ROOT / ".ci/sam"

# No transform, so that moto can deploy what `sam` brings it.
TINY = """
Parameters:
  Value: {Type: String, Default: the default}
  List: {Type: CommaDelimitedList, Default: ""}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Name: /tiny, Value: !Ref Value}
"""

# A function whose code is where a parameter says, copied by its Makefile.
FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Value: {Type: String, Default: the-default}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: !Ref Value, Handler: none, Runtime: provided.al2023}
"""
MAKEFILE = "build-Function:\n\tcp Makefile $(ARTIFACTS_DIR)/built\n"


class Options(unittest.TestCase):
    SETTINGS = Settings("staging", "mayfly-staging", REGION, {}, {})

    def test_the_commands_take_each_of_them(self):
        written = {"Empty": "", "Spaced": "two words, one 'quoted'", "Digest": "r.example/a@sha256:0a"}
        # What is deployed has to be there.
        with patch.object(sam, "PARAMETERS", self.parameters(written)), patch.object(sam, "BUILT", ROOT):
            for command, told in [
                (build, sam.build_command(self.SETTINGS)),
                (deploy, sam.deploy_command(self.SETTINGS, confirm=False)),
                (deploy, sam.deploy_command(self.SETTINGS, confirm=True)),
                (
                    deploy,
                    sam.deploy_command(Settings("e", "s", REGION, {}, {}, bucket="ours"), confirm=False),
                ),
            ]:
                with command.make_context(" ".join(told[:2]), told[2:], resilient_parsing=False) as context:
                    self.assertEqual(context.params["parameter_overrides"], written)
                    self.assertTrue(context.params["language_extensions"])
            self.assertFalse(context.params["fail_on_empty_changeset"])
            self.assertEqual((context.params["s3_bucket"], context.params["resolve_s3"]), ("ours", False))

    def parameters(self, written: dict[str, str]) -> Path:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "parameters.toml"
        with patch.object(sam, "PARAMETERS", file):
            sam.write_parameters(written)
        return file

    def test_each_form_of_parameters_is_read_as_sam_reads_it(self):
        for value in (
            {"A": "one", "List": ["x", "y"], "Number": 3},
            'A=one B="two words" C=""',
            'ParameterKey=A,ParameterValue=one ParameterKey=B,ParameterValue="two words"',
            ["A=one", 'B="two words"', {"C": "3"}],
        ):
            context = deploy.make_context("sam deploy", ["--stack-name", "s"], resilient_parsing=True)
            option = next(it for it in deploy.params if it.name == "parameter_overrides")
            self.assertEqual(as_table(value), option.type.convert(value, option, context), value)


class OnTheRealOne(OnMoto):
    def sam(self, *arguments: str) -> str:
        quiet = {"SAM_CLI_POLL_DELAY": "0.1"}
        # By this name moto finds what `sam` has uploaded.
        url = self.url.replace("127.0.0.1", "localhost")
        ended = run([SAM, *arguments], "", self.project, AWS_ENDPOINT_URL=url, **quiet)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def test_the_global_table_reaches_build_and_deploy_and_nothing_new_is_no_failure(self):
        self.client("s3").create_bucket(Bucket="uploaded")
        settings = Settings("staging", "tiny", REGION, {}, {}, bucket="uploaded")
        usual = {"Organisation": None, "GitHubAppId": None}
        self.settings(env="staging", stack_name="tiny", Value="from-the-table", List="", **usual)
        (self.project / "template.yaml").write_text(TINY, encoding="utf-8")
        with patch.object(sam, "ROOT", self.project), patch.object(sam, "BUILT", self.project):
            _, *told = sam.deploy_command(settings, confirm=False)
        # Without its own parameters: the table's.
        at = told.index("--parameter-overrides")
        shared = told[:at] + told[at + 2 :]
        self.assertIn("Successfully created/updated stack - tiny in us-east-1", self.sam(*shared))
        self.assertEqual(self.value(), "from-the-table")
        self.assertIn("No changes to deploy. Stack tiny is up to date", self.sam(*shared))
        given = self.project / "parameters.toml"
        given.write_text('Value = "given, and so on"\nList = ""\n', encoding="utf-8")
        self.sam(*shared, "--parameter-overrides", f"file://{given}")
        self.assertEqual(self.value(), "given, and so on")

        code = self.project / "from-the-table"
        code.mkdir()
        (code / "Makefile").write_text(MAKEFILE, encoding="utf-8")
        (self.project / "template.yaml").write_text(FUNCTION, encoding="utf-8")
        self.sam("build", "--config-env", "staging", "--build-in-source")
        self.assertTrue((self.project / ".aws-sam/build/Function/built").exists())

    def value(self) -> str:
        return self.client("ssm").get_parameter(Name="/tiny")["Parameter"]["Value"]


if __name__ == "__main__":
    unittest.main()
