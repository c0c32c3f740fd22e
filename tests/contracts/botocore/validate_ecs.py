"""Holds exchanges with ECS against botocore's model of the service, which AWS publishes.

Reads an exchange a line on standard input, {"operation", "request", "status", "answer"} as JSON, and
prints a line for each thing that the model does not know or does not allow. Fails if there is one.
"""

import json
import sys

from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel
from botocore.validate import ParamValidator

# Any operation of AWS may answer with these, so a service's model does not name them.
COMMON_ERRORS = {
    "InvalidSignatureException",
    "ThrottlingException",
    "UnrecognizedClientException",
}


def strict(value, shape, at):
    """What ParamValidator lets pass: values that an enum has not, times that are no numbers, and
    booleans in place of numbers."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members:
                yield from strict(member, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for place, member in enumerate(value):
            yield from strict(member, shape.member, f"{at}[{place}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, member in value.items():
            yield from strict(member, shape.value, f"{at}.{name}")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{at}: {value!r} is none of {', '.join(shape.enum)}"
    elif shape.type_name in ("integer", "long", "float", "double", "timestamp"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{at}: {value!r} is not a number"


def of_shape(value, shape, at):
    """Whether a value fits a shape: no member unknown, none missing, each of its type."""
    if shape is None:
        return
    errors = ParamValidator().validate(value, shape)
    if errors.has_errors():
        yield from (f"{at}: {line}" for line in errors.generate_report().splitlines())
    yield from strict(value, shape, at)


def of_error(answer, operation, at):
    """Whether an error is one of the operation's, with its members."""
    body = dict(answer)
    code = body.pop("__type", None)
    shapes = {shape.name: shape for shape in operation.error_shapes}
    if code in shapes:
        yield from of_shape(body, shapes[code], f"{at} {code}")
    elif code not in COMMON_ERRORS:
        yield f"{at}: {code!r} is no error of the operation"
    elif set(body) != {"message"}:
        yield f"{at} {code}: has {sorted(body)}"


def problems(exchange, service):
    name = exchange["operation"]
    try:
        operation = service.operation_model(name)
    except OperationNotFoundError:
        yield f"{name}: ECS has no such operation"
        return
    yield from of_shape(exchange["request"], operation.input_shape, f"{name} request")
    if exchange["status"] == 200:
        yield from of_shape(exchange["answer"], operation.output_shape, f"{name} answer")
    else:
        yield from of_error(exchange["answer"], operation, f"{name} answer")


def main():
    service = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
    exchanges = [json.loads(line) for line in sys.stdin if line.strip()]
    found = [problem for exchange in exchanges for problem in problems(exchange, service)]
    for problem in found:
        print(problem)
    print(f"{len(exchanges)} exchanges, {len(found)} problems")
    sys.exit(1 if found or not exchanges else 0)


if __name__ == "__main__":
    main()
