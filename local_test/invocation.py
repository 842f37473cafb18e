"""Plays InvokeEndpoint: what reaches the container, and what its client gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framework.testing import Client, Reply

TIME_LIMIT_SECONDS = 60.0
PAYLOAD_LIMIT_BYTES = 25 * 1024 * 1024
MESSAGE_LIMIT = 2048
API_HEADERS = frozenset(
    f"x-amzn-sagemaker-{name}"
    for name in (
        "custom-attributes",
        "target-model",
        "target-variant",
        "target-container-hostname",
        "inference-id",
        "inference-component",
        "session-id",
        "enable-explanations",
    )
)
REPLY_HEADERS = (
    "content-type",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-new-session-id",
    "x-amzn-sagemaker-closed-session-id",
)


@dataclass(frozen=True)
class Answer:
    """What the client of InvokeEndpoint receives.

    Attributes:
        status: 200, or what the API answers instead: 400 (ValidationError) or 424 (ModelError).
        headers: those of the container's headers that come through.
        error: the exception's content; empty when all went well.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    error: Mapping[str, Any]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


def stripped(headers: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The client headers that reach the container, and the names of those that do not."""
    passed = {name: value for name, value in headers.items() if name.lower() in API_HEADERS}
    return passed, sorted(headers.keys() - passed.keys())


def invoke_endpoint(
    client: Client,
    body: bytes,
    content_type: str,
    accept: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one invocation under the limits of a real-time endpoint."""
    if len(body) > PAYLOAD_LIMIT_BYTES:
        message = (
            f"The body has {len(body):,} bytes; an endpoint takes {PAYLOAD_LIMIT_BYTES:,}. "
            "Send fewer rows, or use batch transform."
        )
        return Answer(400, b"", {}, {"Code": "ValidationError", "Message": message})
    passed, _ = stripped(headers or {})
    try:
        reply = client.invoke(body, content_type, accept, passed, TIME_LIMIT_SECONDS)
    except TimeoutError:
        return _model_error(
            0, f"Your invocation timed out: no answer within {TIME_LIMIT_SECONDS:g} s"
        )
    except OSError as error:
        return _model_error(0, f"The container dropped the connection: {error}")
    return answer_of(reply)


def answer_of(reply: Reply) -> Answer:
    """What the client gets for a container's reply."""
    if not 200 <= reply.status < 300:
        return _model_error(reply.status, reply.text)
    headers = {name: reply.headers[name] for name in REPLY_HEADERS if name in reply.headers}
    return Answer(200, reply.body, headers, {})


def _model_error(original_status: int, original: str) -> Answer:
    original = original[:MESSAGE_LIMIT]
    blamed = "client" if 400 <= original_status < 500 else "server"
    error = {
        "Code": "ModelError",
        "Message": f"Received {blamed} error ({original_status}) from primary with message "
        f'"{original}"',
        "OriginalStatusCode": original_status,
        "OriginalMessage": original,
    }
    return Answer(424, b"", {}, error)
