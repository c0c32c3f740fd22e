"""The runtimes of the map (pools.toml), as far as a deploy has to know them."""

import boto3
from pools import whole_map
from says import Refusal

# The templates' parameters, by the word of @actions/tool-cache for their architecture.
DIGESTS = {"x64": "RuntimesX64", "arm64": "RuntimesArm64"}


def of_map() -> list[str]:
    """The map's list. `mayfly pools render` looks at what is in it."""
    runtimes = whole_map().get("runtimes", [])
    return list(runtimes) if isinstance(runtimes, list) else []


def ways() -> set[str]:
    """How the pools come to them: s3, efs or none."""
    pools = whole_map().get("pools", {}).values()
    return {it.get("runtimes_from", "s3") for it in pools if isinstance(it, dict)} if of_map() else set()


def check(parameters: dict[str, str]) -> str:
    """What speaks against the deploy."""
    runtimes = of_map()
    if not runtimes:
        return "none in pools.toml"
    if "s3" in ways() and parameters.get("VpcId") and not parameters.get("S3EndpointId"):
        raise Refusal(
            "S3EndpointId is empty: with VpcId, runners read the runtimes through that network's gateway endpoint for S3, "
            "which `aws ec2 describe-vpc-endpoints` shows; or runtimes_from = \"efs\" in each pool"
        )
    return ", ".join(runtimes)


def published(path: str, given: dict[str, str]) -> dict[str, str]:
    """The digests that the publishers have written, for the parameters that samconfig.toml leaves out."""
    if "s3" not in ways():
        return {}
    wanted = {f"{path}/runtimes/{it}": name for it, name in DIGESTS.items() if not given.get(name)}
    if not wanted:
        return {}
    found = boto3.client("ssm").get_parameters(Names=sorted(wanted))["Parameters"]
    return {wanted[it["Name"]]: it["Value"] for it in found}
