"""Load on an endpoint: connections that each ask again as soon as they are answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median

import httptools

from framework.testing import Client

LONGEST_SECONDS = 60.0
PAUSE_SECONDS = 0.05  # after what failed, as a client would


@dataclass(frozen=True)
class Load:
    """What the callers saw.

    Attributes:
        rate: good answers per second.
        p50: milliseconds of good answers; as p99. NaN without any.
        failed: answers other than 200, and connections that broke.
        failure: what the first of these was; empty for none.
        ping_p99: milliseconds of /ping at the same time.
        busy: share of a CPU that asking took: near 1, the callers are the limit.
    """

    rate: float
    p50: float
    p99: float
    failed: int
    failure: str
    ping_p99: float
    busy: float


def put_on(
    client: Client, bodies: Sequence[bytes], content_type: str, connections: int, seconds: float
) -> Load:
    """Ask the endpoint for some seconds; each connection begins with another body."""
    return asyncio.run(_put_on(client, bodies, content_type, connections, seconds))


@dataclass
class _Tally:
    """What has been seen so far."""

    end: float
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return time.perf_counter() >= self.end


class _Caller(asyncio.Protocol):
    """One connection. Sets ``closed`` at its end."""

    def __init__(
        self, tally: _Tally, requests: Sequence[bytes], first: int, closed: asyncio.Future
    ):
        self._tally = tally
        self._requests = requests
        self._next = first
        self._closed = closed
        self._parser = httptools.HttpResponseParser(self)
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._tally.failures.append(f"no HTTP: {error}")
            self._waits = False
            self._transport.close()

    def on_message_complete(self) -> None:
        self._waits, pause = False, 0.0
        if (status := self._parser.get_status_code()) == 200:
            self._tally.seconds.append(time.perf_counter() - self._asked)
        else:
            self._tally.failures.append(f"status {status}")
            pause = PAUSE_SECONDS
        if self._tally.over or not self._parser.should_keep_alive():
            self._transport.close()
        elif pause:
            asyncio.get_running_loop().call_later(pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if self._waits:
            self._tally.failures.append("the connection broke before the answer")
        if not self._closed.done():
            self._closed.set_result(None)

    def _ask(self) -> None:
        if self._transport.is_closing():
            return
        self._waits, self._asked = True, time.perf_counter()
        self._transport.write(self._requests[self._next])
        self._next = (self._next + 1) % len(self._requests)


async def _put_on(
    client: Client, bodies: Sequence[bytes], content_type: str, connections: int, seconds: float
) -> Load:
    requests = [_request(client, body, content_type) for body in bodies]
    began, worked = time.perf_counter(), time.process_time()
    tally = _Tally(began + seconds)
    calls = [
        _calls(client, tally, requests, number % len(requests)) for number in range(connections)
    ]
    pings, *_ = await asyncio.gather(_pings(client, tally), *calls)
    taken, spent = time.perf_counter() - began, time.process_time() - worked
    return Load(
        rate=len(tally.seconds) / taken,
        p50=median(tally.seconds or [float("nan")]) * 1000,
        p99=percentile_99(tally.seconds) * 1000,
        failed=len(tally.failures),
        failure=next(iter(tally.failures), ""),
        ping_p99=percentile_99(pings) * 1000,
        busy=spent / taken,
    )


async def _calls(client: Client, tally: _Tally, requests: Sequence[bytes], first: int) -> None:
    """One connection after the other, until the time is up."""
    loop = asyncio.get_running_loop()
    while not tally.over:
        closed = loop.create_future()
        caller = _Caller(tally, requests, first, closed)
        try:
            transport, _ = await loop.create_connection(
                lambda made=caller: made, client.host, client.port
            )
        except OSError as error:
            tally.failures.append(f"no connection: {error}")
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        try:
            await asyncio.wait_for(closed, tally.end - time.perf_counter() + LONGEST_SECONDS)
        except TimeoutError:
            tally.failures.append(f"no answer within {LONGEST_SECONDS:g} s")
            transport.abort()


async def _pings(client: Client, tally: _Tally) -> list[float]:
    """Seconds of each /ping, asked one after the other."""
    taken = []
    while not tally.over:
        began = time.perf_counter()
        try:
            await asyncio.to_thread(client.ping)
        except OSError as error:
            tally.failures.append(f"/ping: {error}")
        else:
            taken.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE_SECONDS)
    return taken


def percentile_99(values: Sequence[float]) -> float:
    """The smallest value that 99 of 100 do not exceed; NaN of nothing."""
    ranked = sorted(values)
    return ranked[ceil(0.99 * len(ranked)) - 1] if ranked else float("nan")


def _request(client: Client, body: bytes, content_type: str) -> bytes:
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
