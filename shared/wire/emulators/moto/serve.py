"""Serves moto on 127.0.0.1, for as long as standard input is open.

    serve.py [PORT]

Prints the port when it is ready; without one, or with 0, a free one. Whoever started it holds the
other end of standard input, so that it ends with them, however they end.
"""

import logging
import sys
from threading import Lock, Thread

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


class DynamoDBOneAtATime:
    """DynamoDB isolates transactions. moto's TransactWriteItems does not: two at once lose writes,
    and one that is cancelled puts back the whole table as it was before it. So DynamoDB's requests
    wait for each other; those to other services do not."""

    def __init__(self, app):
        self.app = app
        self.lock = Lock()

    def __call__(self, environ, start_response):
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return self.app(environ, start_response)
        with self.lock:
            return self.app(environ, start_response)


class UpdatesInPlace:
    """moto's CloudFormation does not know `Fn::GetAtt` on the outputs of a nested stack, and makes a nested
    stack or an Auto Scaling group anew where it is to be updated, so that all that runs in it is gone; an
    updated function is handed its layers, not their ARNs, and cannot read them; a new revision of a task definition
    ends the one before, and its containers have names that ECS does not know; what has a condition that does not hold
    is looked into; and `AWS::NoValue` leaves a hole in a list. It is taught better when the first request comes, because its
    models take a second to load."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        if "/cloudformation/" in environ.get("HTTP_AUTHORIZATION", ""):
            from moto.autoscaling.models import FakeAutoScalingGroup
            from moto.awslambda.models import LambdaFunction
            from moto.cloudformation import models, parsing
            from moto.ecs.models import TaskDefinition

            models.Stack.get_cfn_attribute = output_of
            models.Stack.update_from_cloudformation_json = classmethod(update_nested)
            FakeAutoScalingGroup.update_from_cloudformation_json = classmethod(update_sizes)
            TaskDefinition.update_from_cloudformation_json = classmethod(new_revision)
            # Once, whoever else asks at this moment.
            vars(parsing).setdefault("clean_with_holes", parsing.clean_json)
            parsing.clean_json = clean
            vars(parsing).setdefault("update_anything", parsing.parse_and_update_resource)
            parsing.parse_and_update_resource = update_what_is_there
            if not hasattr(LambdaFunction, "layers_by_arn"):
                LambdaFunction.layers_by_arn = LambdaFunction._get_layers_data
            LambdaFunction._get_layers_data = layers
        return self.app(environ, start_response)


def clean(value, resources):
    """A value with what it refers to, and nothing where that is nothing."""
    from moto.cloudformation import parsing

    found = parsing.clean_with_holes(value, resources)
    return [it for it in found if it is not None] if isinstance(value, list) else found


def update_what_is_there(logical_id, resource_json, resources_map, account_id, region_name):
    """Updates a resource, unless its condition does not hold."""
    from moto.cloudformation import parsing

    condition = resource_json.get("Condition")
    if condition and not resources_map.lazy_condition_map[condition]:
        return None
    return parsing.update_anything(logical_id, resource_json, resources_map, account_id, region_name)


def new_revision(definitions, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """A revision beside the one before, which stays, as the templates say."""
    return definitions.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)


def layers(function, wanted):
    """What a function says of its layers, each given by its ARN or as what CloudFormation has made."""
    return function.layers_by_arn([getattr(it, "arn", it) for it in wanted])


def output_of(stack, attribute):
    """What `Outputs.Name` of a nested stack is."""
    return stack.output_map[attribute.removeprefix("Outputs.")].value


def update_nested(stacks, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """Updates the nested stack that is there, with the template and the parameters that it is to have."""
    from moto.cloudformation import models

    properties = cloudformation_json["Properties"]
    partition = models.get_partition(region_name)
    template = models.get_stack_from_s3_url(
        properties["TemplateURL"], account_id=account_id, partition=partition
    )
    original_resource.update(template, parameters=properties.get("Parameters", {}))
    return original_resource


def update_sizes(groups, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """Gives the group that is there its new sizes, which is all that a deploy of the same pool changes. AWS
    ends no instance then that is protected, and here none is ended."""
    properties = cloudformation_json["Properties"]
    original_resource.min_size, original_resource.max_size = (
        int(properties["MinSize"]),
        int(properties["MaxSize"]),
    )
    return original_resource


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    app = DynamoDBOneAtATime(UpdatesInPlace(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
