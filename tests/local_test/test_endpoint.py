"""`serve` and `invoke`: an endpoint, its client, and what both refuse."""

import contextlib
import json
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from framework.testing import Reply
from local_test.invocation import answer_of, stripped
from tests.local_test.conftest import PROJECT, SCALE, Bench, Finished, processes


@dataclass
class Serving:
    """A bench that keeps an endpoint."""

    bench: Bench
    process: subprocess.Popen[str]

    def invoke(self, *arguments: str) -> Finished:
        return self.bench.run("invoke", "--json", *arguments)

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, stderr = self.process.communicate(timeout=40)
        return self.process.returncode, stderr


def serve(bench: Bench, *arguments: object) -> Serving:
    process = bench.start("serve", SCALE, "--engine", "process", *arguments)
    until = time.monotonic() + 60
    while not (bench.jobs / "endpoint.json").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.1)
    return Serving(bench, process)


@pytest.fixture(scope="module")
def serving(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    running = serve(Bench(tmp_path_factory.mktemp("serving")), "--model", model)
    yield running
    running.process.terminate()  # killed, it could not end its own server
    running.process.wait(60)


def test_the_sample_of_the_model_is_answered(serving):
    finished = serving.invoke("--sample")
    assert finished.code == 0
    assert json.loads(finished.data["body"]) == {"predictions": [7.5, 17.5]}
    assert finished.data["headers"] == {"content-type": "application/json"}


def test_a_body_and_a_file_keep_their_content_type(serving, tmp_path):
    (tmp_path / "rows.csv").write_text("2,2\n3,3\n")
    for source in (["--body", "2,2\n3,3\n"], ["--file", str(tmp_path / "rows.csv")]):
        finished = serving.invoke(*source, "--content-type", "text/csv", "--accept", "text/csv")
        assert finished.data["body"] == "10.0\n15.0"


@pytest.mark.parametrize(
    ("body", "original", "blamed"), [("[[1]]", 422, "client"), ("[[-1, 1]]", 500, "server")]
)
def test_errors_look_as_the_client_of_sagemaker_sees_them(serving, body, original, blamed):
    finished = serving.invoke("--body", body)
    error = finished.data["error"]
    assert finished.code == 1
    assert finished.data["status"] == 424
    assert error["Code"] == "ModelError"
    assert error["OriginalStatusCode"] == original
    assert error["Message"].startswith(f"Received {blamed} error ({original}) from primary")


def test_only_the_api_s_headers_reach_the_container(serving):
    finished = serving.invoke(
        "--sample", "--header", "X-Trace=1", "--header", "X-Amzn-SageMaker-Inference-Id=mine"
    )
    assert "SageMaker strips these headers: X-Trace." in finished.stderr
    headers = {"Authorization": "x", "X-Amzn-SageMaker-Custom-Attributes": "a"}
    assert stripped(headers) == (
        {"X-Amzn-SageMaker-Custom-Attributes": "a"},
        ["Authorization"],
    )


def test_only_the_api_s_headers_and_2048_characters_come_back():
    reply = Reply(200, {"content-type": "text/csv", "server": "x", "date": "y"}, b"1")
    assert answer_of(reply).headers == {"content-type": "text/csv"}
    failed = answer_of(Reply(503, {}, b"x" * 5000))
    assert len(failed.error["OriginalMessage"]) == 2048


def test_ctrl_c_stops_the_endpoint_and_leaves_nothing(bench, model, leftovers):
    running = serve(bench, "--model", model)
    code, stderr = running.stop()
    assert code == 130
    assert "warning" not in stderr
    assert leftovers(bench.jobs) == []
    assert not (bench.jobs / "endpoint.json").exists()


def test_of_two_endpoints_the_newest_that_runs_is_asked(bench, model):
    first = serve(bench, "--model", model)
    entry = bench.jobs / "endpoint.json"
    of_first = entry.read_text()
    second = bench.start("serve", SCALE, "--engine", "process", "--model", model)
    until = time.monotonic() + 60
    while entry.read_text() == of_first:
        assert time.monotonic() < until
        time.sleep(0.1)
    Serving(bench, second).stop()
    assert entry.read_text() == of_first
    assert first.invoke("--body", "[[2, 2]]").code == 0
    assert first.stop()[0] == 130
    assert not entry.exists()


def test_serve_ends_when_its_container_does(bench, model):
    running = serve(bench, "--model", model)
    url = json.loads((bench.jobs / "endpoint.json").read_text())["url"]
    port = re.search(r"\d+$", url).group()
    for process, seen in processes().items():
        if f"SAGEMAKER_BIND_TO_PORT={port} " in seen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    _, stderr = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert "The container had ended by itself" in stderr


def test_a_model_that_does_not_load_shows_the_end_of_the_log(bench, tmp_path):
    (tmp_path / "wrong.txt").write_text("no model")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "wrong.txt", "wrong.txt")
    finished = bench.run(
        "serve", SCALE, "--engine", "process", "--model", tmp_path / "model.tar.gz"
    )
    assert finished.code == 1
    assert "did not pass the ping health check" in finished.stderr
    assert "model.json" in finished.stderr


def test_serve_takes_the_newest_model_of_its_own_algorithm(bench):
    bench.train("--job-name", "own")
    finished = bench.run("serve", PROJECT / "container", "--engine", "process")
    assert finished.code == 1
    assert "container in" in finished.stderr
    assert "Jobs with a model: own." in finished.stderr
    running = serve(bench)
    assert running.invoke("--body", "[[2, 2]]").code == 0
    assert running.stop()[0] == 130


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("invoke", "--sample"), "No endpoint is running here"),
        (("invoke", "--url", "nonsense", "--body", "1"), "write http://HOST:PORT"),
        (("serve", SCALE, "--engine", "process"), "Run `python -m local_test train` first"),
        (("serve", SCALE, "--engine", "process", "--model", "x"), "neither a model.tar.gz nor"),
    ],
)
def test_what_is_missing_is_said(bench, command, said):
    finished = bench.run(*command)
    assert finished.code == 1
    assert said in finished.stderr
