"""The `prove` command: what this image makes of a model that may be older than its code."""

import argparse
import hashlib
import http.client
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import EXIT_OK, ArtifactError, FrameworkError
from framework.layout import Layout
from framework.manifest import Manifest
from framework.schema import SampleRequest
from framework.serving.formats import WRITERS
from framework.testing.client import Client, NotServing, Reply
from framework.testing.engine import ProcessEngine
from framework.testing.replies import ask, text_of
from framework.testing.runs import cause_in

STARTUP_SECONDS = GOLDEN_SECONDS = 480.0
WARM_UP_REQUESTS = 20
REQUESTS, MEASURED_SECONDS = 200, 3.0
OF_THE_ENGINE = ("SAGEMAKER_BASE_DIR", "SAGEMAKER_BIND_TO_PORT")


def main(options: Sequence[str]) -> int:
    """Serve and ask the model below SAGEMAKER_BASE_DIR, and print what was seen as JSON.

    Raises:
        FrameworkError: the model cannot be served; the JSON says so, too.
    """
    requests = _parser().parse_args(options).requests
    try:
        report = prove(Algorithm.load(), Layout.from_environment(), requests)
    except FrameworkError as error:
        print(json.dumps({"loads": False, "reason": str(error)}))
        raise
    print(json.dumps(report))
    return EXIT_OK


def prove(algorithm: Algorithm, layout: Layout, requests: int = REQUESTS) -> dict[str, Any]:
    """Whether the model loads and gives its golden answers; its replies, and how long they take.

    Nothing is written below ``layout.base``.

    Raises:
        ArtifactError: no server of the model gets ready, or its manifest cannot be read.
    """
    manifest = Manifest.read(layout.model)
    sample = manifest.sample if manifest else None
    with tempfile.TemporaryDirectory(prefix="prove-") as scratch:
        engine = ProcessEngine(algorithm.directory, Path(scratch))
        with _serving(engine, layout) as client:
            replies = ask(client, sample, WRITERS) if sample else {}
            seconds = _seconds(client, sample, requests) if sample else []
        golden = _golden(engine, layout)
    return {
        "loads": True,
        "golden": golden,
        "replies": {accept: _shown(reply) for accept, reply in replies.items()},
        "seconds": {
            "requests": len(seconds),
            "p50": _percentile(seconds, 0.50),
            "p99": _percentile(seconds, 0.99),
        },
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m framework prove",
        description="Serve the model in SAGEMAKER_BASE_DIR, ask its sample request, and print as "
        "JSON whether it gives its golden answers, its replies, and how long they take.",
    )
    parser.add_argument(
        "--requests",
        type=_positive,
        default=REQUESTS,
        metavar="N",
        help=f"how many to measure, for at most {MEASURED_SECONDS:g} s (default: {REQUESTS})",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


@contextmanager
def _serving(engine: ProcessEngine, layout: Layout) -> Iterator[Client]:
    run = engine.start(["serve"], layout.base, _settings(os.environ))
    try:
        client = Client(*run.address)
        client.wait_until_ready(run, STARTUP_SECONDS)
        yield client
    except NotServing as error:
        raise ArtifactError(f"The model is not served: {error}; {cause_in(run.log())}.") from None
    except OSError as error:
        raise ArtifactError(
            f"The server broke off ({type(error).__name__}: {error}); {cause_in(run.log())}."
        ) from None
    finally:
        run.kill()


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of the endpoint, which the engine would not hand down by itself."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(("SAGEMAKER_", "SERVING_")) and name not in OF_THE_ENGINE
    }


def _golden(engine: ProcessEngine, layout: Layout) -> dict[str, Any]:
    run = engine.start(["python", "-m", "framework.testing.golden"], layout.base)
    try:
        run.wait(GOLDEN_SECONDS)
        return json.loads(run.log().strip().splitlines()[-1])
    except TimeoutError as error:
        trouble = f"The golden answers were not reproduced: {error}."
    except (ValueError, IndexError):
        trouble = f"The process of the golden answers ended without any; {cause_in(run.log())}."
    finally:
        run.kill()
    return {"asked": True, "same": False, "difference": trouble}


def _seconds(client: Client, sample: SampleRequest, requests: int) -> list[float]:
    """Wall seconds of each request, one after the other over one warm connection."""
    connection = http.client.HTTPConnection(client.host, client.port, timeout=STARTUP_SECONDS)
    try:
        for _ in _until(WARM_UP_REQUESTS):
            _ask_once(connection, sample)
        return [_ask_once(connection, sample) for _ in _until(requests)]
    except http.client.HTTPException as error:
        raise ConnectionError(f"broken answer: {error}") from error
    finally:
        connection.close()


def _until(requests: int) -> Iterator[int]:
    """So many turns, fewer when the time is over, one at least."""
    started = time.monotonic()
    for number in range(requests):
        if number and time.monotonic() - started >= MEASURED_SECONDS:
            return
        yield number


def _ask_once(connection: http.client.HTTPConnection, sample: SampleRequest) -> float:
    started = time.perf_counter()
    headers = {"Content-Type": sample.content_type}
    connection.request("POST", "/invocations", sample.body.encode(), headers)
    connection.getresponse().read()
    return time.perf_counter() - started


def _percentile(seconds: Sequence[float], share: float) -> float | None:
    """The nearest rank; None of nothing."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1] if seconds else None


def _shown(reply: Reply) -> dict[str, Any]:
    text = text_of(reply)
    binary = {"sha256": hashlib.sha256(reply.body).hexdigest(), "bytes": len(reply.body)}
    content = {"body": text} if text is not None else binary
    return {"status": reply.status, "content_type": reply.content_type, **content}
