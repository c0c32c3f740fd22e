"""The messages of a script, and its end."""

import sys
from pathlib import Path
from typing import NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

# What a call to AWS ends with where it does not go well. The last one is a page of somebody who stands between
# this machine and AWS.
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)

# Nobody has logged in on this machine, or the login is over: what botocore says, and what AWS answers.
NOBODY = (
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
NOBODY_CODES = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class Refusal(Exception):
    """Why nothing is done, and what to do, in one line."""


def fail(problem: str) -> NoReturn:
    """Ends the script that runs, in one line that begins with its name."""
    sys.exit(f"{Path(sys.argv[0]).name}: {problem}")


def say(what: str, said: str) -> None:
    """Prints one line for one step, at once, because a step may take minutes and the output may go to a file."""
    print(f"{what}: {said}", flush=True)


def one_line(text: object) -> str:
    """Joins a message into one line; those of AWS and of other programs can have several."""
    return " ".join(str(text).split())


def told_by_aws(error: Exception) -> str:
    """Why a call to AWS failed; with how to log in, if there are no valid credentials."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    if isinstance(error, NOBODY) or code in NOBODY_CODES:
        return f"AWS does not know you: `aws sso login`, or `aws configure` for keys ({one_line(error)})"
    return one_line(error)


def listed(names) -> str:
    return ", ".join(names)
