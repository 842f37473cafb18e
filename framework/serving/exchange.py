"""What a request means and what it is answered, whichever way it came in.

Flask's way (``app``) and the short way (``server.express``) both speak in these words, so that
the same request has the same answer on either.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

from framework.errors import RequestError
from framework.invocation import Invocation
from framework.serving import log
from framework.serving.model import Answer, ServedModel
from framework.serving.pipeline import Pipeline
from framework.serving.settings import Settings
from framework.serving.telemetry import Telemetry

INFERENCE_ID = "x-amzn-sagemaker-inference-id"
REQUEST_ID_HEADERS = (INFERENCE_ID, "x-amzn-requestid", "x-amzn-trace-id", "x-request-id")
PRINTABLE = re.compile(r"[!-~]{1,128}")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[ \t!-~]*")
FRAMING_HEADERS = {"content-length", "content-type", "transfer-encoding", "connection"}
NAMES = {status.value: status.phrase for status in HTTPStatus}
JSON = "application/json"
CACHED = 256  # answers have few types and lengths

Facts = Callable[[], Mapping[str, Any]]  # what the log is to say; asked for only where it says it


@dataclass(frozen=True)
class Service:
    """What one worker serves.

    Attributes:
        unavailable: why this worker must not be sent requests; empty while it may.
    """

    model: ServedModel
    pipeline: Pipeline
    settings: Settings
    telemetry: Telemetry
    unavailable: Callable[[], str] = field(default=lambda: "")
    _log: log.Sparing = field(default_factory=log.Sparing)

    def invocation(self, headers: Mapping[str, str]) -> Invocation:
        """What a request with these headers asks for; their names are in lower case.

        Raises:
            RequestError: 415 or 406, for what the server cannot read or write.
        """
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise RequestError(
                415, "Compressed bodies are not read. Send the body without encoding."
            )
        return self.model.invocation(headers, self.settings.default_accept)

    def measure(self) -> None:
        """Tell the metrics what this worker holds now."""
        in_flight = self.pipeline.in_flight
        self.telemetry.holds(max(0, in_flight - self.pipeline.running), in_flight)

    def record(
        self, seconds: float, request_id: str, method: str, status: int, facts: Facts
    ) -> None:
        """An invocation has been answered, so long after it came."""
        self.telemetry.answered(status, seconds)
        if self._log.has_room(status):
            log.info(
                "invocation",
                request_id=request_id,
                method=method,
                path="/invocations",
                status=status,
                ms=round(seconds * 1000, 1),
                **facts(),
                **self._log.left_out(status),
            )


class Reply(NamedTuple):
    """What is sent back: status, headers in order, body; and what the log says of it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    facts: dict[str, Any]


def status_line(status: int) -> str:
    """The status with its name."""
    return f"{status} {NAMES.get(status, 'Other')}"


def answered(answer: Answer, invocation: Invocation) -> Reply:
    """The reply that carries an answer.

    Raises:
        RequestError: 500, the algorithm set a header that HTTP does not allow.
    """
    own = _own_headers(invocation.reply_headers)
    length = len(answer.body) if answer.rest is None else None
    headers = (*own.items(), *_headers_of_body(invocation.accept, length))
    return Reply(200, headers, answer.body, {"rows": answer.rows})


def refused(status: int, message: str, request_id: str) -> Reply:
    """The reply that says why there is no answer."""
    error = {"status": status, "message": message, "request_id": request_id}
    body = json.dumps({"error": error}).encode()
    headers = (("Content-Type", JSON), ("Content-Length", str(len(body))))
    if status == 503:
        headers = (*headers, ("Retry-After", "1"))
    return Reply(status, headers, body, {"message": message})


def failed(error: Exception, request_id: str) -> Reply:
    """The reply to a request at which the algorithm failed; what failed is for the log only."""
    kind = type(error).__name__
    return refused(
        500, f"The predictor failed ({kind}). See the log of request {request_id}.", request_id
    )


def request_id_of(headers: Mapping[str, str]) -> str:
    """What the caller calls this request, else a new name for it."""
    for name in REQUEST_ID_HEADERS:
        given = headers.get(name)
        if given and PRINTABLE.fullmatch(given):
            return given
    return os.urandom(16).hex()


@lru_cache(CACHED)
def _headers_of_body(content_type: str, length: int | None) -> tuple[tuple[str, str], ...]:
    described = ("Content-Type", _printable("Content-Type", content_type))
    return (described,) if length is None else (described, ("Content-Length", str(length)))


def _own_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers that the algorithm sets, as long as HTTP allows them."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in FRAMING_HEADERS:
            raise RequestError(
                500, f"The predictor set a reply header that is not its own: {name!a}."
            )
        _printable(name, value)
    return headers


def _printable(name: str, value: str) -> str:
    if not (isinstance(value, str) and HEADER_VALUE.fullmatch(value)):
        raise RequestError(
            500, f"The predictor's value of reply header {name} is not printable ASCII."
        )
    return value
