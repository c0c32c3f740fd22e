"""Each command that the pages and the scripts tell somebody to type is one that its program takes."""

import re
import unittest

from commands import aws_problem, commands, of_page, of_script, sam_problem
from shapes import ROOT

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "images/README.md"]
SCRIPTS = sorted((ROOT / "infra/bin").glob("*.py"))


def found(program: str) -> list[tuple[str, list[str]]]:
    """Each with where it stands."""
    texts = [(it.name, text) for it in PAGES for text in of_page(it)]
    texts += [(it.name, text) for it in SCRIPTS for text in of_script(it)]
    return [(name, told) for name, text in texts for told in commands(text, program)]


class Told(unittest.TestCase):
    def test_what_is_said_of_aws_is_what_its_cli_takes(self):
        told = found("aws")
        problems = [f"{name}: aws {' '.join(it)}: {why}" for name, it in told if (why := aws_problem(it))]
        self.assertEqual("\n".join(problems), "")
        # Of the pages, and of the scripts.
        services = {it[0] for _, it in told}
        self.assertLessEqual({"autoscaling", "cloudformation", "dynamodb", "ecs", "iam", "sqs", "ssm"}, services)

    def test_what_is_said_of_sam_is_what_it_takes(self):
        told = found("sam")
        self.assertEqual([(name, it) for name, it in told if sam_problem(it)], [])
        self.assertGreater(len([it for _, it in told if it[0] == "logs"]), 1)

    def test_what_is_said_of_make_is_in_the_makefile(self):
        rules = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z-]+):", rules, re.MULTILINE)) | {".venv/.installed", ".tools/template/.installed"}
        told = found("make")
        # `make … ENV=default` is any of them.
        self.assertEqual([(name, it) for name, it in told if it[0] not in {"…", *targets}], [])
        self.assertGreater(len(told), 20)


class Check(unittest.TestCase):
    """It finds what is wrong, and nothing else."""

    def test_what_is_right_is_let_pass(self):
        for text in (
            "aws ecs describe-tasks --cluster c --tasks $(aws ecs list-tasks --cluster c --query taskArns[] --output text)",
            "aws cloudformation describe-stacks --stack-name s --query 'Stacks[0].StackStatus'",
            "aws ecs describe-tasks --tasks a b --query 'tasks[].[createdAt,containers[].name]'; echo",
            "for it in a b; do aws ssm delete-parameter --name $it; done",
            "aws configure export-credentials --format env",
            "aws autoscaling terminate-instance-in-auto-scaling-group --instance-id i --no-should-decrement-desired-capacity",
            "aws sqs delete-queue FILLED-IN",
        ):
            told = list(commands(text, "aws"))
            self.assertTrue(told, text)
            self.assertEqual([aws_problem(it) for it in told], [None] * len(told), text)

    def test_what_is_wrong_is_found(self):
        for text, problem in [
            ("aws ecz list-tasks", "there is no service ecz"),
            ("aws ecs list-task", "ecs has no operation list-task"),
            ("aws ecs list-tasks --clusters c", "it has no clusters"),
            ("aws ecs list-tasks c", "what is c?"),
            ("aws ecs list-tasks --cluster", "nothing is said for cluster"),
            ("aws ecs stop-task --cluster c", "it needs task"),
            ("aws ecs describe-tasks --tasks a --query 'task[].createdAt'", "its answer has no task"),
            ("aws ecs describe-tasks --tasks a --query 'tasks[].[createdAt,pulledAt]'", "its answer has no pulledAt"),
            ("aws cloudformation describe-stacks --query 'Stacks[0].Status'", "its answer has no Status"),
        ]:
            (told,) = commands(text, "aws")
            self.assertEqual(aws_problem(told), problem, text)
        (inner, outer) = commands("aws ecs describe-tasks --tasks $(aws ecs list-task)", "aws")
        self.assertEqual((aws_problem(inner), aws_problem(outer)), ("ecs has no operation list-task", None))
        (told,) = commands("sam logs --stack s --tail", "sam")
        self.assertEqual(sam_problem(told), "it has no stack")


if __name__ == "__main__":
    unittest.main()
