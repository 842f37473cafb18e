"""The one door to AWS. The only module of this room that imports boto3; Lambda packages it too.

AWS_ENDPOINT_URL leads all calls elsewhere, for example to `python -m local_test aws up`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    WaiterError,
)

from ci.errors import AwsFault

__all__ = ["BotoCoreError", "ClientError", "WaiterError", "client", "code_of", "regions", "saying"]

MAKING = threading.Lock()  # a session makes one client at a time
CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})
DENIED = "Let the role of this job do it: ci/infra/foundation.yaml says what it may."
EXPIRED = "Sign in anew, and run the same command again."
TOO_OFTEN = "AWS was asked too often: wait a minute, and run the same command again."
AGAIN = "Run the same command again."
WITHOUT_ANSWER = {
    NoCredentialsError: "Sign in to AWS; for the local one, type here the two lines that "
    "`python -m local_test aws up` prints.",
    EndpointConnectionError: "Look whether it can be reached from here; whether `python -m "
    "local_test aws up` runs, where it is the local one.",
}
ADVICE = {
    "AccessDenied": DENIED,
    "ExpiredToken": EXPIRED,
    "UnrecognizedClient": EXPIRED,
    "InvalidClientTokenId": EXPIRED,
    "Throttling": TOO_OFTEN,
    "TooManyRequests": TOO_OFTEN,
    "SlowDown": TOO_OFTEN,
}


@cache
def client(service: str, region: str | None = None) -> Any:
    """A boto3 client; without a region, of the one in the environment (as Lambda sets it)."""
    with MAKING:
        return _session().client(service, region_name=region, config=CONFIG)


def regions(service: str) -> list[str]:
    """Where boto3 knows a service to be."""
    return _session().get_available_regions(service)


@cache
def _session() -> boto3.session.Session:
    """One for all clients: each would read a megabyte of AWS' endpoints again."""
    return boto3.session.Session()


def code_of(error: ClientError) -> str:
    """The error's code, for example "ValidationException"."""
    return error.response["Error"]["Code"]


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Turn a refusal of AWS into one sentence: while doing what, AWS said what, what to try.

    Raises:
        AwsFault: instead of any error of botocore's.
    """
    try:
        yield
    except ClientError as error:
        code, message = code_of(error), error.response["Error"].get("Message", "").rstrip(".")
        said = f"AWS said {code} to {error.operation_name}: {message}."
        raise AwsFault(f"While {what}, {said} {_advice(error)}".strip()) from error
    except BotoCoreError as error:  # a waiter's are such, too
        advice = WITHOUT_ANSWER.get(type(error), AGAIN)
        raise AwsFault(f"While {what}: {str(error).rstrip('.')}. {advice}") from error


def _advice(error: ClientError) -> str:
    failed = error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500
    return ADVICE.get(code_of(error).removesuffix("Exception"), AGAIN if failed else "")
