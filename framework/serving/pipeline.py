"""The one thread of a worker that decodes, predicts and encodes.

One thread for all of it, because algorithms need not be thread-safe, and because OpenMP
starts a pool of threads for each thread that calls it. The threads that read requests wait
here, never longer than their invocation may take.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from framework.errors import RequestError

Answer = TypeVar("Answer")
Interrupt = Callable[[], None]
STUCK = "This worker is being replaced, because a prediction does not end."


def _nothing() -> None:
    """The job need not know that another one came."""


class Busy(RequestError):
    """Not started, so the same request may be sent again at once."""

    def __init__(self, message: str):
        super().__init__(503, f"{message} Send the request again.")


def too_long(seconds: float) -> RequestError:
    """What a request is told whose prediction has used up its time."""
    return RequestError(504, f"The prediction took longer than the {seconds:g} s it may take.")


class Pipeline:
    """Runs one job at a time, in order of arrival.

    Attributes:
        running: invocations that the job which runs now is to answer.

    Args:
        queue: invocations that may be in this worker beside the one that runs.
        timeout: seconds from admission to answer.
        on_stuck: called once when a job that runs has used up its time. The thread cannot be
            stopped, so the worker has to be replaced.
    """

    def __init__(self, queue: int, timeout: float, on_stuck: Callable[[], None]):
        self._places = self._free = queue + 1
        self.running = 0
        self.timeout = timeout
        self._on_stuck = on_stuck
        self._jobs: SimpleQueue[tuple[Future, Callable[[], Any], Interrupt]] = SimpleQueue()
        self._interrupt: Interrupt = _nothing
        self._open: set[Future] = set()
        self._lock = threading.Lock()
        self._closed = ""
        threading.Thread(target=self._work, name="pipeline", daemon=True).start()

    @property
    def closed(self) -> str:
        """Why no job is taken any more; empty while jobs are taken."""
        return self._closed

    @property
    def in_flight(self) -> int:
        """Invocations that are in this worker without an answer."""
        return self._places - self._free

    @contextmanager
    def admission(self) -> Iterator[float]:
        """Hold one of the worker's places; yields the moment at which the answer is due.

        Raises:
            Busy: all places are taken.
        """
        self.enter()
        try:
            yield self.due()
        finally:
            self.leave()

    def due(self) -> float:
        """The moment at which an answer that is asked for now is due."""
        return time.monotonic() + self.timeout

    def enter(self) -> None:
        """Take one of the worker's places, until ``leave``.

        Raises:
            Busy: all are taken, or the worker takes no job any more.
        """
        with self._lock:
            if self._free == 0:
                raise Busy("All places of this worker's queue are taken.")
            self._free -= 1

    def leave(self) -> None:
        with self._lock:
            self._free += 1

    def call(self, job: Callable[[], None], interrupt: Interrupt = _nothing) -> None:
        """Let the thread run ``job``, for whose end nobody waits.

        Args:
            interrupt: called when another job comes while this one runs.
        """
        self._jobs.put((Future(), job, interrupt))

    def has_jobs(self) -> bool:
        """Whether a job waits for the thread."""
        return not self._jobs.empty()

    def run(self, job: Callable[[], Answer], due: float | None = None) -> Answer:
        """Let the thread run ``job`` and return what it returns, or raise what it raises.

        Args:
            due: the moment to give up, as ``admission`` gave it; None waits for ever.

        Raises:
            Busy: the job was not started, in time or before the worker was told to end.
            RequestError: 504, the job was started and did not end in time.
        """
        future: Future[Answer] = Future()
        with self._lock:
            if self._closed:
                raise Busy(self._closed)
            self._open.add(future)
            self._jobs.put((future, partial(self._as_one, job), _nothing))
        self._interrupt()
        try:
            return future.result(None if due is None else max(0.0, due - time.monotonic()))
        except CancelledError:
            raise Busy(self._closed) from None
        except TimeoutError:
            if future.done():  # it ended just now, or the job itself raised this
                return future.result()
            if future.cancel():
                raise Busy(f"It waited {self.timeout:g} s for its turn.") from None
            self.close(STUCK)
            self._on_stuck()
            raise too_long(self.timeout) from None
        finally:
            with self._lock:
                self._open.discard(future)

    def close(self, reason: str) -> None:
        """Take no more jobs, and turn those away that have not started."""
        with self._lock:
            self._closed = self._closed or reason
            for future in self._open:
                future.cancel()

    def abandon(self, reason: str) -> None:
        """Close, and answer also the job that runs, whose end nobody waits for any more."""
        self.close(reason)
        with self._lock:
            for future in self._open:
                _settle(future, error=RequestError(503, reason))

    def _work(self) -> None:
        while True:
            future, job, self._interrupt = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = job()
            except Exception as error:
                _settle(future, error=error)
            except BaseException as end:  # sys.exit() in an algorithm must not end the worker
                _settle(future, error=RuntimeError(f"it raised {end!r}"))
            else:
                _settle(future, answer=answer)

    def _as_one(self, job: Callable[[], Answer]) -> Answer:
        self.running = 1
        try:
            return job()
        finally:
            self.running = 0


def _settle(future: Future, answer: Any = None, error: BaseException | None = None) -> None:
    """Give the future its outcome, unless it was given one before."""
    try:
        future.set_exception(error) if error else future.set_result(answer)
    except InvalidStateError:
        return
