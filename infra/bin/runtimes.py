"""The runtimes of the map (pools.toml), as far as a deploy needs them."""

import boto3
from pools import whole_map
from says import Refusal

# The templates' parameters, by the word of @actions/tool-cache for their architecture.
DIGESTS = {"x64": "RuntimesX64", "arm64": "RuntimesArm64"}


def of_map() -> list[str]:
    """The map's list. `mayfly pools render` checks its contents."""
    runtimes = whole_map().get("runtimes", [])
    return list(runtimes) if isinstance(runtimes, list) else []


def ways() -> set[str]:
    """How the pools get them: s3, efs or none."""
    pools = whole_map().get("pools", {}).values()
    return {it.get("runtimes_from", "s3") for it in pools if isinstance(it, dict)} if of_map() else set()


def check(parameters: dict[str, str]) -> str:
    """Refuses what would not work."""
    runtimes = of_map()
    if not runtimes:
        return "none in pools.toml"
    if "s3" in ways() and parameters.get("VpcId") and not parameters.get("S3EndpointId"):
        raise Refusal(
            "S3EndpointId is empty: with VpcId, runners read the runtimes through that network's gateway endpoint for S3, "
            "which `aws ec2 describe-vpc-endpoints` shows; or runtimes_from = \"efs\" in each pool"
        )
    return ", ".join(runtimes)


def mounts_in(parameters: dict[str, str]) -> bool:
    """Whether a file system gets its mount targets in the user's own network."""
    return "efs" in ways() and bool(parameters.get("VpcId"))


def check_zones(parameters: dict[str, str]) -> str:
    """Each of the first two subnets gets a mount target. EFS allows one for each zone, and a task uses the target
    in its own zone (Amazon EFS, "Managing mount targets")."""
    named = [it.strip() for it in parameters.get("SubnetIds", "").split(",") if it.strip()]
    found = boto3.client("ec2").describe_subnets(SubnetIds=named)["Subnets"]
    zones = {it["SubnetId"]: it["AvailabilityZone"] for it in found}
    of_targets = [zones[it] for it in named[:2]]
    or_else = 'or set runtimes_from = "s3" in the pools'
    if len(set(of_targets)) < 2:
        raise Refusal(
            f"SubnetIds: the runtimes' file system has its mount targets in the first two, which must be in two zones; "
            f"{of_targets[0]} alone has {' and '.join(named[:2])}. Put two of two zones first, {or_else}"
        )
    for subnet in named[2:]:
        if zones[subnet] not in of_targets:
            raise Refusal(
                f"SubnetIds: {subnet} is in {zones[subnet]}, and the runtimes' file system has its mount targets in the zones "
                f"of the first two, {' and '.join(of_targets)}: leave it out, {or_else}"
            )
    return f"mount targets in {' and '.join(of_targets)}"


def published(path: str, given: dict[str, str]) -> dict[str, str]:
    """The digests that the publishers have written, for the parameters that samconfig.toml leaves out."""
    if "s3" not in ways():
        return {}
    wanted = {f"{path}/runtimes/{it}": name for it, name in DIGESTS.items() if not given.get(name)}
    if not wanted:
        return {}
    found = boto3.client("ssm").get_parameters(Names=sorted(wanted))["Parameters"]
    return {wanted[it["Name"]]: it["Value"] for it in found}
