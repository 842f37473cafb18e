"""`invoke`: one request, and what the client of SageMaker would get."""

import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from framework.testing import EXIT_KNOWN, EXIT_OK, Client
from local_test import endpoint as endpoints
from local_test.artifact import sample_request
from local_test.commands.arguments import pairs
from local_test.console import Screen, facts
from local_test.errors import BenchError
from local_test.invocation import Answer, invoke_endpoint, stripped


def run(options: Namespace, screen: Screen) -> int:
    """Send one request; exit code 1 when the client of SageMaker would get an error."""
    url, model = (options.url, None) if options.url else endpoints.Register(options.jobs).find()
    body, content_type = _request_body(options, model)
    headers = pairs(options.header, "--header")
    _, dropped = stripped(headers)
    if dropped:
        screen.warn(f"SageMaker strips these headers: {', '.join(dropped)}.")
    started = time.monotonic()
    answer = invoke_endpoint(client_of(url), body, content_type, options.accept, headers)
    seconds = time.monotonic() - started
    if options.output and not answer.error:
        options.output.write_bytes(answer.body)
    screen.result(_answer_data(answer, seconds), [_answer_table(answer, seconds)])
    return EXIT_KNOWN if answer.error else EXIT_OK


def client_of(url: str) -> Client:
    """A client for ``http://HOST:PORT``."""
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    if not (host and port.isdigit()):
        raise BenchError(f"--url {url}: write http://HOST:PORT.")
    return Client(host, int(port))


def _request_body(options: Namespace, model: Path | None) -> tuple[bytes, str]:
    if options.body is not None:
        return options.body.encode(), options.content_type
    if options.file is not None:
        if str(options.file) == "-":
            return sys.stdin.buffer.read(), options.content_type
        try:
            return options.file.read_bytes(), options.content_type
        except OSError as error:
            raise BenchError(f"--file {options.file} cannot be read: {error.strerror}.") from None
    sample = sample_request(model) if model else None
    if sample is None:
        raise BenchError(
            "There is no sample request to send: the model's manifest.json has none, or is not "
            "here. Send a request with --body or --file."
        )
    return sample


def _answer_data(answer: Answer, seconds: float) -> dict[str, Any]:
    return {
        "status": answer.status,
        "seconds": round(seconds, 4),
        "headers": dict(answer.headers),
        "body": answer.body.decode("utf-8", errors="backslashreplace"),
        "error": dict(answer.error),
    }


def _answer_table(answer: Answer, seconds: float) -> Any:
    shown: dict[str, Any] = {"status": answer.status, "seconds": f"{seconds:.3f}"}
    shown.update(answer.headers)
    shown.update(answer.error or {"body": _answer_data(answer, seconds)["body"]})
    return facts("InvokeEndpoint", shown)
