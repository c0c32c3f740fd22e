"""Runners that are registered at GitHub, as the stack's App sees them."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import jwt
import requests

GITHUB_COM = "https://api.github.com"

# `mayfly-<pool>-<id>`, as the registrar names them; the id is 20 characters of base 32.
NAME = re.compile(r"mayfly-[a-z][a-z0-9-]*-([0-9a-hjkmnp-tv-z]{20})")

# Seconds. GitHub's reset of a primary limit is an hour away at most.
LONGEST_WAIT = 3600
# Seconds in which GitHub answers or does not.
TIMEOUT = 30
TRIES = 5


class GitHubError(Exception):
    """GitHub has refused a request or not answered it."""


@dataclass
class Runner:
    """A registration, and the RunnerId in its name."""

    github_id: int
    name: str
    runner_id: str


@dataclass
class Outcome:
    """The result for each registration, by the runners' names."""

    deleted: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{len(self.deleted)} deleted"]
        if self.busy:
            parts.append(f"left, because they are busy: {', '.join(self.busy)}")
        if self.unknown:
            parts.append(f"left, because this ledger does not know them: {', '.join(self.unknown)}")
        return "; ".join(parts)


def delete_all(github: "GitHub", known: Callable[[list[str]], set[str]]) -> Outcome:
    """Deletes the registrations whose RunnerId the ledger knows, because another stack's runners have the same
    prefix. One that cannot be deleted does not stop the others."""
    runners = list(github.runners())
    ours = known([runner.runner_id for runner in runners])
    outcome = Outcome()
    for runner in runners:
        if runner.runner_id not in ours:
            outcome.unknown.append(runner.name)
            continue
        try:
            (outcome.deleted if github.delete(runner) else outcome.busy).append(runner.name)
        except GitHubError as error:
            outcome.failed.append(f"{runner.name} ({error})")
    if outcome.failed:
        raise GitHubError(f"{outcome}; not deleted: {', '.join(outcome.failed)}")
    return outcome


class GitHub:
    """GitHub's API, by the App that is installed in the organisation."""

    def __init__(self, api: str, organisation: str, app_id: str, key: str, sleep=time.sleep, now=time.time):
        self.api, self.organisation, self.app_id, self.key = api, organisation, app_id, key
        self.sleep, self.now = sleep, now
        self.http = requests.Session()
        self.token = None

    def runners(self) -> Iterator[Runner]:
        """The organisation's runners with a name of ours."""
        url = f"{self.api}/orgs/{self.organisation}/actions/runners?per_page=100"
        while url:
            answer = self.call("GET", url, 200)
            for it in answer.json()["runners"]:
                if match := NAME.fullmatch(it["name"]):
                    yield Runner(it["id"], it["name"], match[1])
            url = answer.links.get("next", {}).get("url")

    def delete(self, runner: Runner) -> bool:
        """Deletes it. False if it is busy, so GitHub has kept it. One that is already gone counts as deleted."""
        url = f"{self.api}/orgs/{self.organisation}/actions/runners/{runner.github_id}"
        return self.call("DELETE", url, 204, 404, 422).status_code != 422

    def call(self, method: str, url: str, *expected: int) -> requests.Response:
        """A call by the installation, whose token is valid for an hour."""
        if self.token is None:
            self.token = self.installation_token()
        return self.send(method, url, self.token, *expected)

    def installation_token(self) -> str:
        # A minute back, for clocks that differ; GitHub takes ten minutes at most.
        now = int(self.now())
        claims = {"iat": now - 60, "exp": now + 540, "iss": self.app_id}
        signed = jwt.encode(claims, self.key, algorithm="RS256")
        found = self.send("GET", f"{self.api}/orgs/{self.organisation}/installation", signed, 200)
        tokens = f"{self.api}/app/installations/{found.json()['id']}/access_tokens"
        return self.send("POST", tokens, signed, 201).json()["token"]

    def send(self, method: str, url: str, bearer: str, *expected: int) -> requests.Response:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {bearer}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        for left in reversed(range(TRIES)):
            try:
                answer = self.http.request(method, url, headers=headers, timeout=TIMEOUT)
            except requests.RequestException as error:
                raise GitHubError(f"{self.api} does not answer: {type(error).__name__}") from None
            if answer.status_code in expected:
                return answer
            wait = seconds_to_wait(answer, self.now())
            if wait is None or wait > LONGEST_WAIT or not left:
                break
            self.sleep(wait)
        path = url.removeprefix(self.api).partition("?")[0]
        raise GitHubError(f"GitHub answers {answer.status_code} to {method} {path}: {message_of(answer)}")


def seconds_to_wait(answer: requests.Response, now: float) -> float | None:
    """How long to wait before a retry; None if a retry would not help. GitHub answers 403 both to a caller over its
    limit and to one without the permission."""
    headers = answer.headers
    if answer.status_code >= 500:
        return 2
    if answer.status_code not in (403, 429):
        return None
    if headers.get("retry-after", "").isdigit():
        return int(headers["retry-after"])
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        return max(0, int(headers["x-ratelimit-reset"]) - now)
    # GitHub: at least one minute, where it says nothing more.
    limited = answer.status_code == 429 or "rate limit" in message_of(answer).lower()
    return 60 if limited else None


def message_of(answer: requests.Response) -> str:
    """GitHub's own words, or none."""
    try:
        return str(answer.json().get("message", ""))[:200]
    except (ValueError, AttributeError):
        return ""
