"""The thread that predicts, and those who wait for it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from framework.errors import RequestError
from framework.serving.pipeline import Busy, Pipeline


class Stuck:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def pipeline(queue: int = 8, timeout: float = 5, on_stuck: Stuck | None = None) -> Pipeline:
    return Pipeline(queue, timeout, on_stuck or Stuck())


def test_one_job_at_a_time_in_one_thread_in_order() -> None:
    line, seen = pipeline(), []

    def job(number: int) -> int:
        seen.append((number, threading.get_ident()))
        time.sleep(0.01)
        seen.append((number, threading.get_ident()))
        return number * 2

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: line.run(lambda: job(n)), range(8))) == list(range(0, 16, 2))
    numbers = [number for number, _ in seen]
    assert numbers[::2] == numbers[1::2], "two jobs ran at once"
    assert len({thread for _, thread in seen}) == 1


def test_errors_reach_who_asked_and_nobody_else() -> None:
    line = pipeline()
    with pytest.raises(ZeroDivisionError):
        line.run(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="SystemExit"):
        line.run(lambda: exec("raise SystemExit(3)"))
    with pytest.raises(TimeoutError, match="of its own"):
        line.run(lambda: exec("raise TimeoutError('of its own')"), time.monotonic() + 5)
    assert line.run(lambda: "well") == "well"


def test_places_are_bounded_and_given_back() -> None:
    line = pipeline(queue=1)
    with line.admission(), line.admission(), pytest.raises(Busy):
        line.admission().__enter__()
    with line.admission() as due:
        assert due > time.monotonic()


def test_who_waits_too_long_is_busy_and_who_runs_too_long_is_stuck() -> None:
    stuck, release = Stuck(), threading.Event()
    line = pipeline(timeout=0.2, on_stuck=stuck)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(line.run, release.wait, time.monotonic() + 0.4)
        time.sleep(0.05)
        with pytest.raises(Busy):
            line.run(lambda: "never", time.monotonic() + 0.1)
        assert stuck.calls == 0
        assert running.exception().status == 504
        assert stuck.calls == 1
        with pytest.raises(Busy, match="replaced"):
            line.run(lambda: "never")
        release.set()


def test_closing_turns_away_who_waits_and_abandoning_also_who_runs() -> None:
    release = threading.Event()
    line = pipeline()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(line.run, release.wait, time.monotonic() + 5)
        time.sleep(0.05)
        waiting = pool.submit(line.run, lambda: "never", time.monotonic() + 5)
        time.sleep(0.05)
        line.close("The end.")
        assert isinstance(waiting.exception(1), Busy)
        assert not running.done()
        line.abandon("The very end.")
        error = running.exception(1)
        assert isinstance(error, RequestError)
        assert (error.status, str(error)) == (503, "The very end.")
        release.set()
