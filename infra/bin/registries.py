"""Registries of images: what a tag names now, in ECR or in another registry.

OCI distribution specification: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import hashlib
import json
import re
from dataclasses import dataclass

import boto3
import requests
from says import AWS_ERRORS, Refusal, one_line
from urllib3.exceptions import LocationParseError

# Lists of images, one for each architecture, and single images.
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPTED = [*INDEXES, *MANIFESTS]

# <account>.dkr.ecr.<region>.amazonaws.com, and .com.cn in China.
ECR = re.compile(r"(\d{12})\.dkr\.ecr(-fips)?\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")

# Docker's own registry answers by another name than the one in references.
DOCKER_HUB = ("docker.io", "index.docker.io")
DOCKER_HUB_API = "registry-1.docker.io"

# Seconds.
TIMEOUT = 30


@dataclass
class Reference:
    """`registry/repository:tag@digest`; no tag is `latest`."""

    registry: str
    repository: str
    tag: str
    digest: str | None
    # As somebody wrote it, without tag and digest.
    name: str

    @classmethod
    def of(cls, text: str) -> "Reference":
        match = re.fullmatch(
            r"([^@]+?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?", text
        )
        if not match or not re.fullmatch(r"[a-z0-9._:/-]+", match[1], re.IGNORECASE):
            raise Refusal(f"{text!r} is not an image: REPOSITORY, REPOSITORY:TAG or REPOSITORY@sha256:DIGEST")
        name, tag, digest = match[1], match[2] or "latest", match[3]
        first, slash, rest = name.partition("/")
        # Docker's rule: what comes first is a host if it looks like one.
        if slash and ("." in first or ":" in first or first == "localhost"):
            return cls(first, rest, tag, digest, name)
        return cls("docker.io", name if slash else f"library/{name}", tag, digest, name)

    @property
    def wanted(self) -> str:
        return self.digest or self.tag


@dataclass
class Found:
    """What a registry has under a reference."""

    digest: str
    # Of Linux, as the index names them (amd64, arm64); none: it is no index.
    architectures: set[str] | None


def repository_arn(text: str) -> str:
    """Of an image in ECR; empty for another registry's."""
    reference = Reference.of(text)
    match = ECR.fullmatch(reference.registry)
    if not match:
        return ""
    account, region = match[1], match[3]
    partition = boto3.session.Session().get_partition_for_region(region)
    return f"arn:{partition}:ecr:{region}:{account}:repository/{reference.repository}"


def look_up(text: str, region: str) -> Found:
    """What the reference names. The region is the stack's, because its execution role may pull from ECR only there."""
    reference = Reference.of(text)
    if match := ECR.fullmatch(reference.registry):
        if match[3] != region:
            raise Refusal(f"{text} is in {match[3]}, and the stack in {region}: push it to ECR there")
        digest, body = from_ecr(reference, match[1], region)
    else:
        body = from_registry(reference)
        # The header with the digest is optional, and this is what it is.
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if reference.digest and digest != reference.digest:
        raise Refusal(f"{text}: the registry answers with {digest}")
    try:
        return Found(digest, architectures(body))
    except (ValueError, TypeError, AttributeError):
        # A proxy's page to log in, say.
        raise Refusal(f"{text}: what answers for {reference.registry} is not a registry") from None


def architectures(body: bytes) -> set[str] | None:
    """The architectures of an index. Attestations are images of the platform unknown/unknown in it."""
    manifest = json.loads(body)
    if "manifests" not in manifest:
        return None
    platforms = [it.get("platform") or {} for it in manifest["manifests"]]
    return {it.get("architecture") for it in platforms if it.get("os") == "linux"}


def from_ecr(reference: Reference, account: str, region: str) -> tuple[str, bytes]:
    """The digest, and what it is the digest of."""
    wanted = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
    try:
        answer = boto3.client("ecr", region_name=region).batch_get_image(
            registryId=account,
            repositoryName=reference.repository,
            imageIds=[wanted],
            acceptedMediaTypes=ACCEPTED,
        )
    except AWS_ERRORS as error:
        raise Refusal(f"{reference.name}: {one_line(error)}") from None
    if not answer["images"]:
        told = [it.get("failureReason", "") for it in answer.get("failures", [])]
        raise Refusal(
            f"{reference.name} has no {reference.wanted}: {one_line(' '.join(told)) or 'ECR finds none'}"
        )
    image = answer["images"][0]
    return image["imageId"]["imageDigest"], image["imageManifest"].encode()


def unpulled(text: str, stack: str, region: str) -> str | None:
    """Why instances cannot pull an image of ECR before their first task: their role may only pull from repositories
    with the stack's tag, in their own account."""
    reference = Reference.of(text)
    if not (match := ECR.fullmatch(reference.registry)):
        return None
    lacks = f"{reference.name} has no tag mayfly:stack={stack}, so that an instance pulls it with its first task"
    ecr = boto3.client("ecr", region_name=region)
    try:
        found = ecr.describe_repositories(registryId=match[1], repositoryNames=[reference.repository])
        arn = found["repositories"][0]["repositoryArn"]
        tags = {it["Key"]: it["Value"] for it in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}
    except AWS_ERRORS as error:
        return f"{lacks}, or that is not known: {one_line(error)}"
    if tags.get("mayfly:stack") == stack:
        return None
    way = f"aws ecr tag-resource --resource-arn {arn} --tags Key=mayfly:stack,Value={stack} --region {region}"
    return f"{lacks}: `{way}`"


def from_registry(reference: Reference) -> bytes:
    """Without credentials: tasks have none either."""
    host = DOCKER_HUB_API if reference.registry in DOCKER_HUB else reference.registry
    # Docker's rule: a registry on this machine has no certificate.
    local = re.fullmatch(r"(localhost|127\.0\.0\.\d+)(:\d+)?", host)
    url = f"{'http' if local else 'https'}://{host}/v2/{reference.repository}/manifests/{reference.wanted}"
    headers = {"Accept": ", ".join(ACCEPTED)}
    try:
        answer = requests.get(url, headers=headers, timeout=TIMEOUT)
        if answer.status_code == 401:
            headers["Authorization"] = f"Bearer {anonymous_token(answer, reference)}"
            answer = requests.get(url, headers=headers, timeout=TIMEOUT)
    except (requests.RequestException, LocationParseError) as error:
        raise Refusal(f"{reference.name}: {host} does not answer: {type(error).__name__}") from None
    if answer.status_code == 404:
        raise Refusal(f"{reference.name} has no {reference.wanted}: push it, or name another")
    if answer.status_code in (401, 403):
        raise Refusal(f"{reference.name} is not public, and tasks log in only to ECR: push it there")
    if answer.status_code != 200:
        raise Refusal(f"{reference.name}: {host} answers {answer.status_code}")
    return answer.content


def anonymous_token(answer: requests.Response, reference: Reference) -> str:
    """Registry v2 token authentication: the challenge names the token's URL and scope.
    https://distribution.github.io/distribution/spec/auth/token/"""
    challenge = answer.headers.get("www-authenticate", "")
    told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer ") or "realm" not in told:
        raise Refusal(f"{reference.name} is not public, and tasks log in only to ECR: push it there")
    usual = f"repository:{reference.repository}:pull"
    asked = {"service": told.get("service", ""), "scope": told.get("scope", usual)}
    given = requests.get(told["realm"], params=asked, timeout=TIMEOUT)
    if given.status_code != 200:
        raise Refusal(f"{reference.name} is not public, and tasks log in only to ECR: push it there")
    found = given.json()
    return found.get("token") or found.get("access_token", "")
