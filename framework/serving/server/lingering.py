"""Closing without a reset, which could destroy an answer that the client is reading."""

import selectors
import socket
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from framework.serving.server.connection import Connection

if TYPE_CHECKING:
    from framework.serving.server.worker import Worker

LINGER_SECONDS = 2.0
DISCARD_BYTES = 65536


class Lingering:
    """Connections of a worker to which all is said, until their clients close them, too.

    What the clients still send is thrown away.
    """

    def __init__(self, worker: "Worker"):
        self._worker = worker
        self._connections: deque[Connection] = deque()

    def take(self, connection: Connection) -> None:
        """Say that no more comes, and wait for the client to close."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            connection.close()
            return
        connection.sock.setblocking(False)
        connection.timeout = time.monotonic() + LINGER_SECONDS
        self._worker.nr_conns += 1
        self._connections.append(connection)
        discard = partial(self._discard, connection)
        self._worker.poller.register(connection.sock, selectors.EVENT_READ, discard)

    def end_overdue(self) -> None:
        """Close those whose clients take too long."""
        while self._connections and self._connections[0].timeout <= time.monotonic():
            self._end(self._connections[0])

    def _discard(self, connection: Connection, client: socket.socket) -> None:
        try:
            rest = client.recv(DISCARD_BYTES)
        except BlockingIOError:
            return
        except OSError:
            rest = b""
        if not rest:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        self._connections.remove(connection)
        self._worker.poller.unregister(connection.sock)
        self._worker.nr_conns -= 1
        connection.close()
