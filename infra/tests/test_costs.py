"""Who may write what runners cost: the three functions that hear of a runner's end, and into that one log group."""

import unittest

from authorisation import TABLE, statements
from shapes import Stack

import tomllib

WRITERS = {"LauncherRole", "SchedulerRole", "ReconcilerRole"}


def root(**given: str) -> Stack:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["arn"]
    return Stack.whole(arns={it["type"]: it["arn"] for it in rows}, **given)


class Costs(unittest.TestCase):
    def test_three_functions_may_put_lines_and_nothing_else(self):
        granted = [it for it in statements(root()) if any("CostLogs" in resource for resource in it.resources or ())]
        self.assertEqual({it.where.partition(" ")[0] for it in granted}, WRITERS)
        for statement in granted:
            self.assertEqual(statement.actions, ("logs:PutLogEvents",), statement)
            self.assertEqual(len(statement.resources), 1, statement)

    def test_the_lines_are_kept_for_ninety_days(self):
        groups = [it for it in root().below("Costs").resources().values() if it["Type"] == "AWS::Logs::LogGroup"]
        self.assertEqual([it["Properties"]["RetentionInDays"] for it in groups], [90])

    def test_names_can_be_switched_off_by_one_word(self):
        for given, expected in (({}, "on"), ({"JobNames": "off"}, "off")):
            stack = root(**given)
            webhook = stack.resources()["WebhookFunction"]["Properties"]
            told = stack.value(webhook["Environment"]["Variables"]["MAYFLY_JOB_NAMES"])
            self.assertEqual(told, expected)


if __name__ == "__main__":
    unittest.main()
