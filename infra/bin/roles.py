"""Service-linked roles, which an account lacks until it first uses a service. AWS makes them at the first use, but
that use fails because the role does not exist yet. So they are made beforehand."""

import boto3
from botocore.exceptions import ClientError

# The services, by who needs them. IAM user guide, "Create a service-linked role"; ECS developer guide, "Using
# service-linked roles"; EC2 user guide, "Service-linked role for Spot Instance requests".
ECS = "ecs.amazonaws.com"
AUTO_SCALING = "autoscaling.amazonaws.com"
SPOT = "spot.amazonaws.com"


def needed(pools) -> list[str]:
    """The services that a map's pools need. Every pool needs ECS."""
    on_ec2 = [AUTO_SCALING] if any(pool.on_ec2 for pool in pools) else []
    on_spot = [SPOT] if any(pool.on_ec2_spot for pool in pools) else []
    return [ECS, *on_ec2, *on_spot]


def make(services: list[str]) -> tuple[str, list[str]]:
    """Makes the missing roles. Returns what was made, and what somebody with more rights has to do."""
    iam, made, warnings = boto3.client("iam"), [], []
    for service in services:
        try:
            iam.create_service_linked_role(AWSServiceName=service)
            made.append(service)
        except ClientError as error:
            if is_there(error):
                continue
            if not error.response["Error"]["Code"].startswith("AccessDenied"):
                raise
            warnings.append(
                f"you may not make the service-linked role of {service}; if the account has none, the deploy "
                f"fails: `aws iam create-service-linked-role --aws-service-name {service}` by who may"
            )
    if made:
        return f"made for {', '.join(made)}", warnings
    return f"{len(services) - len(warnings)} of {len(services)} are there", warnings


def is_there(error: ClientError) -> bool:
    """IAM: InvalidInput, "Service role name … has been taken in this account"."""
    code, told = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return code == "EntityAlreadyExists" or (code == "InvalidInput" and "has been taken" in told)
