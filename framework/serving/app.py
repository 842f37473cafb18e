"""The HTTP side: /ping, /invocations and /execution-parameters as SageMaker asks for them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from framework.errors import RequestError
from framework.serving import exchange, log, telemetry
from framework.serving.body import read_body, refuse_larger
from framework.serving.exchange import Reply, Service
from framework.serving.model import Answer
from framework.serving.stream import Stream

WATCHED = {"/ping", "/metrics"}  # asked so often that an answer is no news
PATHS = ("/ping", "/invocations", "/metrics", "/execution-parameters")
SLICE_BYTES = 1024 * 1024


def create_app(service: Service) -> Flask:
    """The WSGI application of one worker."""
    app = Flask("framework", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    @app.before_request
    def identify() -> None:
        g.started = time.monotonic()
        g.request_id = exchange.request_id_of(_headers())
        g.facts = {}

    @app.route("/ping", methods=["GET", "POST"])
    def ping() -> Response:
        trouble = service.unavailable() or service.pipeline.closed or service.model.trouble()
        if trouble:
            raise RequestError(503, trouble)
        return Response(status=200, mimetype="application/json")

    @app.get("/metrics")
    def metrics() -> Response:
        service.measure()
        return Response(telemetry.page(), content_type=telemetry.CONTENT_TYPE)

    @app.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return {
            "MaxConcurrentTransforms": service.settings.transform_concurrency,
            "BatchStrategy": service.settings.transform_strategy,
            "MaxPayloadInMB": service.settings.transform_payload_mb,
        }

    @app.post("/invocations")
    def invocations() -> Response:
        with ExitStack() as held:
            due = held.enter_context(service.pipeline.admission())
            return _answer(service, due, held)

    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        return _refused(error.status, str(error))

    @app.errorhandler(HTTPException)
    def not_found(error: HTTPException) -> Response:
        message = {
            404: f"There is no such path. Known: {', '.join(PATHS)}.",
            405: f"{request.method} is not allowed here. Use {_allowed(error)}.",
        }
        response = _refused(error.code or 500, message.get(error.code or 500, error.name + "."))
        if error.code == 405:
            response.headers["Allow"] = _allowed(error)
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.failure("invocation failed", error, request_id=g.request_id)
        return _response(exchange.failed(error, g.request_id))

    @app.after_request
    def record(response: Response) -> Response:
        if request.path == "/invocations":
            service.measure()
            seconds = time.monotonic() - g.started
            service.record(
                seconds, g.request_id, request.method, response.status_code, lambda: g.facts
            )
        elif request.path not in WATCHED or response.status_code != 200:
            log.info(
                "request",
                request_id=g.request_id,
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.monotonic() - g.started) * 1000, 1),
                **g.facts,
            )
        return response

    return app


def _answer(service: Service, due: float, held: ExitStack) -> Response:
    """The reply; what is held is held until it is written."""
    limit = service.settings.payload_limit
    refuse_larger(request.content_length or 0, limit)
    invocation = service.invocation(_headers())
    body = read_body(request.environ["wsgi.input"], request.content_length, limit)
    g.facts.update(content_type=invocation.content_type, bytes=len(body))
    asked = time.monotonic()

    def job() -> Answer:
        service.telemetry.waited([time.monotonic() - asked])
        answer = service.model.answer(body, invocation, service.telemetry.took, in_pieces=True)
        service.telemetry.predicted(1, answer.rows or 0)
        return answer

    answer = service.pipeline.run(job, due)
    if answer.rest is None:
        response = _response(exchange.answered(answer, invocation))
    else:
        stream = Stream(service.pipeline, invocation, answer.body, answer.rest, g.request_id)
        held.callback(stream.close)
        response = _response(exchange.answered(answer, invocation), stream)
    response.call_on_close(held.pop_all().close)
    return response


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}


def _response(reply: Reply, body: Iterable[bytes] | None = None) -> Response:
    g.facts.update(reply.facts)
    return Response(
        body or _slices(reply.body),
        status=exchange.status_line(reply.status),
        headers=reply.headers,
    )


def _refused(status: int, message: str) -> Response:
    return _response(exchange.refused(status, message, g.request_id))


def _slices(body: bytes) -> Iterator[bytes]:
    """A large answer in parts, because the time limit for sending holds for each part."""
    view = memoryview(body)
    for start in range(0, len(view), SLICE_BYTES):
        yield bytes(view[start : start + SLICE_BYTES])


def _allowed(error: HTTPException) -> str:
    return ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
