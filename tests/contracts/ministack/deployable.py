"""Which types of resources ministack's CloudFormation has a model of.

    deployable.py ENDPOINT TYPE...

Prints a JSON list of those of the types that it takes a template with.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

UNKNOWN = "Unrecognized resource types"


def is_known(formation, kind: str) -> bool:
    template = {"Resources": {"It": {"Type": kind}}}
    try:
        formation.create_stack(StackName="of-one", TemplateBody=json.dumps(template))
    except ClientError as error:
        if UNKNOWN not in str(error):
            raise
        return False
    formation.delete_stack(StackName="of-one")
    return True


def main() -> None:
    endpoint, *kinds = sys.argv[1:]
    formation = boto3.client(
        "cloudformation",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="any",
    )
    json.dump([kind for kind in kinds if is_known(formation, kind)], sys.stdout)


if __name__ == "__main__":
    main()
