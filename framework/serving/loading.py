"""Answers 503 "loading" on the server's port until a worker is ready.

A process of its own: loading a model may hold Python's lock for seconds, and no thread may
be running when the workers are forked.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable

SECONDS_TO_SEND = 2.0
REQUEST_BYTES = 65536
LOOK_SECONDS = 0.2
BODY = json.dumps(
    {"error": {"status": 503, "message": "The model is loading.", "request_id": ""}}
).encode()
ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class LoadingResponder:
    """Answers from ``start`` until any process that shares this object calls ``stop``."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None

    def start(self, listener: socket.socket, over: Callable[[], bool]) -> None:
        """Fork the process that answers on ``listener``, unless it is running.

        It also ends when ``over`` says so, and when all processes that could tell it are gone.
        """
        if self._running():
            return
        self._control, its_end = socket.socketpair()
        if os.fork():
            its_end.close()
            return
        self._control.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(BaseException):
            _answer_until_told(listener, its_end, over)
        os._exit(0)

    def stop(self) -> None:
        """Let it answer whom it has accepted, and return when it has ended."""
        if self._control is None:
            return
        with contextlib.suppress(OSError):
            self._control.send(b".")
            self._control.recv(1)
        self._control.close()
        self._control = None

    def _running(self) -> bool:
        if self._control is None:
            return False
        try:
            return bool(self._control.recv(1, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True


def _answer_until_told(
    listener: socket.socket, control: socket.socket, over: Callable[[], bool]
) -> None:
    waiting: dict[socket.socket, float] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(control, selectors.EVENT_READ)
        while not over():
            ready = {key.fileobj for key, _ in selector.select(LOOK_SECONDS)}
            if control in ready:
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
    if control.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b"":  # nobody comes after this
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
        with contextlib.suppress(BlockingIOError):
            client.recv(REQUEST_BYTES)
        client.sendall(ANSWER)
        client.shutdown(socket.SHUT_WR)
