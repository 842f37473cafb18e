"""A toy algorithm that does on request what algorithms do by accident, served for real."""

import http.client
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
ALGORITHM = 'predictor = "predictor:Toy"\n'
PREDICTOR = """
import os, sys, time
from framework import Invocation, Predictor, RequestError, current_invocation

class Toy(Predictor):
    def predict(self, data):
        invocation = current_invocation()
        action, _, value = invocation.custom_attributes.partition("=")
        if action == "sleep":
            time.sleep(float(value))
        elif action == "raise":
            raise ValueError("a secret of the model")
        elif action == "refuse":
            raise RequestError(int(value), "The toy refuses.")
        elif action == "short":
            return [1]
        elif action == "one":
            return 1
        elif action == "exit":
            sys.exit(5)
        elif action == "die":
            os.abort()
        elif action == "pid":
            return [os.getpid()] * len(data)
        elif action == "echo":
            invocation.reply_headers["X-Amzn-SageMaker-Custom-Attributes"] = value
        elif action == "split":
            invocation.reply_headers["X-Evil"] = "a\\r\\nSet-Cookie: b"
        elif action == "big":
            return ["x" * int(value)] * len(data)
        return [sum(row) * self.model for row in data.tolist()]
"""


class Serving:
    """One `python -m framework serve` process."""

    def __init__(self, process: subprocess.Popen, log: Path):
        self.process = process
        self._log = log

    @property
    def port(self) -> int:
        return self.event("listening")["port"]

    def lines(self) -> list[dict[str, Any]]:
        """Everything logged so far that is JSON; the last line may not be all there yet."""
        lines = self._log.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == name]

    def event(self, name: str, seconds: float = 20) -> dict[str, Any]:
        """The last line of that name, as soon as there is one."""
        return eventually(lambda: self.events(name)[-1:], seconds)[0]

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 30,
    ) -> "Reply":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, dict(headers or {}))
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def ping(self) -> int:
        try:
            return self.request("GET", "/ping", seconds=2).status
        except OSError:
            return 0

    def invoke(self, body: Any = "1,2\n", do: str = "", **headers: str) -> "Reply":
        sent = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": do}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/invocations", body, sent)

    def raw(self, sent: bytes, seconds: float = 10) -> bytes:
        """Send bytes and return everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def workers(self) -> list[int]:
        """Process numbers of the workers that have become ready and live."""
        ready = {line["worker"]: line["time"] for line in self.events("worker ready")}
        return sorted(worker for worker, when in ready.items() if _lives(worker, when))

    def all_workers(self, count: int = 2) -> list[int]:
        """Process numbers of the workers, as soon as that many are ready."""
        return eventually(lambda: workers if len(workers := self.workers()) == count else None)

    def stop(self, seconds: float = 30) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Reply:
    """One answer that was read to its end."""

    def __init__(self, answer: http.client.HTTPResponse):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        error = self.json()["error"]
        assert error["status"] == self.status
        assert "Traceback" not in error["message"]
        return error["message"]


def _lives(process: int, when: str) -> bool:
    """Whether the process that had this number then exists and is no zombie.

    Numbers are used again: a drill that kills workers must not kill somebody else.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    began = booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0] != "Z" and began <= datetime.fromisoformat(when).timestamp()


def eventually(question: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := question():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


@contextmanager
def started(room: Path, predictor: str = PREDICTOR, **environment: str) -> Iterator[Serving]:
    """Serve a toy algorithm from ``room``."""
    algorithm, model = room / "algorithm", room / "ml" / "model"
    algorithm.mkdir(parents=True, exist_ok=True)
    model.mkdir(parents=True, exist_ok=True)
    (algorithm / "algorithm.toml").write_text(ALGORITHM)
    (algorithm / "predictor.py").write_text(predictor)
    (model / "model.pickle").write_bytes(pickle.dumps(10))
    with serving(algorithm, room / "ml", room / "log.jsonl", **environment) as served:
        yield served


@contextmanager
def serving(algorithm: Path, base: Path, log: Path, **environment: str) -> Iterator[Serving]:
    """Run `serve` on a port that the kernel chooses."""
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "ALGORITHM_DIR": str(algorithm),
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "2",
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "framework", "serve"],
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Serving(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def ready(room: Path, predictor: str = PREDICTOR, **environment: str) -> Iterator[Serving]:
    """Serve a toy algorithm that has said 200."""
    with started(room, predictor, **environment) as served:
        eventually(lambda: served.ping() == 200)
        yield served


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A served toy for tests that leave it as it was."""
    with ready(tmp_path_factory.mktemp("toy"), SAGEMAKER_MAX_PAYLOAD_IN_MB="1") as served:
        yield served
