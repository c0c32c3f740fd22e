"""The dependency caches of the map (pools.toml), as far as a deploy needs them."""

from pools import whole_map
from says import Refusal

# IAM quotas: characters of a role's name.
ROLE_NAME = 64


def of_map() -> list[str]:
    """The names of the groups. `mayfly pools render` checks the rest."""
    groups = whole_map().get("caches", {})
    return list(groups) if isinstance(groups, dict) else []


def check(parameters: dict[str, str], stack: str, region: str) -> str:
    """Refuses groups whose roles IAM would not accept."""
    groups = of_map()
    if not groups:
        return "none in pools.toml"
    if parameters.get("GitHubApiUrl"):
        raise Refusal("[caches.<name>] works with GitHub.com only: take the groups out of pools.toml")
    name = f"{stack}_{region}_{max(groups, key=len)}_w"
    if len(name) > ROLE_NAME:
        raise Refusal(
            f"the role {name} has {len(name)} characters, but IAM allows {ROLE_NAME}: shorten the group or stack_name"
        )
    return f"{len(groups)} groups of repositories"
