"""The chaos drill: under load, a fault every second; nobody gets a wrong answer.

    python -m tests.drills.chaos --seconds 600 --seed 1

Clients ask a server of two workers as fast as they can, each time other rows. Workers are killed
or crash, other clients are slow, leave, fall silent or send too much. Each answer must be the right
one. Only what a worker held when it ended may be without one, and the server must not grow.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.drills.soak import GROWTH, descendants
from tests.framework.serving.batched import SUMS, batching, request
from tests.framework.serving.conftest import Serving

CALLERS = 32
WORKERS = 2
SILENT = 200  # more than all workers have threads
PING_SECONDS = 2.0  # SageMaker's limit
RECOVERY_SECONDS = 5.0
PAUSE_SECONDS = 0.3  # of a slow client
NOTICED_SECONDS = 0.5  # a crash may reach its neighbours before who asked for it
LONGEST_SECONDS = 20.0
SHOWN_FAULTS = 20
TOO_LARGE = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n"
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close at once, without a farewell


@dataclass
class Account:
    """What the clients have seen.

    Attributes:
        missed: when an answer did not come, how long the end of a worker excuses that, and what.
        ends: moments at which a worker was seen to end.
        memory: megabytes of the server, once a second while all workers are there.
    """

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[tuple[float, float, str]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    ends: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def missing(self, what: str, seconds: float) -> None:
        """An answer did not come; a worker that ended so shortly before excuses it."""
        self.missed.append((time.monotonic(), seconds, what))

    @property
    def faults(self) -> list[str]:
        """What nothing excuses."""
        return self.wrong + [
            what
            for when, seconds, what in self.missed
            if not any(end - NOTICED_SECONDS <= when <= end + seconds for end in self.ends)
        ]

    @property
    def growth(self) -> float:
        """Memory in the last quarter of the time over that in the second."""
        quarter = len(self.memory) // 4
        return median(self.memory[-quarter:]) / median(self.memory[quarter : 2 * quarter])


class Chaos:
    """One server, its clients and its enemies."""

    def __init__(self, served: Serving, seed: int):
        self._served, self._port = served, served.port
        self._dice = random.Random(seed)
        self._background: set[asyncio.Task] = set()
        self.account = Account()

    async def run(self, seconds: float) -> None:
        """Ask and break things for so long."""
        self._until = time.monotonic() + seconds
        callers = [self._ask_on_and_on() for _ in range(CALLERS)]
        await asyncio.gather(self._break(), self._ping(), self._weigh(), *callers)
        await asyncio.gather(*self._background)

    async def _ask_on_and_on(self) -> None:
        while time.monotonic() < self._until:
            with Connection(self._port) as connection:
                for _ in range(self._dice.randint(1, 500)):
                    if time.monotonic() >= self._until or not await self._ask(connection):
                        break

    async def _ask(self, connection: "Connection", slowly: bool = False) -> bool:
        """Ask for one answer and judge it; whether the connection can be used again."""
        sent, expected = self._question()
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await connection.send(sent, slowly)
                status, body = await connection.reply()
        except (OSError, EOFError, TimeoutError) as error:
            self.account.missing(f"no answer: {error!r}", 1.0)
            return False
        if (status, body) == expected or (expected[0] == status != 200):
            self.account.right += 1
        elif status == 503:
            self.account.missing(f"503: {body!r}", RECOVERY_SECONDS)
        else:
            self.account.wrong.append(f"{sent!r}: {expected} expected, {(status, body)} came")
        return status == 200

    def _question(self) -> tuple[bytes, tuple[int, bytes]]:
        """A request that nobody else has sent, most likely; and its answer."""
        if self._dice.random() < 0.02:
            return request(b"1,2,3\n"), (422, b"")
        rows = self._dice.choice((1, 1, 1, 1, 3, 1000))
        firsts = [self._dice.randrange(100, 10**9) for _ in range(rows)]
        answers = "\n".join(f"{10.0 * (first + 0.5)}" for first in firsts)
        return request("".join(f"{n},0.5\n" for n in firsts).encode()), (200, answers.encode())

    async def _break(self) -> None:
        """One fault a second."""
        faults: list[Callable[[], Awaitable[None]]] = [
            self._kill, self._crash, self._leave, self._be_slow, self._fall_silent, self._overload,
        ]  # fmt: skip
        while time.monotonic() < self._until - RECOVERY_SECONDS:
            fault = self._dice.choice(faults)
            self.account.injected[fault.__name__.strip("_").replace("_", " ")] += 1
            task = asyncio.create_task(fault())
            self._background.add(task)
            await asyncio.sleep(1)

    async def _kill(self) -> None:
        if workers := self._served.workers():
            self.account.ends.append(time.monotonic())
            os.kill(self._dice.choice(workers), signal.SIGKILL)

    async def _crash(self) -> None:
        """The algorithm aborts the process."""
        with Connection(self._port) as connection:
            await connection.send(request(b"16,1\n"))
            with suppress(OSError, EOFError):
                await connection.reply()
            self.account.ends.append(time.monotonic())

    async def _leave(self) -> None:
        """Ask, and be gone before the answer."""
        for _ in range(20):
            with Connection(self._port) as connection:
                await connection.send(self._question()[0])
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    async def _be_slow(self) -> None:
        """Send a few bytes at a time, and expect an answer all the same."""

        async def one() -> None:
            with Connection(self._port) as connection:
                await self._ask(connection, slowly=True)

        await asyncio.gather(*(one() for _ in range(10)))

    async def _fall_silent(self) -> None:
        """Send half of a request, and neither the rest nor a farewell."""
        connections = [Connection(self._port) for _ in range(SILENT)]
        for connection in connections:
            await connection.send(request(b"100,1\n")[: self._dice.randint(1, 100)])
        await asyncio.sleep(10)
        for connection in connections:
            connection.socket.close()

    async def _overload(self) -> None:
        """Announce more than the server takes."""
        with Connection(self._port) as connection:
            try:
                await connection.send(TOO_LARGE)
                status, _ = await connection.reply()
            except (OSError, EOFError) as error:
                self.account.missing(f"no answer to too much: {error!r}", 1.0)
                return
            if status not in (413, 503):
                self.account.wrong.append(f"{status} to too much")

    async def _ping(self) -> None:
        while time.monotonic() < self._until:
            began = time.monotonic()
            status = await asyncio.to_thread(self._served.ping)
            if time.monotonic() - began > PING_SECONDS or status != 200:
                self.account.missing(f"/ping: {status or 'none in time'}", RECOVERY_SECONDS)
            await asyncio.sleep(0.2)

    async def _weigh(self) -> None:
        while time.monotonic() < self._until:
            await asyncio.sleep(1)
            if len(self._served.workers()) == WORKERS:
                self.account.memory.append(megabytes(self._served.process.pid))


class Connection:
    """A client's connection."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS)
        self.socket.setblocking(False)
        self._received = bytearray()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    async def send(self, data: bytes, slowly: bool = False) -> None:
        """Raises EOFError when the server closes while a slow client pauses."""
        loop, step = asyncio.get_running_loop(), 40 if slowly else len(data)
        for start in range(0, len(data), step):
            await loop.sock_sendall(self.socket, data[start : start + step])
            if slowly and start < 10 * step:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await self._more()
                        return  # an answer before the end of the request

    async def reply(self) -> tuple[int, bytes]:
        """Status and body; raises EOFError when the server closes before the end."""
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            await self._more()
        head = bytes(self._received[:end]).decode("latin-1").lower().splitlines()
        fields = dict(line.split(": ", 1) for line in head[1:])
        whole = end + 4 + int(fields["content-length"])
        while len(self._received) < whole:
            await self._more()
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        return int(head[0].split()[1]), body

    async def _more(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
        if not data:
            raise EOFError("the connection was closed")
        self._received += data


def megabytes(process: int) -> float:
    """Memory of a process and all below it, what they share counted once."""
    kilobytes = 0
    for one in (process, *descendants(process)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def drill(seconds: float, seed: int, predictor: str = SUMS) -> Account:
    """Serve, and have it attacked for so long."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        batching(Path(scratch), predictor, SAGEMAKER_MODEL_SERVER_WORKERS=str(WORKERS)) as served,
    ):
        served.all_workers(WORKERS)
        chaos = Chaos(served, seed)
        asyncio.run(chaos.run(seconds))
        if not served.all_workers(WORKERS) or served.ping() != 200:
            chaos.account.wrong.append("the server did not recover")
        return chaos.account


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    account = drill(options.seconds, options.seed)
    for fault in account.faults[:SHOWN_FAULTS]:
        print(f"  {fault}")
    injected = ", ".join(f"{name} {count}" for name, count in sorted(account.injected.items()))
    print(f"{account.right} right answers in {options.seconds:g} s, beside {injected}")
    excused = len(account.missed) + len(account.wrong) - len(account.faults)
    print(f"{excused} without an answer when a worker was made to end")
    print(f"memory {account.growth:.2f} times from the second quarter to the last")
    print(f"{len(account.faults)} faults")
    return 1 if account.faults or account.growth > GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
