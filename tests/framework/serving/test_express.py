"""Requests that wait at the same time are answered together, and each as if it were alone."""

import json
import os
import re
import resource
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.framework.serving.batched import (
    ALONE,
    SLOW,
    SUMS,
    Client,
    at_once,
    batching,
    clients,
    in_a_crowd,
    in_background,
    is_predicting,
    metrics,
    request,
)
from tests.framework.serving.conftest import Serving, eventually

LARGEST_BATCH = 'serving_batch_requests_bucket{le="16.0"}'
PAGE_BYTES = resource.getpagesize()


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with batching(tmp_path_factory.mktemp("sums")) as served:
        yield served


def predictions(served: Serving) -> float:
    return metrics(served.port)["serving_batch_requests_count"]


def counted(served: Serving) -> dict[str, float]:
    """Answers by status; the last ones are counted soon after they are sent."""
    of_code = re.compile(r'serving_requests_total{code="(\d+)"}')
    return {
        match[1]: count
        for name, count in metrics(served.port).items()
        if (match := of_code.fullmatch(name))
    }


def test_what_waits_is_answered_by_one_prediction(sums: Serving) -> None:
    before = predictions(sums)
    answers = in_a_crowd(sums.port, [request(b"%d,1\n" % n) for n in range(100, 132)])
    assert [body for _, _, body in answers] == [b"%.1f" % (10 * (n + 1)) for n in range(100, 132)]
    assert predictions(sums) - before == 2


def test_formats_and_rows_may_differ_in_a_batch(sums: Serving) -> None:
    asked = [
        request(b"1,2\n3,4\n"),
        request(b'{"instances": [[5, 6]]}', "application/json"),
        request(b"7,8\n", Accept="application/json"),
        request(b"[9, 10]\n[11, 12]", "application/jsonlines"),
        request(b'"1","2"\r\n'),
    ]
    answers = in_a_crowd(sums.port, asked)
    assert [body for _, _, body in answers] == [
        b"30.0\n70.0",
        b'{"predictions":[110.0]}',
        b'{"predictions":[150.0]}',
        b"190.0\n230.0",
        b"30.0",
    ]


@pytest.mark.parametrize(
    ("bad", "status", "words"),
    [
        (b"13,1\n", 500, "The predictor failed (ValueError). See the log"),
        (b"14,1\n", 422, "Nobody buys fourteen."),
        (b"17,1\n", 500, "The predictor failed (RuntimeError). See the log"),
        (b"x,1\n", 422, "row 1, column 1: 'x' is not a number."),
        (b"1,2,3\n", 422, "row 1 has 3 columns"),
        (b'1,"2\n', 400, "not valid CSV"),
        (b"", 422, "There are no rows."),
    ],
)
def test_a_fault_reaches_only_its_request(
    sums: Serving, bad: bytes, status: int, words: str
) -> None:
    bodies = [b"%d,1\n" % n for n in range(100, 116)]
    bodies[5] = bodies[12] = bad
    answers = in_a_crowd(sums.port, [request(body) for body in bodies])
    for index, (got, _, body) in enumerate(answers):
        if index in (5, 12):
            assert got == status
            assert words in json.loads(body)["error"]["message"]
        else:
            assert (got, body) == (200, b"%.1f" % (10 * (index + 101)))


def test_what_goes_the_ordinary_way_is_in_flight_too(sums: Serving) -> None:
    with clients(sums.port, 2) as (first, second):
        first.send(request(b"15,1\n", TE="trailers"))
        eventually(lambda: is_predicting(metrics(sums.port)))
        second.send(request(b"1,2\n", TE="trailers"))
        eventually(lambda: metrics(sums.port)["serving_in_flight"] == 2)
        assert metrics(sums.port)["serving_queue_depth"] == 1
        assert [first.reply().status, second.reply().status] == [200, 200]


@pytest.mark.parametrize("quick_ones", [0, 50])
def test_a_running_prediction_delays_nobody_else(sums: Serving, quick_ones: int) -> None:
    """Also one that comes while the thread that predicts is the one that polls."""
    with clients(sums.port, 2) as (client, other):
        for _ in range(quick_ones):
            assert client.ask(request(b"1,2\n")).status == 200
        began = time.monotonic()
        thread = in_background(client, request(b"15,2\n"))
        eventually(lambda: metrics(sums.port)["serving_in_flight"] == 1)
        assert sums.ping() == 200
        other.send(request(b"1,2\n", content_type="text/none"))
        assert other.reply().status == 415
        eventually(lambda: is_predicting(metrics(sums.port)))
        assert time.monotonic() - began < 1
        thread.join()


def test_the_ordinary_way_has_its_turn_when_quick_answers_become_slow(sums: Serving) -> None:
    """However many wait on the short way, and whichever thread polls."""
    stopping = threading.Event()

    def ask_on(client: Client) -> None:
        while not stopping.is_set():
            assert client.ask(request(b"15,0.02\n")).status == 200

    with clients(sums.port, 10) as (quick, ordinary, *others), ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            assert quick.ask(request(b"1,2\n")).status == 200
        busy = [pool.submit(ask_on, other) for other in others]
        time.sleep(0.5)
        began = time.monotonic()
        for _ in range(10):
            assert ordinary.ask(request(b"1,2\n", TE="trailers")).status == 200
        took = time.monotonic() - began
        stopping.set()
        for one in busy:
            one.result()
    assert took < 5


def test_excess_is_refused_at_once(tmp_path: Path) -> None:
    with (
        batching(tmp_path, SERVING_QUEUE="4") as served,
        clients(served.port, 9) as (first, *others),
    ):
        first.send(request(b"15,2\n"))
        eventually(lambda: is_predicting(metrics(served.port)))
        for client in others:
            client.send(request(b"1,1\n"))
        began = time.monotonic()
        for client in others[4:]:
            answer = client.reply()
            assert (answer.status, answer.header("retry-after")) == (503, "1")
        assert time.monotonic() - began < 1
        assert [client.reply()[0] for client in others[:4]] == [200] * 4
        assert first.reply()[0] == 200
        eventually(lambda: counted(served) == {"503": 4, "200": 5})


@pytest.mark.parametrize("quick_ones", [0, 50])
def test_a_prediction_that_does_not_end_costs_its_worker(tmp_path: Path, quick_ones: int) -> None:
    with (
        batching(tmp_path, SAGEMAKER_MODEL_SERVER_TIMEOUT="1") as served,
        clients(served.port, 3) as (first, *others),
    ):
        for _ in range(quick_ones):
            assert first.ask(request(b"1,2\n")).status == 200
        first.send(request(b"15,3600\n"))
        eventually(lambda: is_predicting(metrics(served.port)))
        statuses = {status for status, _, _ in at_once(others, [request(b"1,1\n")] * 2)}
        assert statuses == {503}, "they were not started, so they may be sent again"
        assert first.reply()[0] == 504
        eventually(lambda: len(served.events("worker ready")) == 2)
        eventually(lambda: served.ping() == 200)
        again = Client(served.port)
        assert again.ask(request(b"1,2\n"))[2] == b"30.0"
        again.close()
        assert counted(served)["504"] == 1


def test_a_killed_worker_loses_what_it_held_and_no_count(tmp_path: Path) -> None:
    with batching(tmp_path, SAGEMAKER_MODEL_SERVER_WORKERS="2") as served:
        for _ in range(20):
            served.request("POST", "/invocations", "1,2\n", {"Content-Type": "text/csv"})
        eventually(lambda: counted(served) == {"200": 20})
        for worker in served.all_workers():
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(served.events("worker ready")) == 4)
        eventually(lambda: served.ping() == 200)
        for _ in range(5):
            served.request("POST", "/invocations", "1,2\n", {"Content-Type": "text/csv"})
        eventually(lambda: counted(served) == {"200": 25})
        seen = metrics(served.port)
        assert seen["serving_latency_seconds_count"] == 25
        assert seen["serving_in_flight"] == 0


def test_a_crash_costs_only_what_the_worker_held(tmp_path: Path) -> None:
    with (
        batching(tmp_path, SAGEMAKER_MODEL_SERVER_WORKERS="1") as served,
        clients(served.port, 3) as (first, *others),
    ):
        for client in others:
            client.send(SLOW)
        first.send(request(b"16,1\n"))
        with pytest.raises((ConnectionError, IndexError)):
            first.reply()
        eventually(lambda: len(served.events("worker ready")) == 2)
        eventually(lambda: served.ping() == 200)
        with clients(served.port, 8) as several:
            assert {one.status for one in at_once(several, [request(b"1,1\n")] * 8)} == {200}


def test_clients_that_leave_hurt_nobody(sums: Serving) -> None:
    reset = struct.pack("ii", 1, 0)
    worker, stays = sums.workers(), Client(sums.port)
    for number in range(300):
        leaves = Client(sums.port)
        if number % 2:
            leaves.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        leaves.send(request(b"%d,1\n" % (1000 + number)) * (1 + number % 3))
        if number % 5 == 0:
            leaves.reply()
        leaves.close()
        assert stays.ask(request(b"%d,2\n" % (100 + number))).body == b"%.1f" % (
            10 * (102 + number)
        )
    stays.close()
    assert sums.workers() == worker
    assert eventually(lambda: metrics(sums.port)["serving_in_flight"] == 0)


def test_a_client_may_send_head_and_body_apart_and_more_before_the_answer(sums: Serving) -> None:
    whole = request(b"1,2\n")
    head, body = whole[:-4], whole[-4:]
    client = Client(sums.port)
    for parts in ([head, body], [whole[:30], whole[30:]], [head, body[:2], body[2:]]):
        for part in parts:
            client.send(part)
            time.sleep(0.05)
        assert client.reply()[2] == b"30.0"
    client.send(whole + request(b"3,4\n") + request(b"x\n"))
    assert [client.reply()[2] for _ in range(2)] == [b"30.0", b"70.0"]
    assert client.reply()[0] == 422
    client.send(SLOW)
    client.send(whole)
    assert [client.reply()[2] for _ in range(2)] == [b"155.0", b"30.0"]
    client.close()


def test_large_bodies_come_in_pieces_and_wait_together(sums: Serving) -> None:
    before = predictions(sums)
    bodies = [b"1,%d\n" % n * 30 for n in range(100, 132)]
    bodies[7] = bodies[20] = b"1,2\n" * 200_000
    answers = in_a_crowd(sums.port, [request(body) for body in bodies])
    for index, answer in enumerate(answers):
        rows, expected = 30, b"%d.0" % (1010 + 10 * index)
        if index in (7, 20):
            rows, expected = 200_000, b"30.0"
        assert answer.body.splitlines() == [expected] * rows
    assert predictions(sums) - before < 8


def test_a_client_may_read_a_large_answer_late_and_ask_again(sums: Serving) -> None:
    sent, rows = request(b"1,2\n" * 1_000_000), 1_000_000
    with clients(sums.port, 1) as (client,):
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)
        for _ in range(2):
            client.send(sent)
            time.sleep(1)
            assert client.reply().body.splitlines() == [b"30.0"] * rows
        assert client.ask(request(b"1,2\n")).body == b"30.0"


def test_a_large_body_needs_no_new_memory_after_the_first(tmp_path: Path) -> None:
    body = (b"1.%s,2\n" % (b"0" * 1000)) * 4800
    with batching(tmp_path) as served, clients(served.port, 1) as (client,):
        (worker,) = served.workers()
        for _ in range(5):
            assert client.ask(request(body)).status == 200
        before = pages_fetched(worker)
        for _ in range(10):
            assert client.ask(request(body)).status == 200
        assert (pages_fetched(worker) - before) / 10 < len(body) / PAGE_BYTES


def pages_fetched(process: int) -> int:
    """By the kernel, since the process began (proc(5): minflt)."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[7])


def test_more_large_bodies_than_are_held_are_all_answered(sums: Serving) -> None:
    whole = request(b'{"instances": [[1, 2]]' + b" " * 4_000_000 + b"}", "application/json")
    with clients(sums.port, 20) as some:
        for client in some:
            client.send(whole[:70_000])
        time.sleep(0.2)
        for client in some:
            client.send(whole[70_000:])
        assert {client.reply().body for client in some} == {b'{"predictions":[30.0]}'}


ASKS_WHO = """
from framework import Predictor, current_invocation

class Sums(Predictor):
    def predict(self, data):
        return [current_invocation().inference_id or "nobody"] * len(data)
"""
MEANS = """
from framework import Predictor

class Sums(Predictor):
    def predict(self, data):
        return data.sum(axis=1) - data.mean()
"""


@pytest.mark.parametrize("predictor", [ASKS_WHO, MEANS, ALONE], ids=["asks", "means", "alone"])
def test_who_must_not_be_asked_together_is_asked_alone(tmp_path: Path, predictor: str) -> None:
    with (
        batching(tmp_path, predictor, SAGEMAKER_MODEL_SERVER_WORKERS="1") as served,
        clients(served.port, 16) as several,
    ):
        asked = [
            request(b"%d,1\n" % n, X_Amzn_SageMaker_Inference_Id=f"caller-{n}")
            for n in range(100, 116)
        ]
        together = at_once(several, asked)
        alone = [several[0].ask(one) for one in asked]
        assert [body for *_, body in together] == [body for *_, body in alone]
        seen = metrics(served.port)
        assert seen["serving_batch_requests_sum"] == seen["serving_batch_requests_count"] == 32


def test_a_batch_has_no_more_rows_than_the_predictor_takes(tmp_path: Path) -> None:
    predictor = SUMS.replace("    def predict(", "    max_batch_rows = 10\n\n    def predict(")
    with batching(tmp_path, predictor) as served:
        answers = in_a_crowd(served.port, [request(b"1,1\n2,2\n3,3\n")] * 16)
        assert {body for *_, body in answers} == {b"20.0\n40.0\n60.0"}
        assert metrics(served.port)['serving_batch_rows_bucket{le="16.0"}'] == 1 + 6
        assert metrics(served.port)["serving_batch_rows_count"] == 1 + 6


LEAKS = """
from framework import Predictor

KEPT = []

class Sums(Predictor):
    def predict(self, data):
        KEPT.append(bytearray(2_000_000))
        return data.sum(axis=1)
"""


def test_a_worker_that_grows_is_replaced_and_loses_nothing(tmp_path: Path) -> None:
    with batching(tmp_path, LEAKS, SERVING_GROWTH_MB="50", SERVING_PRELOAD="on") as served:
        first = served.all_workers(1)
        headers, statuses = {"Content-Type": "text/csv"}, set()

        def asked() -> bool:
            statuses.add(served.request("POST", "/invocations", "1,2\n", headers).status)
            return len(served.events("worker ready")) == 3

        eventually(asked)
        assert statuses == {200}
        (told, *_) = [one for one in served.lines() if "has grown" in one["event"]]
        assert told["worker"] == first[0]
        assert 40 <= told["grown_mb"] < 400


def test_metrics_tell_what_is_served_and_where_time_goes(sums: Serving) -> None:
    sums.request("POST", "/invocations", "1,2\n", {"Content-Type": "text/csv"})
    seen = metrics(sums.port)
    assert any('training_job="job-1"' in name for name in seen if "serving_info" in name)
    for stage in ("queue", "decode", "predict", "encode"):
        assert seen[f'serving_stage_seconds_count{{stage="{stage}"}}'] > 0
    assert seen["serving_model_load_seconds"] > 0
    eventually(lambda: metrics(sums.port)["serving_queue_depth"] == 0)


def test_the_algorithms_own_metrics_are_on_the_page(tmp_path: Path) -> None:
    counted = SUMS.replace(
        "class Sums",
        "from prometheus_client import Counter\nSOLD = Counter('sold', 'x')\n\nclass Sums",
    ).replace("        return", "        SOLD.inc(len(data))\n        return")
    with batching(tmp_path, counted, SAGEMAKER_MODEL_SERVER_WORKERS="2") as served:
        served.all_workers()  # each answers the sample
        before = metrics(served.port)["sold_total"]
        for _ in range(12):
            served.request("POST", "/invocations", "1,2\n3,4\n", {"Content-Type": "text/csv"})
        assert metrics(served.port)["sold_total"] - before == 24
