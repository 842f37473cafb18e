"""The door of the local AWS: names every call, and refuses what nobody answers for."""

import json
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from local_test.aws.calls import named_call, refusal
from local_test.aws.control import PREFIX as CONTROL
from local_test.aws.page.application import PREFIX as PAGE
from local_test.aws.registry import PREFIX as REGISTRY
from local_test.aws.registry import Registry
from local_test.aws.sagemaker.service import SageMaker

REFUSED = "NotImplemented"
QUERY = "application/x-www-form-urlencoded"


class Gate:
    """A WSGI application in front of SageMaker and ECR's registry (ours) and all else (moto's)."""

    def __init__(self) -> None:
        self._sagemaker: SageMaker | None = None
        self._registry: Registry | None = None
        self._others: Any = None
        self._control: Any = None
        self._page: Any = None

    def open(
        self, sagemaker: SageMaker, registry: Registry, others: Any, control: Any, page: Any
    ) -> None:
        """Let calls through to these."""
        self._sagemaker, self._registry, self._others = sagemaker, registry, others
        self._control, self._page = control, page

    def close(self) -> None:
        """End what runs in SageMaker."""
        if self._sagemaker is not None:
            self._sagemaker.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if (ours := self._ours(environ)) is not None:
            return ours(environ, start_response)
        service, operation = named_call(environ)
        if why := refusal(service, operation):
            return _refused(why, environ, start_response)
        try:
            return self._others(environ, start_response)
        except NotImplementedError as error:
            why = f"moto has no {service} {operation}: {error}"
            return _refused(why, environ, start_response)

    def _ours(self, environ: dict[str, Any]) -> Any:
        """Which of our own applications answers; None when moto does, or nobody."""
        path = environ["PATH_INFO"]
        if path.startswith(PAGE):
            return self._page
        if path.startswith(CONTROL):
            return self._control
        if path.startswith(REGISTRY) and not _signed(environ):
            return self._registry
        return self._sagemaker if self._sagemaker.answers(environ) else None


def _signed(environ: dict[str, Any]) -> bool:
    """As calls of AWS' API are, and those of its registry are not."""
    return environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-")


def _refused(why: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """In the form of the client's protocol: XML for query requests and S3, otherwise JSON."""
    if environ.get("CONTENT_TYPE", "").startswith(QUERY):
        kind, text = "text/xml", f"<ErrorResponse>{_as_xml(why)}</ErrorResponse>"
    elif "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
        kind, text = "application/xml", _as_xml(why)
    else:
        kind = "application/x-amz-json-1.1"
        text = json.dumps({"__type": REFUSED, "message": why, "Message": why})
    body = text.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", REFUSED),
    ]
    start_response("501 Not Implemented", headers)
    return [body]


def _as_xml(why: str) -> str:
    return f"<Error><Code>{REFUSED}</Code><Message>{escape(why)}</Message></Error>"
