"""The short way: usual requests are read by the poller itself and answered in batches.

Requests that wait while a prediction runs are the next batch, so nothing waits for a batch to
fill. Whatever is unusual goes the ordinary way, through gunicorn's parser and Flask: here only what
both would understand alike is taken.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import httptools
from gunicorn.util import http_date

from framework.errors import RequestError
from framework.invocation import Invocation
from framework.serving import exchange, log
from framework.serving.batch import Asked, Batches, Outcome
from framework.serving.body import not_in_time
from framework.serving.exchange import Reply, Service
from framework.serving.pipeline import STUCK, Busy, too_long
from framework.serving.settings import MEGABYTE

CACHED = 256
MOST_BYTES = 8 * MEGABYTE
MOST_BATCH_BYTES = MEGABYTE
QUICK_SECONDS = 0.002
QUICK_FOR_SECONDS = 1.0
SOMEBODY = object()
MOST_HEADERS = 32
MOST_HEAD_BYTES = 4096
MOST_BYTES_ALONE = 65536  # of a request that only waits here, to be answered the ordinary way
MOST_LINE_BYTES = 4096
REQUEST_LINE = re.compile(rb"[^ \r\n]+ [^\r\n]+ HTTP/1\.[01]")
BEGINNING = b"POST /invocations HTTP/1.1\r\n"
END = b"\r\n\r\n"
NEEDED = {"host", "content-length"}
KEEP = b"keep-alive"
UNUSUAL = {
    "transfer-encoding",
    "expect",
    "upgrade",
    "http2-settings",
    "te",
    "trailer",
    "keep-alive",
    "proxy-connection",
}


class Head:
    """The headers of one request, as httptools tells them."""

    __slots__ = ("headers",)

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


class Unusual(Exception):
    """The data is not what this way takes."""


class Unfinished(Exception):
    """The data is the beginning of a request, for whose rest a thread need not wait.

    Args:
        length: bytes of the whole request; 0 when the end of its head has not come.
    """

    def __init__(self, length: int):
        super().__init__()
        self.length = length


def read(data: bytes, more: Sequence[bytes], most: int) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and body of a usual request.

    Args:
        more: what came after ``data``, which holds the head.
        most: bytes that its body may have.

    Raises:
        Unusual: it is another one.
        Unfinished: its body is not there, or not all of it; or the head of whatever it is.
    """
    end = data.find(END, 0, MOST_HEAD_BYTES)
    if end < 0 or not data.startswith(BEGINNING):
        raise Unfinished(0) if _is_part_of_head(data) else Unusual
    begin = end + len(END)
    headers, size = _usual_headers(data[:begin])
    there = len(data) + sum(map(len, more))
    if there > begin + size or size > most:
        raise Unusual
    if there < begin + size:
        raise Unfinished(begin + size)
    body = data[begin:]
    return headers.copy(), b"".join((body, *more)) if more else body


def _is_part_of_head(data: bytes) -> bool:
    """Whether more has to come before gunicorn's parser can accept or refuse it."""
    line, ended, _ = data.partition(b"\r\n")
    if not ended:
        return len(line) <= MOST_LINE_BYTES and b"\n" not in line
    return END not in data and bool(REQUEST_LINE.fullmatch(line))


@lru_cache(CACHED)
def _usual_headers(data: bytes) -> tuple[dict[str, str], int]:
    """What a client says in a head, most often the same again and again; and the body's length.

    Raises:
        Unusual: it is not what every parser reads alike.
    """
    head = Head()
    try:
        httptools.HttpRequestParser(head).feed_data(data)
    except httptools.HttpParserError:
        raise Unusual from None
    headers = {name.decode("latin-1").lower(): value for name, value in head.headers}
    if not _is_usual(headers, len(head.headers), data.removesuffix(END)):
        raise Unusual
    size = int(headers["content-length"])
    return {name: value.decode() for name, value in headers.items() if value}, size


def _is_usual(headers: dict[str, bytes], lines: int, head: bytes) -> bool:
    """Whether every parser reads this head alike: nothing twice, nothing folded, nothing odd."""
    return (
        len(headers) == lines <= MOST_HEADERS
        and head.count(b"\r") == head.count(b"\n") == lines
        and head.isascii()
        and headers.keys() >= NEEDED
        and UNUSUAL.isdisjoint(headers)
        and headers.get("connection", KEEP).lower() == KEEP
        and headers["content-length"].isdigit()
        and not (b"_" in head and any("_" in name for name in headers))
    )


@dataclass(slots=True, eq=False)
class Taken:
    """A request that was taken and is not answered."""

    connection: Any
    asked: Asked
    request_id: str
    came: float


class Express:
    """The short way of one worker: its poller takes requests, its pipeline answers them.

    Args:
        send: writes an answer to a connection, which stays open or not.
        stays: whether connections stay open after an answer.
        on_stuck: called when a prediction has used up its time.
    """

    def __init__(
        self,
        service: Service,
        batches: Batches,
        send: Callable[[Any, bytes, bool], None],
        stays: Callable[[], bool],
        on_stuck: Callable[[], None],
    ):
        self._service = service
        self._pipeline = service.pipeline
        self._batches = batches
        self._send = send
        self._stays = stays
        self._most_bytes = min(MOST_BYTES, service.settings.payload_limit or MOST_BYTES)
        self._on_stuck = on_stuck
        self._open: dict[Taken, None] = {}  # in order of arrival
        self._waiting: deque[Taken] = deque()
        self._running: list[Taken] = []
        self._called = False
        self._sent: deque[tuple[Taken, Reply, float]] = deque()
        self._quick_until = 0.0

    def take(self, connection: Any, data: bytes, *more: bytes) -> None:
        """Take a request, which will be answered.

        Args:
            more: what came after ``data``.

        Raises:
            Unusual: it is to go the ordinary way.
            Unfinished: it may be taken when more of it is there.
        """
        allowed = self._batches.allowed
        headers, body = read(data, more, self._most_bytes if allowed else MOST_BYTES_ALONE)
        if not allowed:
            raise Unusual
        invocation, refusal = self._invocation(headers)
        asked = Asked(body, invocation)
        taken = Taken(connection, asked, exchange.request_id_of(headers), time.monotonic())
        try:
            self._pipeline.enter()
        except RequestError as error:
            refused = exchange.refused(error.status, str(error), taken.request_id)
            self._reply(taken, refused, self._stays())
            return
        self._open[taken] = None
        if self._pipeline.closed:
            refusal = refusal or Busy(self._pipeline.closed)
        if refusal:
            self._answer(taken, refusal)
        else:
            self._waiting.append(taken)

    def refuse_unfinished(self, connection: Any, data: bytes) -> None:
        """Answer a request whose rest does not come; ``data`` holds its head."""
        headers, _ = _usual_headers(data[: data.find(END) + len(END)])
        asked = Asked(b"", Invocation(headers=headers))
        taken = Taken(connection, asked, exchange.request_id_of(headers), time.monotonic())
        error = not_in_time()
        reply = exchange.refused(error.status, str(error), taken.request_id)
        self._reply(taken, reply, stays=False)

    def _invocation(self, headers: dict[str, str]) -> tuple[Invocation, Exception | None]:
        """What is asked for, and why it is refused, if it is."""
        try:
            return self._service.invocation(headers), None
        except Exception as error:
            return Invocation(headers=headers), error

    def flush(self) -> None:
        """Have what waits answered; to be called after each round of the poller."""
        self._write_down()
        if self._waiting and not self._called:
            self._called = True
            self._pipeline.call(self._job)

    def answer(self) -> None:
        """Answer a batch of what waits; the rest is the pipeline's job, in its turn."""
        self._answer_waiting()
        self.flush()

    @property
    def waiting(self) -> int:
        """Requests that wait for their answer."""
        return len(self._waiting)

    def is_quick(self) -> bool:
        """Whether answers take so little time now that other sockets can wait for them."""
        return time.monotonic() < self._quick_until

    def is_not_quick(self) -> None:
        """An answer takes longer than the ones before it."""
        self._quick_until = 0.0

    def look(self) -> None:
        """Answer those whose time is up, and those that no prediction will answer any more."""
        self._service.measure()
        if self._pipeline.closed:
            self._refuse_waiting(self._pipeline.closed)
        due = time.monotonic() - self._pipeline.timeout
        late = [one for one in list(self._open) if one.came <= due]
        running = set(self._running)
        for one in late:
            if one in running:
                self._pipeline.close(STUCK)
                self._on_stuck()
                self._answer(one, too_long(self._pipeline.timeout))
            else:
                self._answer(one, Busy(f"It waited {self._pipeline.timeout:g} s for its turn."))

    def abandon(self, reason: str) -> None:
        """Answer everyone: nobody waits for the end of a prediction any more."""
        for one in list(self._open):
            self._answer(one, RequestError(503, reason))

    def _refuse_waiting(self, reason: str) -> None:
        with suppress(IndexError):
            while True:
                self._answer(self._waiting.popleft(), Busy(reason))

    def _job(self) -> None:
        self._called = False
        self.answer()

    def _answer_waiting(self) -> None:
        self._running = batch = [one for one in self._next_batch() if one in self._open]
        if not batch:
            return
        now = time.monotonic()
        self._pipeline.running = len(batch)
        self._service.telemetry.waited(now - one.came for one in batch)
        for one, outcome in zip(batch, self._outcomes(batch), strict=True):
            self._answer(one, outcome)
        self._running = []
        self._pipeline.running = 0
        ended = time.monotonic()
        self._quick_until = ended + QUICK_FOR_SECONDS if ended - now < QUICK_SECONDS else 0.0
        self._write_down()
        self._service.measure()

    def _next_batch(self) -> Iterator[Taken]:
        """What waits, in order; no more of large bodies than are decoded soon."""
        size = 0
        with suppress(IndexError):
            while size < MOST_BATCH_BYTES:
                taken = self._waiting.popleft()
                size += len(taken.asked.body)
                yield taken

    def _outcomes(self, batch: list[Taken]) -> list[Outcome]:
        try:
            return self._batches.answer([one.asked for one in batch])
        except Exception as error:  # nobody may wait in vain, whatever is wrong
            return [error] * len(batch)

    def _answer(self, taken: Taken, outcome: Outcome) -> None:
        """Answer it, unless somebody has done so."""
        if self._open.pop(taken, SOMEBODY) is not SOMEBODY:
            self._pipeline.leave()
            self._reply(taken, self._reply_of(taken, outcome), self._stays())

    def _reply_of(self, taken: Taken, outcome: Outcome) -> Reply:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            return exchange.answered(outcome, taken.asked.invocation)
        except RequestError as error:
            return exchange.refused(error.status, str(error), taken.request_id)
        except Exception as error:
            log.failure("invocation failed", error, request_id=taken.request_id)
            return exchange.failed(error, taken.request_id)

    def _reply(self, taken: Taken, reply: Reply, stays: bool) -> None:
        head = _head_of(reply.status, reply.headers, stays, int(time.time()))
        self._send(taken.connection, head + reply.body, stays)
        self._sent.append((taken, reply, time.monotonic()))

    def _write_down(self) -> None:
        """Tell metrics and log of what was answered: after that, because it takes a while."""
        with suppress(IndexError):
            while True:
                taken, reply, now = self._sent.popleft()
                facts = partial(_facts, taken.asked, reply)
                self._service.record(
                    now - taken.came, taken.request_id, "POST", reply.status, facts
                )


def _facts(asked: Asked, reply: Reply) -> dict[str, Any]:
    content_type = asked.invocation.content_type
    return {"content_type": content_type, "bytes": len(asked.body), **reply.facts}


@lru_cache(CACHED)
def _head_of(status: int, headers: tuple[tuple[str, str], ...], stays: bool, _second: int) -> bytes:
    """What is sent before the body, with the time of this second."""
    usual = {
        "Server": "gunicorn",
        "Date": http_date(),
        "Connection": "keep-alive" if stays else "close",
    }
    lines = [f"{name}: {value}\r\n" for name, value in (*usual.items(), *headers)]
    return f"HTTP/1.1 {exchange.status_line(status)}\r\n{''.join(lines)}\r\n".encode("latin-1")
