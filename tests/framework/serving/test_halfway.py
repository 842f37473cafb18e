"""Clients that stop halfway cost nobody anything, and are told so where they can be."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.framework.serving.batched import ALONE, batching, clients, metrics, request
from tests.framework.serving.conftest import Serving, eventually

MANY = 200  # more than a worker has threads
PATIENCE = 2.0
TEXTS = """
from framework import Predictor

class Sums(Predictor):
    def predict(self, data):
        return ["x" * int(first) for first, _ in data.tolist()]
"""
WHOLE = request(b"100,1\n")
TOO_LARGE = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n"
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = request(b"1,2\n" * 1_000_000)
ASKS_LONG = request(b"6000000,1\n")  # the kernel keeps less than 4 MB of its answer
ASKS_LONGER = request(b"40000000,1\n")
HALVES = {
    "nothing": b"",
    "half a line": b"GET /pi",
    "half a head": WHOLE[:50],
    "half a head of nobody's": b"M-SEARCH /a b HTTP/1.0\r\nX",
    "no body": WHOLE[:-6],
    "half a body": WHOLE[:-3],
    "half a large body": LARGE[:70_000],
    "a body for nobody": TOO_LARGE,
    "a ping with a body": PING.replace(b"GET", b"POST").replace(b"x", b"x\r\nContent-Length: 9"),
    "one and a half": PING + WHOLE[:50],
}


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with batching(tmp_path_factory.mktemp("sums")) as served:
        yield served


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    room = tmp_path_factory.mktemp("impatient")
    with batching(room, TEXTS, SAGEMAKER_MODEL_SERVER_TIMEOUT=str(PATIENCE)) as served:
        yield served


def answered_at_once(served: Serving, answer: bytes = b"1010.0") -> None:
    """Pings, usual requests, and those of a client that sends them in pieces."""
    began = time.monotonic()
    with clients(served.port, 2) as (usual, slow):
        for part in (WHOLE[:40], WHOLE[40:-3], WHOLE[-3:]):
            slow.send(part)
            assert usual.ask(WHOLE).body == answer
            assert served.ping() == 200
        assert slow.reply().body == answer
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_who_stops_halfway_delays_nobody(sums: Serving, half: bytes) -> None:
    with clients(sums.port, MANY) as many:
        for one in many:
            one.send(half)
        answered_at_once(sums)


def test_nor_where_requests_are_answered_one_by_one(tmp_path: Path) -> None:
    with batching(tmp_path, ALONE) as served, clients(served.port, MANY) as many:
        for number, one in enumerate(many):
            one.send(WHOLE[: 50 + 3 * (number % 20)])
        answered_at_once(served)


def test_who_does_not_read_delays_nobody(tmp_path: Path) -> None:
    with batching(tmp_path, TEXTS) as served, clients(served.port, 80) as many:
        for one in many:
            one.send(ASKS_LONG)
            one.socket.recv(1)  # it has been answered
        answered_at_once(served, b"x" * 100)


def test_nor_where_its_answer_goes_the_ordinary_way(tmp_path: Path) -> None:
    unusual = ASKS_LONG.replace(b"Host", b"Connection: close\r\nHost")
    with batching(tmp_path, TEXTS) as served, clients(served.port, 80) as many:
        for one in many:
            one.send(unusual)
        assert eventually(lambda: metrics(served.port)["serving_in_flight"] == 65)
        assert served.ping() == 200
        assert served.request("POST", "/invocations", b"1,2\n").status == 503
        for one in many:
            one.close()
        assert eventually(lambda: metrics(served.port)["serving_in_flight"] == 0)


def test_a_body_that_does_not_come_is_a_408(impatient: Serving) -> None:
    with clients(impatient.port, 2) as (one, other):
        one.send(request(b"100,1\n", X_Request_Id="small")[:-3])
        other.send(request(b"1,2\n" * 1_000_000, X_Request_Id="large")[:70_000])
        for client, called in ((one, "small"), (other, "large")):
            answer = client.reply()
            assert (answer.status, answer.header("connection")) == (408, "close")
            error = json.loads(answer.body)["error"]
            assert error["message"] == "The body did not arrive in time."
            assert error["request_id"] == called
            assert client.socket.recv(1) == b""


@pytest.mark.parametrize("half", [b"GET /pi", WHOLE[:50], PING + WHOLE[:50]])
def test_a_head_that_does_not_come_ends_the_connection(impatient: Serving, half: bytes) -> None:
    assert impatient.raw(half).count(b"HTTP/1.1 ") == half.count(PING)


def test_who_sends_on_or_reads_on_has_time(impatient: Serving) -> None:
    with clients(impatient.port, 3) as (writes, reads, sleeps):
        reads.send(ASKS_LONGER)
        sleeps.send(ASKS_LONG)
        began, read = time.monotonic(), 0
        for start in range(0, len(WHOLE), 10):
            writes.send(WHOLE[start : start + 10])
            read += len(reads.socket.recv(3_000_000))
            time.sleep(PATIENCE / 4)
        assert time.monotonic() - began > 2 * PATIENCE
        assert writes.reply().body == b"x" * 100
        while read < 40_000_000 and (more := reads.socket.recv(3_000_000)):
            read += len(more)
        assert read >= 40_000_000
        assert len(b"".join(iter(lambda: sleeps.socket.recv(100_000), b""))) < 6_000_000


def test_a_head_without_end_is_refused(sums: Serving) -> None:
    answer = sums.raw(b"GET /ping HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000)
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("line", [b"NONSENSE\r\n", b"GET /ping\n", b"GET /" + b"a" * 5000])
def test_what_cannot_become_a_request_is_refused_at_once(sums: Serving, line: bytes) -> None:
    assert sums.raw(line, seconds=2).startswith(b"HTTP/1.1 4")


def test_a_stopping_server_waits_for_the_rest(tmp_path: Path) -> None:
    with batching(tmp_path) as served, clients(served.port, 2) as (head, body):
        head.send(WHOLE[:40])
        body.send(WHOLE[:-3])
        served.process.terminate()
        time.sleep(4)  # longer than an idle connection is kept then
        head.send(WHOLE[40:])
        body.send(WHOLE[-3:])
        assert [one.reply().body for one in (head, body)] == [b"1010.0"] * 2
        assert served.process.wait(10) == 0
