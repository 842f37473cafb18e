"""Connections to one container that are kept for the next request."""

import http.client
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from framework.testing import Client, Reply

SECONDS = 60.0


class KeptClient(Client):
    """A client that sends its requests over connections that stay open."""

    def __init__(self, host: str, port: int):
        super().__init__(host, port)
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float = SECONDS,
    ) -> Reply:
        sent = (method, path, body or None, dict(headers or {}))
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            with suppress(ConnectionError):  # closed by the container while it was idle
                return self._ask(kept, sent, timeout)
        fresh = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        return self._ask(fresh, sent, timeout)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        sent: tuple[Any, ...],
        timeout: float,
    ) -> Reply:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.timeout = timeout
            connection.request(*sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, names, answer.read())
        except http.client.HTTPException as error:
            connection.close()
            if isinstance(error, ConnectionError):
                raise
            raise ConnectionError(f"broken answer: {type(error).__name__}: {error}") from error
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return reply
