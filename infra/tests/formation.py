"""A CloudFormation of a few lines that says of stacks what moto's never would: that they failed, and why."""

from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from served import Quiet, serve

NESTED = "AWS::CloudFormation::Stack"
BEGAN = datetime(2026, 11, 26, 9, 0, tzinfo=timezone.utc)


def arn(stack: str) -> str:
    return f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/1"


def xml(value) -> str:
    if isinstance(value, list):
        return "".join(f"<member>{xml(each)}</member>" for each in value)
    if isinstance(value, dict):
        return "".join(f"<{name}>{xml(each)}</{name}>" for name, each in value.items() if each is not None)
    return escape(str(value))


class Formation:
    """Stacks by name: a status, events in their order, and resources. `status` is asked at each call, so that
    a stack can come to be; None: it is not there."""

    def __init__(self, test, status, events: dict[str, list[tuple]], resources: dict[str, list[tuple]]):
        self.status, self.events, self.resources = status, events, resources
        formation = self

        class Handler(Quiet):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                told = {name: values[0] for name, values in parse_qs(body).items()}
                formation.answer(self, told["Action"], told.get("StackName", ""))

        self.url = f"http://{serve(test, Handler)}"

    def answer(self, request: BaseHTTPRequestHandler, action: str, stack: str) -> None:
        name = stack.split("/")[1] if "/" in stack else stack
        known, status = {}, self.status()
        if status:
            known["DescribeStacks"] = {"Stacks": [self.described(name, status)]}
            known["DescribeStackEvents"] = {"StackEvents": self.told(name)}
            known["ListStackResources"] = {"StackResourceSummaries": self.made(name)}
            known["ListChangeSets"] = {"Summaries": []}
        if action in known:
            code, body = 200, f"<{action}Result>{xml(known[action])}</{action}Result>"
        else:
            message = f"Stack with id {name} does not exist"
            code, body = 400, f"<Error><Code>ValidationError</Code><Message>{message}</Message></Error>"
        data = f"<{action}Response>{body}</{action}Response>".encode()
        request.send_response(code)
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    @staticmethod
    def described(name: str, status: str) -> dict:
        when = BEGAN.isoformat()
        return {"StackId": arn(name), "StackName": name, "StackStatus": status, "CreationTime": when}

    def told(self, name: str) -> list[dict]:
        """Newest first. An event: seconds, logical id, type, physical id, status, reason."""
        return [
            {
                "StackId": arn(name),
                "EventId": f"{name}-{number}",
                "StackName": name,
                "Timestamp": (BEGAN + timedelta(seconds=seconds)).isoformat(),
                "LogicalResourceId": logical,
                "ResourceType": kind,
                "PhysicalResourceId": physical,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (seconds, logical, kind, physical, status, reason) in enumerate(
                self.events.get(name, [])
            )
        ][::-1]

    def made(self, name: str) -> list[dict]:
        return [
            {
                "LogicalResourceId": logical,
                "ResourceType": kind,
                "PhysicalResourceId": physical,
                "ResourceStatus": status,
                "LastUpdatedTimestamp": BEGAN.isoformat(),
            }
            for logical, kind, physical, status in self.resources.get(name, [])
        ]
