"""InvokeEndpoint: from the caller to an instance, and back."""

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local_test.aws.sagemaker.endpoints.configs import is_serverless
from local_test.aws.sagemaker.endpoints.endpoint import LiveEndpoint
from local_test.aws.sagemaker.endpoints.logs import GROUP
from local_test.aws.sagemaker.endpoints.router import NobodyAnswers, NoSuchVariant, Place
from local_test.aws.world import ACCOUNT
from local_test.invocation import Answer, invoke_endpoint

PATH = re.compile(r"/endpoints/([^/]+)/(invocations(?:-response-stream)?|async-invocations)")
REAL_TIME = "invocations"
SERVERLESS_LIMIT_BYTES = 4 * 1024 * 1024
PREFIX = "HTTP_X_AMZN_SAGEMAKER_"


@dataclass(frozen=True)
class Invocation:
    """One request that an instance has answered.

    Attributes:
        place: who answered.
        began: seconds since the epoch, by the local AWS' clock.
        model_seconds: what the container took.
        overhead_seconds: what all else took.
    """

    endpoint: LiveEndpoint
    place: Place
    began: float
    body: bytes
    content_type: str
    headers: dict[str, str]
    answer: Answer
    model_seconds: float
    overhead_seconds: float

    @property
    def status(self) -> int:
        """What the container said; 0 when it said nothing."""
        return self.answer.error.get("OriginalStatusCode", self.answer.status)


def asked_for(environ: dict[str, Any]) -> tuple[str, str] | None:
    """Endpoint name and kind of invocation, if the request is one."""
    found = PATH.fullmatch(environ.get("PATH_INFO", ""))
    return (unquote(found[1]), found[2]) if found else None


def answered(
    environ: dict[str, Any],
    start_response: Any,
    find: Callable[[str], LiveEndpoint | None],
    clock: Callable[[], float],
    done: Callable[[Invocation], None],
) -> Iterable[bytes]:
    """The HTTP answer of InvokeEndpoint.

    Args:
        find: the endpoint of that name, if there is one.
        done: is told of what reached an instance.
    """
    name, kind = asked_for(environ)
    began, at = time.monotonic(), clock()
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = _headers(environ)
    endpoint = find(name)
    if kind != REAL_TIME:
        return _refuse(start_response, 400, "ValidationError", f"The local AWS has no {kind}.")
    if endpoint is None or endpoint.fleet is None:
        message = f"Endpoint {name} of account {ACCOUNT} not found."
        return _refuse(start_response, 400, "ValidationError", message)
    if is_serverless(endpoint.fleet.config) and len(body) > SERVERLESS_LIMIT_BYTES:
        message = f"The body has {len(body):,} bytes; serverless takes {SERVERLESS_LIMIT_BYTES:,}."
        return _refuse(start_response, 400, "ValidationError", message)
    variant = headers.get("X-Amzn-SageMaker-Target-Variant")
    content_type = environ.get("CONTENT_TYPE", "")
    try:
        with endpoint.router.place(variant) as place:
            asked = time.monotonic()
            answer = invoke_endpoint(
                place.instance.client, body, content_type, environ.get("HTTP_ACCEPT"), headers
            )
            took = time.monotonic() - asked
    except NoSuchVariant:
        message = f"Variant {variant} not found for Request."
        return _refuse(start_response, 400, "ValidationError", message)
    except NobodyAnswers:
        message = f"Endpoint {name} has no healthy instance at the moment. Try again."
        return _refuse(start_response, 503, "ServiceUnavailable", message)
    overhead = time.monotonic() - began - took
    done(
        Invocation(
            endpoint, place, at, body, content_type, headers, answer, took, max(overhead, 0.0)
        )
    )
    return _reply(start_response, name, place, answer)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The API's own headers."""
    return {
        "X-Amzn-SageMaker-" + key.removeprefix(PREFIX).replace("_", "-").title(): value
        for key, value in environ.items()
        if key.startswith(PREFIX)
    }


def _reply(start_response: Any, name: str, place: Place, answer: Answer) -> Iterable[bytes]:
    variant = ("x-Amzn-Invoked-Production-Variant", place.group.name)
    if not answer.error:
        headers = [*answer.headers.items(), variant, ("Content-Length", str(len(answer.body)))]
        start_response("200 OK", headers)
        return [answer.body]
    group = f"{GROUP}/{name}"
    stream = f"{place.group.name}/{place.instance.name}"
    message = (
        f"{answer.error['Message']}. See log group {group} in account {ACCOUNT} for more "
        "information."
    )
    details = {
        **answer.error,
        "Message": message,
        "LogStreamArn": f"arn:aws:logs:{place.group.site.region}:{ACCOUNT}:log-group:{group}"
        f":log-stream:{stream}",
    }
    return _refuse(start_response, answer.status, answer.error["Code"], message, details)


def _refuse(
    start_response: Any,
    status: int,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
) -> Iterable[bytes]:
    body = json.dumps(details or {"Message": message}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", code),
    ]
    start_response(f"{status} {code}", headers)
    return [body]
