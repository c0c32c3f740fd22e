"""The mirror of Docker Hub: checks that its parameters fit together, and that what it needs exists before a deploy."""

import parameter_store

# DNS: letters of a label. The mirror's name is mirror.STACK.internal.
LABEL = 63


def is_on(parameters: dict[str, str]) -> bool:
    return parameters["DockerHubMirror"] == "on"


def problems(parameters: dict[str, str], stack: str) -> list[str]:
    """Problems that only show when the parameters are taken together."""
    if not is_on(parameters):
        return []
    found = []
    if theirs := parameters["RegistryMirror"]:
        found.append(f"DockerHubMirror is on, and RegistryMirror is {theirs}: daemons use only one of them; leave one out")
    if not parameters["MirrorImage"] and parameters["ImageBuilds"] == "off":
        found.append("DockerHubMirror is on, and MirrorImage is empty: `make images PUSH=…` builds it")
    if len(stack) > LABEL:
        found.append(f"DockerHubMirror is on, and stack_name has {len(stack)} letters: a DNS name allows {LABEL}")
    return found


def check_key(parameters: dict[str, str], region: str) -> str:
    """Refuses a missing key, because ECS starts no task without its secret."""
    if not parameters["MirrorKeyParameter"]:
        return "none: the mirror asks Docker Hub without an account"
    return parameter_store.check_key(parameters["MirrorKeyParameter"], region)
