"""The one door to AWS. The only module of this room that imports boto3; Lambda packages it too.

AWS_ENDPOINT_URL leads all calls elsewhere, for example to `python -m local_test aws up`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from ci.errors import AwsFault

__all__ = ["BotoCoreError", "ClientError", "WaiterError", "client", "code_of", "saying"]

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})
ADVICE = {
    "AccessDenied": "Let the role of this job do it: ci/infra/foundation.yaml says what it may.",
    "AccessDeniedException": "Let the role do it: ci/infra/foundation.yaml says what it may.",
    "ExpiredToken": "The credentials have expired: run the job again.",
    "ThrottlingException": "AWS was asked too often: wait a minute and run the same command.",
}


@cache
def client(service: str, region: str | None = None) -> Any:
    """A boto3 client; without a region, of the one in the environment (as Lambda sets it)."""
    return boto3.session.Session(region_name=region).client(service, config=CONFIG)


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
        code, message = code_of(error), error.response["Error"].get("Message", "")
        advice = ADVICE.get(code, "")
        raise AwsFault(f"While {what}, AWS said {code}: {message} {advice}".strip()) from error
    except (BotoCoreError, WaiterError) as error:
        raise AwsFault(f"While {what}: {error}") from error
