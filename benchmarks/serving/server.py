"""A server that runs: started, asked, checked."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import Peer, Request
from benchmarks.serving.processes import Started, free_port, inherited
from benchmarks.serving.rows import Rows

START_SECONDS = 120
ASK_SECONDS = 60
POLL_SECONDS = 0.005
AT_ONCE = 16
NUMBERS = count(1)


class Failed(Exception):
    """Why a server cannot be measured."""


class Server:
    """One started server. Its requests go over connections of their own."""

    def __init__(self, peer: Peer, model: Model, scratch: Path):
        self.peer = peer
        self.model = model
        self.port = free_port()
        place = scratch / f"{peer.name}-{next(NUMBERS)}"
        place.mkdir()
        command = peer.command(model, place, self.port)
        path = f"{peer.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.started = Started(command.arguments, {"PATH": path} | command.environment, place)

    def wait_for_answer(self, rows: Rows, form: str) -> None:
        """Return with the first right answer; raises Failed."""
        request, end = self.peer.request(rows, form), time.monotonic() + START_SECONDS
        expected, seen = self.model.answers(rows), ""
        while time.monotonic() < end:
            try:
                status, body = self.ask(request)
                if status == 200 and self.peer.answers(body) == expected:
                    return
                seen = f"{status} {body[:200].decode(errors='replace')}"
            except (OSError, http.client.HTTPException):
                pass
            if self.started.ended:
                raise Failed(f"ended: {self.started.last_words()}")
            time.sleep(POLL_SECONDS)
        raise Failed(f"no right answer in {START_SECONDS} s: {seen or self.started.last_words()}")

    def check(self, rows: Sequence[Rows], form: str) -> None:
        """Ask about all of them, several at the same time; raises Failed at a wrong answer."""
        requests = [self.peer.request(one, form) for one in rows]
        expected = [self.model.answers(one) for one in rows]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for problem in threads.map(self._problem, requests, expected):
                if problem:
                    raise Failed(problem)

    def _problem(self, request: Request, expected: list[float]) -> str:
        """What is wrong with the answers; sent in one piece, and head and body one by one."""
        for at_once in (True, False):
            try:
                status, body = self.ask(request, at_once)
            except (OSError, http.client.HTTPException) as error:
                return f"no answer: {type(error).__name__}: {error}"
            if status != 200:
                return f"status {status}: {body[:200].decode(errors='replace')}"
            seen = self.peer.answers(body)
            if seen != expected:
                wrong = sum(a != b for a, b in zip(seen, expected, strict=False))
                return f"wrong answers: {wrong} of {len(expected)}, {len(seen)} came"
        return ""

    def ask(self, request: Request, at_once: bool = True) -> tuple[int, bytes]:
        """Status and body; head and body of the request are sent at once or one by one."""
        length = f"Content-Length: {len(request.body)}\r\n"
        head = f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{length}"
        head += f"Content-Type: {request.content_type}\r\n\r\n"
        pieces = [head.encode(), request.body]
        return self._send([b"".join(pieces)] if at_once else pieces, ASK_SECONDS)

    def is_healthy(self, seconds: float) -> bool:
        """One health check, as SageMaker does it."""
        try:
            head = f"GET {self.peer.health} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n"
            return self._send([head.encode()], seconds)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _send(self, pieces: Sequence[bytes], seconds: float) -> tuple[int, bytes]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.sendall(piece)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.read()


@contextmanager
def running(peer: Peer, model: Model, scratch: Path) -> Iterator[Server]:
    """A server from its start to its end."""
    server = Server(peer, model, scratch)
    try:
        yield server
    finally:
        server.started.stop()


def prepare(peer: Peer, model: Model, scratch: Path) -> None:
    """What a peer does once with a model, before it can serve it; raises Failed."""
    place = scratch / f"{peer.name}-{next(NUMBERS)}"
    place.mkdir()
    if command := peer.prepare(model, place):
        done = subprocess.run(
            command, cwd=place, env=inherited(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Failed(f"cannot prepare: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
