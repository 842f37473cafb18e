"""Connections are spread over the workers, and none waits for a worker that does not take it."""

import os
import signal
import time
from collections import Counter
from pathlib import Path
from statistics import median

from tests.framework.serving.batched import SUMS, batching, clients, request
from tests.framework.serving.conftest import eventually

WHO = SUMS.replace("return data.sum(axis=1) * self.model", "return [os.getpid()] * len(data)")
ASK = request(b"1,2\n")


def test_each_worker_gets_its_share_of_the_connections(tmp_path: Path) -> None:
    with batching(tmp_path, WHO, SAGEMAKER_MODEL_SERVER_WORKERS="2") as served:
        workers = served.all_workers(2)
        differences = []
        for _ in range(9):
            with clients(served.port, 8) as some:
                shares = Counter(int(client.ask(ASK).body) for client in some)
            differences.append(abs(shares[workers[0]] - shares[workers[1]]))
            time.sleep(0.2)  # until both have seen that these are gone
        assert median(differences) <= 1, "a busy machine may hold one back now and then"


def test_a_new_worker_gets_the_next_connections(tmp_path: Path) -> None:
    with batching(tmp_path, WHO, SAGEMAKER_MODEL_SERVER_WORKERS="2") as served:
        first, second = served.all_workers(2)
        with clients(served.port, 32) as some:
            of_second = [client for client in some if int(client.ask(ASK).body) == second]
            os.kill(first, signal.SIGKILL)
            (new,) = eventually(lambda: set(served.workers()) - {first, second})
            with clients(served.port, len(of_second)) as more:
                shares = Counter(int(client.ask(ASK).body) for client in more)
        assert shares[new] > 0.8 * len(of_second)


def test_who_is_stopped_keeps_nobody_waiting(tmp_path: Path) -> None:
    with batching(tmp_path, WHO, SAGEMAKER_MODEL_SERVER_WORKERS="2") as served:
        stopped, other = served.all_workers(2)
        os.kill(stopped, signal.SIGSTOP)
        try:
            with clients(served.port, 40) as some:
                assert {int(client.ask(ASK).body) for client in some} == {other}
        finally:
            os.kill(stopped, signal.SIGCONT)
