"""What the templates grant, held against AWS's service authorization reference."""

import copy
import tomllib
import unittest

from authorisation import TABLE, Statement, fits, problems, reference, statements
from shapes import ECS, Stack

CLUSTERS = (f"{ECS}:cluster/mayfly_fargate", f"{ECS}:cluster/mayfly_ec2")


# Stacks that have among them every role and every statement.
LOGS = {"HostLogs": "on", "HostMetrics": "on", "TaskLogs": "on", "LogsImage": "r.example/logs"}
KINDS = [
    {
        **{"Ingress": "url", **LOGS, "LogOutput": "cloudwatch", "InstanceSessions": "on"},
        "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd",
        "ImageRepositories": "arn:aws:ecr:us-east-1:123456789012:repository/mayfly",
    },
    {
        "Ingress": "httpapi",
        **LOGS,
        "LogOutput": "newrelic",
        "LogKeyParameter": "/mayfly/log-key",
        "DockerHubMirror": "on",
        "MirrorImage": "r.example/mirror",
        "MirrorKeyParameter": "/mayfly/docker-hub",
        "ImageBuilds": "on",
        "AutomaticImages": "on",
    },
]


def table() -> dict:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def found(rows: dict) -> list[str]:
    """All that is wrong with the templates, if the table had these rows."""
    arns = {it["type"]: it["arn"] for it in rows.get("arn", [])}
    all_of_them = [Stack.whole(arns=arns, **given) for given in KINDS]
    granted = [it for root in all_of_them for it in statements(root)]
    return [it for statement in granted for it in problems(statement, rows)]


class Templates(unittest.TestCase):
    def test_every_statement_is_one_that_aws_knows(self):
        self.assertEqual(found(table()), [])

    def test_every_role_is_looked_at(self):
        arns = {it["type"]: it["arn"] for it in table()["arn"]}
        roots = [Stack.whole(arns=arns, **given) for given in KINDS]
        looked_at = {it.where.partition(",")[0] for root in roots for it in statements(root)}
        functions = {f"{it}Role of mayfly" for it in ("Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler")}
        nested = [("ExecutionRole", "Pools"), ("InstanceRole", "Pools"), ("TaskRole", "Logs")]
        nested += [("ExecutionRole", "Mirror"), ("TaskRole", "Mirror")]
        nested += [(f"{it}Role", "ImageBuilding") for it in ("Check", "Build", "Publish", "Machine", "Schedule")]
        nested += [(f"{it}Role", "AutomaticImaging") for it in ("Give", "Start")]
        others = {f"{role} of mayfly-{stack}-ID" for role, stack in nested}
        queues = {f"{it}Policy of mayfly-Storage-ID" for it in ("JobQueue", "DeadLetterQueue")}
        self.assertLessEqual(functions | others | queues, looked_at)

    def test_every_row_of_the_table_is_needed_and_has_its_source(self):
        for kind, rows in table().items():
            for place, row in enumerate(rows):
                self.assertTrue(row["source"], row)
                without = copy.deepcopy(table())
                del without[kind][place]
                self.assertNotEqual(found(without), [], f"nothing needs {row}: take it out")


class Check(unittest.TestCase):
    """It finds what is wrong, and nothing else."""

    def wrong(self, action: str, *resources: str, keys: tuple[str, ...] = ()) -> list[str]:
        return list(problems(Statement("here", (action,), resources, frozenset(keys)), table()))

    def test_what_is_right_is_let_pass(self):
        for action, resource, keys in [
            ("ecs:ListTasks", "*", ["ecs:cluster"]),
            ("ecs:RunTask", f"{ECS}:task-definition/mayfly_*", ["ecs:cluster"]),
            ("ecs:StopTask", f"{ECS}:task/mayfly_ec2/*", ["aws:ResourceTag/mayfly:stack"]),
            ("ecr:GetAuthorizationToken", "*", []),
            ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:any:*", []),
            ("dynamodb:Query", "arn:aws:dynamodb:us-east-1:123456789012:table/any/index/listings", []),
            ("sqs:Send*", "arn:aws:sqs:us-east-1:123456789012:any", []),
        ]:
            self.assertEqual(self.wrong(action, resource, keys=tuple(keys)), [], action)

    def test_tasks_listed_on_arns_are_found(self):
        """ECS asks for it on all, with the cluster as a condition: on ARNs nothing is ever listed."""
        instances = (f"{ECS}:container-instance/ecs/*", f"{ECS}:container-instance/fargate/*")
        self.assertEqual(
            self.wrong("ecs:ListTasks", *CLUSTERS, *instances),
            [f"here: ecs:ListTasks: is asked for on *, not on {it}" for it in (*CLUSTERS, *instances)],
        )
        self.assertEqual(
            self.wrong("ecs:ListTasks", "*"),
            ["here: ecs:ListTasks: is granted on * without the condition ecs:cluster"],
        )

    def test_a_misspelt_action_is_found(self):
        for action in ("ecs:RunTasks", "ecs:runtask", "ecz:RunTask", "ecs:Rum*", "RunTask"):
            self.assertEqual(self.wrong(action, "*"), [f"here: there is no action {action}"])

    def test_all_is_found_where_a_resource_is_known(self):
        told = "here: ecs:RunTask: is granted on *, and knows task-definition"
        self.assertEqual(self.wrong("ecs:RunTask", "*"), [told])

    def test_an_unknown_condition_key_is_found(self):
        definition = f"{ECS}:task-definition/mayfly_*"
        for key in ("ecs:clusters", "aws:SourceAcount", "ecs:container-instances"):
            told = f"here: ecs:RunTask: does not know the condition key {key}"
            self.assertEqual(self.wrong("ecs:RunTask", definition, keys=(key,)), [told])

    def test_a_wrong_kind_of_arn_is_found(self):
        for action, resource in [
            ("ecs:RunTask", f"{ECS}:task/mayfly_ec2/*"),
            ("ecs:RunTask", f"{ECS}:*"),
            ("ecs:ListContainerInstances", f"{ECS}:container-instance/mayfly_ec2/*"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:123456789012:table/any/index/listings"),
            ("autoscaling:DescribeAutoScalingGroups", "arn:aws:autoscaling:us-east-1:123456789012:any"),
            ("sqs:SendMessage", "any"),
        ]:
            self.assertEqual(len(self.wrong(action, resource)), 1, f"{action} on {resource}")

    def test_a_form_is_met_by_what_can_be_one(self):
        form = "arn:${Partition}:x:${Region}:${Account}:group:${GroupId}:name/${Name}"
        for granted, fitting, why in [
            ("arn:aws:x:r:1:group:*:name/a_*", True, "a wildcard for an id, and one in a name"),
            ("arn:aws:x:r:*:group:*", True, "all groups"),
            ("arn:aws:x:r:1:group:?:name/a", True, "one letter"),
            ("arn:aws:x:r:1:*", False, "the kind is not said"),
            ("arn:aws:x:r:1:group:7:other/a", False, "another form"),
            ("arn:aws:x:r:1:group:7:name/a/b", False, "a name has no slash"),
            ("arn:aws:y:r:1:group:*:name/a", False, "another service"),
            ("arn:aws:x:r:1:group::name/a", False, "no id"),
        ]:
            self.assertEqual(fits(granted, form), fitting, why)

    def test_the_reference_is_not_empty(self):
        self.assertGreater(len(reference()), 300)


if __name__ == "__main__":
    unittest.main()
