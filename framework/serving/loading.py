"""Answers 503 "loading" on the server's port until a worker is ready.

A process of its own: loading a model may hold Python's lock for seconds, and no thread may
be running when the workers are forked.
"""

import contextlib
import json
import mmap
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable

SECONDS_TO_SEND = 2.0
REQUEST_BYTES = PIPE_BYTES = 65536
MOST_READS = 1000
LOOK_SECONDS = 0.002
BODY = json.dumps(
    {"error": {"status": 503, "message": "The model is loading.", "request_id": ""}}
).encode()
ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class LoadingResponder:
    """Answers from ``start`` until any process that was forked from this one calls ``stop``."""

    def __init__(self) -> None:
        self._state = mmap.mmap(-1, 1)  # shared with the forks
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)

    @property
    def _running(self) -> bool:
        return self._state[0] == 1

    def start(self, listener: socket.socket, needed: Callable[[], bool] = lambda: True) -> None:
        """Fork the process that answers on ``listener``, unless it runs or is not ``needed``.

        It also ends when all processes that could call ``stop`` are gone.
        """
        if self._running:
            return
        self._state[0] = True
        if not needed():  # asked only now, so that who becomes ready meanwhile is not missed
            self._state[0] = False
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, PIPE_BYTES)
        if os.fork():
            return
        os.close(self._rope)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        try:
            _answer_until(listener, self._bell)
        finally:
            self._state[0] = False
            os._exit(0)

    def stop(self) -> None:
        """Let it answer whom it has accepted, and return when it has ended."""
        until = time.monotonic() + SECONDS_TO_SEND
        while self._running and time.monotonic() < until:
            os.write(self._rope, b".")
            time.sleep(LOOK_SECONDS)
        self._state[0] = False


def _answer_until(listener: socket.socket, bell: int) -> None:
    waiting: dict[socket.socket, float] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(bell, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select(0.2 if waiting else None)}
            if bell in ready:
                break
            if listener in ready and (client := _accept(listener)):
                selector.register(client, selectors.EVENT_READ)
                waiting[client] = time.monotonic() + SECONDS_TO_SEND
            for client, until in list(waiting.items()):
                if client in ready or time.monotonic() > until:
                    selector.unregister(client)
                    del waiting[client]
                    _answer(client)
    for client in waiting:
        _answer(client)
    if not os.read(bell, 1):  # nobody is left who could answer after this process
        while client := _accept(listener):
            _answer(client)


def _accept(listener: socket.socket) -> socket.socket | None:
    try:
        client, _ = listener.accept()
    except OSError:
        return None
    client.setblocking(False)
    return client


def _answer(client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):
        _discard(client)
        client.sendall(ANSWER)
        client.shutdown(socket.SHUT_WR)
        _discard(client)


def _discard(client: socket.socket) -> None:
    """Read what is there; closing a socket with unread bytes would reset the connection."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(MOST_READS):
            if not client.recv(REQUEST_BYTES):
                break
