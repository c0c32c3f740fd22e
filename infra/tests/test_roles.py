"""Service-linked roles: who needs which, and what IAM's answers mean."""

import unittest
from unittest.mock import patch

import boto3
from botocore.stub import Stubber
from stage import REGION  # finds the scripts

import roles
from pools import Pool

TAKEN = (
    "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix."
)


class Roles(unittest.TestCase):
    def made(self, *answers: tuple[str, str] | None) -> tuple[str, list[str]]:
        """Each answer is of one service: an error's code and message, or none."""
        iam = boto3.client("iam", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        services = [roles.ECS, roles.AUTO_SCALING, roles.SPOT][: len(answers)]
        with Stubber(iam) as stub, patch.object(roles.boto3, "client", return_value=iam):
            for service, answer in zip(services, answers, strict=True):
                if answer:
                    stub.add_client_error("create_service_linked_role", *answer)
                else:
                    stub.add_response("create_service_linked_role", {}, {"AWSServiceName": service})
            return roles.make(services)

    def test_one_that_is_there_is_fine(self):
        self.assertEqual(self.made(("InvalidInput", TAKEN), None), ("made for autoscaling.amazonaws.com", []))
        self.assertEqual(self.made(("InvalidInput", TAKEN)), ("1 of 1 are there", []))

    def test_who_may_not_make_them_is_told_who_has_to(self):
        said, (warning,) = self.made(("AccessDenied", "not authorized"), ("InvalidInput", TAKEN))
        self.assertEqual(said, "1 of 2 are there")
        self.assertIn(
            "`aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com` by who may", warning
        )

    def test_anything_else_is_an_error(self):
        with self.assertRaisesRegex(Exception, "ServiceFailure"):
            self.made(("ServiceFailure", "later"))
        with self.assertRaisesRegex(Exception, "InvalidInput"):
            self.made(("InvalidInput", "no such service"))

    def test_by_the_map(self):
        for capacities, needed in [
            (["fargate", "fargate-spot"], [roles.ECS]),
            (["fargate", "ec2"], [roles.ECS, roles.AUTO_SCALING]),
            (["ec2-spot"], [roles.ECS, roles.AUTO_SCALING, roles.SPOT]),
        ]:
            self.assertEqual(roles.needed([Pool(it, {"capacity": it}) for it in capacities]), needed)


if __name__ == "__main__":
    unittest.main()
