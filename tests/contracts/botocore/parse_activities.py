"""Holds an answer of Auto Scaling's DescribeScalingActivities against botocore's model of the service.

Reads the answer's XML on standard input, prints a line for each thing that the model does not know or does
not allow, and then the activities as botocore reads them: status and message, a line each. Fails if
something is wrong, or if there is no activity.
"""

import sys
from xml.etree import ElementTree

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import QueryParser
from botocore.validate import ParamValidator

NAMESPACE = "{http://autoscaling.amazonaws.com/doc/2011-01-01/}"


def problems(xml, answer, shape):
    """What the model does not allow: missing members, unknown ones, and statuses that there are not."""
    errors = ParamValidator().validate(answer, shape)
    if errors.has_errors():
        yield from errors.generate_report().splitlines()
    activity = shape.members["Activities"].member
    for member in ElementTree.fromstring(xml).iter(f"{NAMESPACE}member"):
        names = {child.tag.removeprefix(NAMESPACE) for child in member}
        for unknown in sorted(names - set(activity.members)):
            yield f"an activity has no {unknown}"
    for read in answer["Activities"]:
        if read["StatusCode"] not in activity.members["StatusCode"].enum:
            yield f"{read['StatusCode']} is no status of an activity"


def main():
    service = ServiceModel(Loader().load_service_model("autoscaling", "service-2"), "autoscaling")
    shape = service.operation_model("DescribeScalingActivities").output_shape
    xml = sys.stdin.buffer.read()
    answer = QueryParser().parse({"body": xml, "headers": {}, "status_code": 200}, shape)
    answer.pop("ResponseMetadata")
    found = list(problems(xml, answer, shape))
    for problem in found:
        print(problem)
    for activity in answer["Activities"]:
        print(activity["StatusCode"], activity.get("StatusMessage", ""))
    sys.exit(1 if found or not answer["Activities"] else 0)


if __name__ == "__main__":
    main()
