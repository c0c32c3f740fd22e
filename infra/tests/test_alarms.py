"""The alarms that every stack has from its first deploy, and where they go."""

import unittest

from shapes import Stack

TOPIC = "arn:aws:sns:us-east-1:123456789012:ours"
FUNCTIONS = ["Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler"]


class Alarms(unittest.TestCase):
    def alarms(self, **given: str) -> dict[str, dict]:
        below = Stack.whole("one", **given).below("Alarms")
        return {
            logical: below.value(it["Properties"])
            for logical, it in below.resources().items()
            if it["Type"] == "AWS::CloudWatch::Alarm"
        }

    def test_dead_letters_and_functions_that_fail_or_are_not_called_ring_without_a_topic_too(self):
        seen = {
            (it["Namespace"], it["MetricName"], it["Dimensions"][0]["Value"]) for it in self.alarms().values()
        }
        functions = {("AWS/Lambda", what, f"one-{it}Function-ID") for it in FUNCTIONS for what in ("Errors", "Throttles")}
        # CloudWatch knows a queue by its name, and a dead-letter queue is a queue.
        queue = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "<one-Storage-ID-DeadLetterQueue.QueueName>")
        self.assertEqual(seen, functions | {queue})
        for logical, it in self.alarms().items():
            self.assertEqual((it["Threshold"], it["ComparisonOperator"]), (0, "GreaterThanThreshold"), logical)
            self.assertEqual(it["TreatMissingData"], "notBreaching", f"{logical}: a quiet night is no alarm")
            self.assertLessEqual(it["Period"] * it["EvaluationPeriods"], 180, f"{logical}: within three minutes")
            self.assertNotIn("AlarmActions", it, logical)

    def test_a_deploy_whose_functions_fail_is_named_and_the_way_back_with_it(self):
        for function in FUNCTIONS:
            told = self.alarms()[f"{function}ErrorsAlarm"]["AlarmDescription"]
            self.assertIn(f"the function {function} fails", told)
            self.assertIn("`make rollback`", told)

    def test_they_go_to_the_accounts_topic_or_to_one_of_the_stacks_own(self):
        own = "arn:aws:sns:us-east-1:123456789012:one_alarms"
        for given, topic, made in (
            ({}, None, set()),
            ({"AlarmTopicArn": TOPIC}, [TOPIC], set()),
            ({"AlarmEmail": "team@example.com"}, [own], {"AlarmTopic", "AlarmMail"}),
        ):
            root = Stack.whole("one", **given)
            self.assertEqual({it for it in root.resources() if it in ("AlarmTopic", "AlarmMail")}, made)
            all_of_them = [
                stack.value(it["Properties"])
                for stack in root.stacks()
                for it in stack.resources().values()
                if it["Type"] == "AWS::CloudWatch::Alarm"
            ]
            self.assertGreater(len(all_of_them), len(self.alarms()), "those of the pools too")
            for it in all_of_them:
                self.assertEqual((it.get("AlarmActions"), it.get("OKActions")), (topic, topic), it["MetricName"])

    def test_the_mail_goes_to_the_address(self):
        root = Stack.whole("one", AlarmEmail="team@example.com")
        mail = root.value(root.resources()["AlarmMail"]["Properties"])
        self.assertEqual((mail["Protocol"], mail["Endpoint"]), ("email", "team@example.com"))


if __name__ == "__main__":
    unittest.main()
