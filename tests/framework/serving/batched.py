"""A toy with a manifest, so that its requests are answered in batches; and clients at once."""

import http.client
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from framework.manifest import Manifest
from framework.schema import InputSchema
from framework.schema.sample import sample_of
from tests.framework.serving.conftest import REPOSITORY, Serving, eventually, serving

SUMS = """
import os, sys, time
from framework import Predictor, RequestError

class Sums(Predictor):
    def predict(self, data):
        for first, second in data.tolist():
            if first == 13:
                raise ValueError("a secret of the model")
            if first == 14:
                raise RequestError(422, "Nobody buys fourteen.")
            if first == 15:
                time.sleep(second)
            if first == 16:
                os.abort()
            if first == 17:
                sys.exit(5)
        return data.sum(axis=1) * self.model
"""
ALONE = SUMS.replace("    def predict(", "    max_batch_rows = 0\n\n    def predict(")
TOML = 'predictor = "predictor:Sums"\n'


def request(body: bytes, content_type: str = "text/csv", **headers: str) -> bytes:
    """The bytes of a usual request."""
    given = {"Host": "x", "Content-Type": content_type} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    head = f"POST /invocations HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


SLOW = request(b"15,0.5\n")


class Answer(NamedTuple):
    """One answer, without its date: header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers)[name]


class Client:
    """A kept connection."""

    def __init__(self, port: int, seconds: float = 30):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._file = self.socket.makefile("rb")

    def send(self, sent: bytes) -> None:
        self.socket.sendall(sent)

    def reply(self) -> Answer:
        """The next answer."""
        status = int(self._file.readline().split()[1])
        lines = iter(lambda: self._file.readline().strip().decode("latin-1"), "")
        pairs = [
            (name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
        ]
        length = int(dict(pairs)["content-length"])
        headers = tuple(pair for pair in pairs if pair[0] != "date")
        return Answer(status, headers, self._file.read(length))

    def ask(self, sent: bytes) -> Answer:
        self.send(sent)
        return self.reply()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def clients(port: int, count: int) -> Iterator[list[Client]]:
    """Several at the same time."""
    made = [Client(port) for _ in range(count)]
    try:
        yield made
    finally:
        for client in made:
            client.close()


def at_once(clients: Sequence[Client], requests: Sequence[bytes]) -> list[Answer]:
    """Send one by each client while the worker is busy, and read all answers."""
    for client, sent in zip(clients, requests, strict=True):
        client.send(sent)
    return [client.reply() for client in clients]


def is_predicting(told: dict[str, float]) -> bool:
    return (told["serving_in_flight"], told["serving_queue_depth"]) == (1, 0)


def in_a_crowd(port: int, requests: Sequence[bytes]) -> list[Answer]:
    """The answers to requests that all wait while a slow one is answered."""
    with clients(port, len(requests) + 1) as (first, *others):
        first.send(SLOW)
        eventually(lambda: is_predicting(metrics(port)))
        answers = at_once(others, requests)
        assert first.reply().status == 200
        return answers


@contextmanager
def batching(room: Path, predictor: str = SUMS, **environment: str) -> Iterator[Serving]:
    """Serve a predictor of rows of two numbers whose artifact says what requests look like."""
    write_artifact(room, predictor)
    given = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", **environment}
    with serving(room / "algorithm", room / "ml", room / "log.jsonl", **given) as served:
        eventually(lambda: served.ping() == 200)
        yield served


def write_artifact(room: Path, predictor: str) -> None:
    """The algorithm, its model, and a manifest with its sample and golden answers."""
    algorithm, model = room / "algorithm", room / "ml" / "model"
    algorithm.mkdir(parents=True)
    model.mkdir(parents=True)
    (algorithm / "algorithm.toml").write_text(TOML)
    (algorithm / "predictor.py").write_text(predictor)
    (model / "model.pickle").write_bytes(pickle.dumps(10))
    rows = np.array([[1.5, 2.0], [3.0, 4.25], [0.5, 0.25]])
    schema = InputSchema.learn(rows)
    said = {"framework": "test", "python": "3", "packages": {}, "code": {}, "hyperparameters": {}}
    manifest = Manifest(training_job="job-1", input=schema, sample=sample_of(rows, schema), **said)
    manifest.write(model)
    subprocess.run(
        [sys.executable, "-m", "framework.serving.prove"],
        env={
            "PYTHONPATH": str(REPOSITORY),
            "ALGORITHM_DIR": str(algorithm),
            "SAGEMAKER_BASE_DIR": str(room / "ml"),
        },
        check=True,
        capture_output=True,
    )


def metrics(port: int) -> dict[str, float]:
    """Every line of /metrics: name with labels → value."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def in_background(client: Client, sent: bytes) -> threading.Thread:
    """Send a request, and read its answer in a thread."""
    thread = threading.Thread(target=client.ask, args=[sent])
    thread.start()
    return thread
