"""A small HTTP client that speaks to a served model as SageMaker does."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framework.testing.engine import Run

PING_SECONDS = 2.0
INVOCATION_SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    """One answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


class NotServing(Exception):
    """The server is not ready.

    Args:
        message: a sentence without its full stop.
        ended: whether it ended by itself, rather than took too long.
    """

    def __init__(self, message: str, ended: bool):
        super().__init__(message)
        self.ended = ended


class Client:
    """Sends requests to one server, each on a connection of its own.

    Every method raises OSError (ConnectionError, TimeoutError) when no full answer comes.
    """

    def __init__(self, host: str, port: int):
        self.host = host
        self.port = port

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float = INVOCATION_SECONDS,
    ) -> Reply:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"broken answer: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def ping(self, timeout: float = PING_SECONDS) -> Reply:
        return self.request("GET", "/ping", timeout=timeout)

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = INVOCATION_SECONDS,
    ) -> Reply:
        sent = {"Content-Type": content_type, **({"Accept": accept} if accept else {})}
        return self.request("POST", "/invocations", body, {**sent, **(headers or {})}, timeout)

    def wait_until_ready(self, run: Run, seconds: float) -> float:
        """Ask /ping until it says 200, and return how many seconds that took.

        Raises:
            NotServing: ``run`` ended first, or the time is over.
        """
        started = time.monotonic()
        last = "no answer"
        while (waited := time.monotonic() - started) < seconds:
            if run.exit_code is not None:
                raise NotServing(
                    f"serve ended with exit code {run.exit_code} before it was ready", ended=True
                )
            try:
                last = str(self.ping().status)
            except OSError as error:
                last = type(error).__name__
            if last == "200":
                return waited
            time.sleep(0.05)
        raise NotServing(f"/ping did not say 200 within {seconds:g} s (last: {last})", ended=False)
