"""Logs and metrics of hosts and tasks: checks that their parameters fit together, and that what they need exists
before a deploy."""

import parameter_store
from says import listed

SWITCHES = ["HostLogs", "HostMetrics", "TaskLogs"]
CLOUDWATCH = "cloudwatch"


def switched_on(parameters: dict[str, str]) -> list[str]:
    return [it for it in SWITCHES if parameters[it] == "on"]


def problems(parameters: dict[str, str]) -> list[str]:
    """Problems that only show when the parameters are taken together."""
    output, on = parameters["LogOutput"], switched_on(parameters)
    if not on:
        return []
    if not output:
        return [f"{are_on(on)}, and LogOutput is empty: set it to a destination, for example cloudwatch"]
    # ECS itself writes the tasks' logs to CloudWatch.
    sent = [it for it in on if it != "TaskLogs" or output != CLOUDWATCH]
    found = []
    if sent and not parameters["LogsImage"] and parameters["ImageBuilds"] == "off":
        found.append(f"{are_on(sent)}, and LogsImage is empty: `make images PUSH=…` builds it")
    if sent and needs_key(output) and not parameters["LogKeyParameter"]:
        found.append(
            f"LogOutput is {output}, and LogKeyParameter is empty: name the SecureString that has the key"
        )
    return found


def are_on(switches: list[str]) -> str:
    return f"{listed(switches)} {'are' if len(switches) > 1 else 'is'} on"


def needs_key(output: str) -> bool:
    return output == "newrelic" or "${LOG_KEY}" in output


def check_key(parameters: dict[str, str], region: str) -> str:
    """Refuses a missing key, because ECS starts no task without its secret."""
    name = parameters["LogKeyParameter"]
    if not name or parameters["LogOutput"] == CLOUDWATCH:
        return "none is needed"
    return parameter_store.check_key(name, region)
