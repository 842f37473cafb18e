"""A connection, with where it is between the poller, the short way and the ordinary one."""

import socket
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn

if TYPE_CHECKING:
    from framework.serving.server.worker import Worker


class Connection(TConn):
    """A connection to one client.

    Attributes:
        busy: a request of it is on the short way.
        sending: a thread writes an answer to it.
        paused: the poller does not watch it, because it sent more while it was busy.
        held: what has come of a request whose rest has not, piece by piece.
        wanted: bytes of that request; 0 while its head has not come.
        missing: those that have not come.
        unsent: what the client has not taken of an answer; the poller waits for it to take more.
        gone: it is closed.
    """

    def __init__(self, worker: "Worker", client: socket.socket, address: Any, server: Any):
        super().__init__(worker.cfg, client, address, server)
        self._worker = worker
        self.busy = False
        self.sending = False
        self.paused = False
        self.gone = False
        self.held: list[bytes] = []
        self.wanted = self.missing = 0
        self.unsent = memoryview(b"")

    def init(self) -> None:
        super().init()
        self.sock.settimeout(self._worker.patience)

    def hold(self, data: bytes, wanted: int) -> None:
        """Keep the beginning of a request of so many bytes, or of so many as its head will tell."""
        self.held, self.wanted, self.missing = [data], wanted, wanted - len(data)

    def hold_more(self, data: bytes) -> None:
        """Keep what came after it."""
        self.held.append(data)
        self.missing -= len(data)

    def give_up_held(self) -> list[bytes]:
        """What was held, and is not held any more."""
        held, self.held, self.wanted = self.held, [], 0
        return held

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._worker.lingering.take(self)
        else:
            super().close()
