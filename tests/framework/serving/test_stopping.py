"""SIGTERM, killed workers and predictions that do not end: who gets which answer."""

import http.client
import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.framework.serving.conftest import PREDICTOR, Serving, eventually, ready, started

REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n"
    b"X-Amzn-SageMaker-Custom-Attributes: %s\r\n\r\n1,2\n"
)


def send(served: Serving, do: str = "") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", served.port), 30)
    connection.sendall(REQUEST % do.encode())
    return connection


def answer_of(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.body = answer.read()
    return answer


def test_everything_in_flight_is_answered(tmp_path: Path) -> None:
    with ready(tmp_path, SERVING_QUEUE="400") as served:
        connections = [send(served, "sleep=0.01") for _ in range(400)]
        asked = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        answers = [answer_of(connection) for connection in connections]
        assert served.process.wait(30) == 0
        assert time.monotonic() - asked < 30
    assert Counter(answer.status for answer in answers) == {200: 400}
    assert all(answer.body == b"30.0" for answer in answers)


def test_the_listen_backlog_is_answered(tmp_path: Path) -> None:
    """Workers that are stopped in their tracks accept nothing, so all waits in the kernel."""
    with ready(tmp_path, SERVING_QUEUE="200") as served:
        workers = served.all_workers()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        connections = [send(served) for _ in range(100)]
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        answers = [answer_of(connection) for connection in connections]
        assert served.process.wait(30) == 0
    assert {answer.status for answer in answers} == {200}
    assert {answer.getheader("Connection") for answer in answers} == {"close"}


def test_kept_alive_connections_get_one_more_answer(tmp_path: Path) -> None:
    with ready(tmp_path) as served:
        connections = [send(served) for _ in range(50)]
        for connection in connections:
            assert answer_of(connection).getheader("Connection") == "keep-alive"
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        for connection in connections:
            connection.sendall(REQUEST % b"")
        answers = [answer_of(connection) for connection in connections]
        assert {answer.status for answer in answers} == {200}
        assert {answer.getheader("Connection") for answer in answers} == {"close"}
        assert served.process.wait(30) == 0


@pytest.mark.parametrize("keep_alive", [True, False])
def test_no_request_is_lost_under_load(tmp_path: Path, keep_alive: bool) -> None:
    """Clients send one request after the other, until the server takes none any more."""
    stopping = threading.Event()

    def client(served: Serving) -> Counter:
        seen: Counter = Counter()
        connection = None
        while True:
            try:
                connection = connection or socket.create_connection(("127.0.0.1", served.port), 10)
            except OSError:
                assert stopping.is_set()
                return seen
            try:
                connection.sendall(REQUEST % b"sleep=0.002")
                answer = answer_of(connection)
            except (OSError, http.client.HTTPException) as error:
                seen[f"lost: {error!r}"] += 1
                return seen
            seen[answer.status] += 1
            if not keep_alive or answer.getheader("Connection") == "close":
                connection.close()
                connection = None

    with ready(tmp_path, SERVING_QUEUE="100") as served, ThreadPoolExecutor(40) as pool:
        clients = [pool.submit(client, served) for _ in range(40)]
        time.sleep(1)
        stopping.set()
        asked = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - asked < 30
        seen = sum((client.result(20) for client in clients), Counter())
    assert set(seen) == {200}
    assert seen[200] > 200


def test_ping_says_503_while_it_drains(tmp_path: Path) -> None:
    with ready(tmp_path, SAGEMAKER_MODEL_SERVER_WORKERS="1") as served:
        ping = socket.create_connection(("127.0.0.1", served.port), 10)
        ping.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_of(ping).status == 200
        running = send(served, "sleep=1")
        time.sleep(0.2)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ping.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_of(ping).status == 503
        assert answer_of(running).status == 200
        assert served.process.wait(30) == 0


def test_a_prediction_longer_than_the_grace_is_answered_before_the_kill(tmp_path: Path) -> None:
    with ready(tmp_path) as served:
        running = send(served, "sleep=100")
        time.sleep(0.2)
        asked = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        answer = answer_of(running)
        assert answer.status == 503
        assert b"stopping" in answer.body
        assert served.process.wait(30) == 0
        assert time.monotonic() - asked < 29


def test_sigterm_to_all_processes_at_once(tmp_path: Path) -> None:
    with ready(tmp_path, SERVING_QUEUE="100") as served:
        connections = [send(served, "sleep=0.01") for _ in range(50)]
        os.killpg(served.process.pid, signal.SIGTERM)
        assert {answer_of(connection).status for connection in connections} == {200}
        assert served.process.wait(30) == 0


@pytest.mark.parametrize("preload", ["on", "off"])
def test_a_killed_worker_is_replaced(tmp_path: Path, preload: str) -> None:
    with ready(tmp_path, SERVING_PRELOAD=preload) as served:
        before = served.all_workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: not set(before) & set(served.workers()))
        served.all_workers()
        eventually(lambda: served.ping() == 200)
        assert served.invoke().status == 200
        assert served.stop() == 0


def test_while_no_worker_is_left_ping_says_503(tmp_path: Path) -> None:
    predictor = PREDICTOR.replace(
        "class Toy(Predictor):\n",
        "class Toy(Predictor):\n    def load(self, model_dir):\n        time.sleep(0.7)\n"
        "        return super().load(model_dir)\n",
    )
    with started(tmp_path, predictor, SERVING_PRELOAD="off") as served:
        eventually(lambda: served.ping() == 200)
        for worker in served.all_workers():
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: served.ping() == 503, seconds=3)
        eventually(lambda: served.ping() == 200)
        for _ in range(20):
            assert served.ping() == 200


def test_a_crash_of_the_algorithm_costs_one_worker_only(tmp_path: Path) -> None:
    with ready(tmp_path) as served:
        with pytest.raises((OSError, http.client.HTTPException)):
            served.invoke(do="die")
        eventually(lambda: served.ping() == 200)
        assert served.invoke().status == 200


def test_a_stuck_prediction_gets_504_and_a_new_worker(tmp_path: Path) -> None:
    with ready(
        tmp_path, SAGEMAKER_MODEL_SERVER_TIMEOUT="1", SAGEMAKER_MODEL_SERVER_WORKERS="1"
    ) as served:
        before = served.all_workers(1)
        stuck = send(served, "sleep=1000")
        time.sleep(0.3)
        waiting = send(served)
        answer = answer_of(stuck)
        assert answer.status == 504
        assert b"longer than the 1 s" in answer.body
        assert answer_of(waiting).status == 503
        eventually(lambda: served.workers() not in ([], before))
        eventually(lambda: served.ping() == 200)
        assert served.invoke().status == 200
        assert served.stop() == 0


def test_a_full_queue_turns_away_at_once(tmp_path: Path) -> None:
    with ready(tmp_path, SAGEMAKER_MODEL_SERVER_WORKERS="1", SERVING_QUEUE="2") as served:
        accepted = [send(served, "sleep=0.7") for _ in range(3)]
        time.sleep(0.2)
        asked = time.monotonic()
        reply = served.invoke()
        assert reply.status == 503
        assert reply.headers["Retry-After"] == "1"
        assert "queue" in reply.message
        assert served.ping() == 200
        assert time.monotonic() - asked < 0.4
        assert {answer_of(connection).status for connection in accepted} == {200}
        assert served.invoke().status == 200


def test_what_the_algorithm_prints_is_not_lost_at_the_end(tmp_path: Path) -> None:
    predictor = PREDICTOR.replace(
        "        invocation =", "        print('said')\n        invocation ="
    )
    with ready(tmp_path, predictor) as served:
        assert served.invoke().status == 200
        assert served.stop() == 0
        assert "said" in served.text()


def test_broken_predictors_are_not_ready(tmp_path: Path) -> None:
    predictor = PREDICTOR + (
        "    def ready(self):\n"
        "        if os.path.exists(os.environ['RAISE']):\n            raise OSError('gone')\n"
        "        return not os.path.exists(os.environ['BROKEN'])\n"
    )
    broken, raising = tmp_path / "broken", tmp_path / "raise"
    with ready(tmp_path, predictor, BROKEN=str(broken), RAISE=str(raising)) as served:
        broken.touch()
        reply = served.request("GET", "/ping")
        assert (reply.status, reply.message) == (503, "The predictor says it is not ready.")
        raising.touch()
        assert served.ping() == 503
        broken.unlink()
        raising.unlink()
        assert served.ping() == 200
