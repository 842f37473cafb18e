"""The HTTP side: /ping, /invocations and /execution-parameters as SageMaker asks for them."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from framework.errors import RequestError
from framework.serving import log
from framework.serving.body import read_body, refuse_larger
from framework.serving.model import ServedModel
from framework.serving.pipeline import Pipeline
from framework.serving.settings import Settings

INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
REQUEST_ID_HEADERS = (INFERENCE_ID, "X-Amzn-RequestId", "X-Amzn-Trace-Id", "X-Request-Id")
PRINTABLE = re.compile(r"[!-~]{1,128}")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[ \t!-~]*")
FRAMING_HEADERS = {"content-length", "content-type", "transfer-encoding", "connection"}
SLICE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Service:
    """What one worker serves.

    Attributes:
        unavailable: why this worker must not be sent requests; empty while it may.
    """

    model: ServedModel
    pipeline: Pipeline
    settings: Settings
    unavailable: Callable[[], str] = field(default=lambda: "")


def create_app(service: Service) -> Flask:
    """The WSGI application of one worker."""
    app = Flask("framework", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    @app.before_request
    def identify() -> None:
        g.started = time.monotonic()
        g.request_id = _request_id()
        g.facts = {}

    @app.route("/ping", methods=["GET", "POST"])
    def ping() -> Response:
        trouble = service.unavailable() or service.pipeline.closed or service.model.trouble()
        if trouble:
            raise RequestError(503, trouble)
        return Response(status=200, mimetype="application/json")

    @app.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return {
            "MaxConcurrentTransforms": service.settings.transform_concurrency,
            "BatchStrategy": service.settings.transform_strategy,
            "MaxPayloadInMB": service.settings.transform_payload_mb,
        }

    @app.post("/invocations")
    def invocations() -> Response:
        with service.pipeline.admission() as due:
            return _answer(service, due)

    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        response = _error(error.status, str(error))
        if error.status == 503:
            response.headers["Retry-After"] = "1"
        return response

    @app.errorhandler(HTTPException)
    def not_found(error: HTTPException) -> Response:
        message = {
            404: "There is no such path. Known: /ping, /invocations, /execution-parameters.",
            405: f"{request.method} is not allowed here. Use {_allowed(error)}.",
        }
        response = _error(error.code or 500, message.get(error.code or 500, error.name + "."))
        if error.code == 405:
            response.headers["Allow"] = _allowed(error)
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.failure("invocation failed", error, request_id=g.request_id)
        kind = type(error).__name__
        return _error(500, f"The predictor failed ({kind}). See the log of request {g.request_id}.")

    @app.after_request
    def record(response: Response) -> Response:
        if request.path != "/ping" or response.status_code != 200:
            log.info(
                "invocation" if request.path == "/invocations" else "request",
                request_id=g.request_id,
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.monotonic() - g.started) * 1000, 1),
                **g.facts,
            )
        return response

    return app


def _answer(service: Service, due: float) -> Response:
    limit = service.settings.payload_limit
    refuse_larger(request.content_length or 0, limit)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError(415, "Compressed bodies are not read. Send the body without encoding.")
    headers = {name.lower(): value for name, value in request.headers}
    invocation = service.model.invocation(headers, service.settings.default_accept)
    body = read_body(request.environ["wsgi.input"], request.content_length, limit)
    g.facts.update(content_type=invocation.content_type, bytes=len(body))
    answer = service.pipeline.run(lambda: service.model.answer(body, invocation), due)
    g.facts.update(rows=answer.rows)
    response = Response(_slices(answer.body), headers=_reply_headers(invocation.reply_headers))
    response.headers["Content-Type"] = _printable("Content-Type", invocation.accept)
    response.content_length = len(answer.body)
    return response


def _slices(body: bytes) -> Iterator[bytes]:
    """A large answer in parts, because the time limit for sending holds for each part."""
    view = memoryview(body)
    for start in range(0, len(view), SLICE_BYTES):
        yield bytes(view[start : start + SLICE_BYTES])


def _reply_headers(headers: dict[str, str]) -> dict[str, str]:
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


def _request_id() -> str:
    """What the caller calls this request, else a new name for it."""
    given = (request.headers.get(name, "") for name in REQUEST_ID_HEADERS)
    return next((name for name in given if PRINTABLE.fullmatch(name)), uuid.uuid4().hex)


def _allowed(error: HTTPException) -> str:
    return ", ".join(sorted(getattr(error, "valid_methods", None) or ()))


def _error(status: int, message: str) -> Response:
    error = {"status": status, "message": message, "request_id": g.request_id}
    g.facts.update(message=message)
    return Response(json.dumps({"error": error}), status=status, content_type="application/json")
