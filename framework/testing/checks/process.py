"""Checks of the serving process: /ping while it works, and how it ends."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from framework.testing.client import PING_SECONDS, Client, Reply
from framework.testing.outcome import Failed, NotChecked
from framework.testing.rows import JSON
from framework.testing.runs import Server, message_of
from framework.testing.session import Session

LONG_SECONDS = 3.0
IN_FLIGHT_SECONDS = 0.7
LARGEST_BODY = 20 * 1024 * 1024
GROWTH = 8
DRAIN_SECONDS = 30
IN_FLIGHT = 4


def ping_during_predict(session: Session) -> str:
    """/ping answers within 2 s while a long predict runs."""
    server = session.usable_server
    slowest, longest, rows = 0.0, 0.0, 1
    while True:
        body = session.rows.cycled(rows).as_json()
        with _Pinging(server.client) as pinging:
            took = _timed(lambda body=body: server.client.invoke(body, JSON, JSON))
        if pinging.trouble:
            raise Failed(
                f"While predict answered {rows} rows ({took:.1f} s), /ping {pinging.trouble}. "
                "SageMaker takes the instance out of service then: keep ready() free of locks and "
                "work, and let long computations release the interpreter (numpy does)."
            )
        slowest, longest = max(slowest, pinging.slowest), max(longest, took)
        more = _more_rows(rows, len(body), took, LONG_SECONDS)
        if more == rows:
            break
        rows = more
    return (
        f"/ping answered within {slowest:.2f} s while predict worked up to {longest:.1f} s on "
        f"{rows} rows."
    )


def drains(session: Session) -> str:
    """SIGTERM while serving: requests under way are answered, and the exit code is 0."""
    advice = (
        "Leave SIGTERM to the server: install no signal handler and no non-daemon thread in "
        "load or predict."
    )
    limit = min(DRAIN_SECONDS, session.subject.stop_seconds)
    with session.fresh_server() as server:
        body = _working_body(session, server)
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            replies = [pool.submit(_reply_or_error, server.client, body) for _ in range(IN_FLIGHT)]
            time.sleep(0.1)
            started = time.monotonic()
            server.run.terminate()
            answers = [reply.result() for reply in replies]
        try:
            exit_code = server.run.wait(limit)
        except TimeoutError:
            raise Failed(f"The server still ran {limit:g} s after SIGTERM. {advice}") from None
        took = time.monotonic() - started
    for answer in answers:
        if not isinstance(answer, Reply):
            raise Failed(f"SIGTERM broke off a request under way ({answer}). {advice}")
        if answer.status != 200:
            raise Failed(
                f"A request under way at SIGTERM got {answer.status}: {message_of(answer)} {advice}"
            )
    if exit_code != 0:
        raise Failed(f"After SIGTERM the server ended with exit code {exit_code}, not 0. {advice}")
    return f"{IN_FLIGHT} requests under way were answered; it ended {took:.1f} s after SIGTERM."


class _Pinging:
    """Asks /ping all the time, in a thread, until the block ends."""

    def __init__(self, client: Client):
        self._client = client
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.slowest = 0.0
        self.trouble = ""

    def __enter__(self) -> "_Pinging":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self.trouble:
            started = time.monotonic()
            try:
                status = self._client.ping(PING_SECONDS).status
                if status != 200:
                    self.trouble = f"said {status}"
            except OSError:
                self.trouble = f"gave no answer within {PING_SECONDS:g} s"
            self.slowest = max(self.slowest, time.monotonic() - started)
            if self._over.wait(0.05):
                return


def _timed(work: Callable[[], Reply]) -> float:
    started = time.monotonic()
    try:
        reply = work()
    except OSError as error:
        raise Failed(f"A large request was broken off ({type(error).__name__}).") from None
    if reply.status not in (200, 413, 503, 504):
        raise NotChecked(f"It needs a long predict, but got {reply.status}: {message_of(reply)}")
    return time.monotonic() - started


def _working_body(session: Session, server: Server) -> bytes:
    """A request that keeps the server busy for a moment, as far as a small body can."""
    rows = 1
    while True:
        body = session.rows.cycled(rows).as_json()
        took = _timed(lambda body=body: server.client.invoke(body, JSON, JSON))
        more = _more_rows(rows, len(body), took, IN_FLIGHT_SECONDS)
        if more == rows:
            return body
        rows = more


def _more_rows(rows: int, size: int, took: float, wanted: float) -> int:
    """How many rows to ask next, to come near the wanted seconds; the same when near enough."""
    factor = min(GROWTH, wanted / max(took, 0.001), LARGEST_BODY / size)
    return rows if factor < 1.5 else max(rows + 1, int(rows * factor))


def _reply_or_error(client: Client, body: bytes) -> Reply | str:
    try:
        return client.invoke(body, JSON, JSON)
    except OSError as error:
        return type(error).__name__
