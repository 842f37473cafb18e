"""A wire between a command and the local AWS: it records every call, and can break one of them."""

import http.client
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
HOP = ("connection", "transfer-encoding", "content-length", "host")
KEY = re.compile(rb'"(?:name|Name)": *(?:\{"S": *)?"/?(\w+)/')
READS = re.compile(r" (Get|Describe|List|Query|Batch|GET|HEAD)|InvokeEndpoint")
QUERY = ("cloudformation", "sts")


@dataclass(frozen=True, order=True)
class Call:
    """One call of a command: what it does, and that it is the first of such calls, the second, …"""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} #{self.number}"

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return not READS.search(self.name)


@dataclass(frozen=True)
class Fault:
    """What happens to one call, the first time or whenever it is tried again.

    Attributes:
        does: kill the process when the call arrives, or when it has succeeded; refuse it; or
            let it succeed and cut the connection.
        code: of the refusal, as JSON services spell it.
    """

    name: str
    does: Literal["kill", "kill after", "refuse", "cut after"]
    status: int = 0
    code: str = ""
    once: bool = False

    @property
    def kills(self) -> bool:
        return self.does.startswith("kill")


AT_EVERY_CALL = (
    Fault("killed", "kill"),
    Fault("fails", "refuse", 500, "InternalFailure"),
    Fault("cut", "cut after"),
    Fault("throttled", "refuse", 400, "ThrottlingException"),
    Fault("denied", "refuse", 400, "AccessDeniedException"),
)
AT_A_CHANGE = (  # after a read that is killed nothing else is than before the next call
    Fault("killed after", "kill after"),
    Fault("fails once", "refuse", 500, "InternalFailure", once=True),
    Fault("cut once", "cut after", once=True),
    Fault("throttled once", "refuse", 400, "ThrottlingException", once=True),
    Fault("expired", "refuse", 400, "ExpiredTokenException"),
)
FAULTS = AT_EVERY_CALL + AT_A_CHANGE


@dataclass
class Wire:
    """The wire; one command at a time uses it.

    Attributes:
        calls: of the command, in order; a call that is tried again is the same call.
        broken: how often the fault has struck.
    """

    url: str
    target: str
    calls: list[Call] = field(default_factory=list)
    broken: int = 0
    process: subprocess.Popen[str] | None = None
    _plan: tuple[Call, Fault] | None = None
    _known: dict[str, Call] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, call: Call | None = None, fault: Fault | None = None) -> None:
        """Forget the last command; break this call of the next one."""
        self._plan = (call, fault) if call and fault else None
        self.calls, self._known, self.broken, self.process = [], {}, 0, None

    def fault_of(self, name: str, invocation: str) -> Fault | None:
        """Record a call, and say what happens to it."""
        with self._lock:
            if invocation not in self._known:
                number = 1 + sum(one.name == name for one in self.calls)
                self._known[invocation] = Call(name, number)
                self.calls.append(self._known[invocation])
            if self._plan is None or self._plan[0] != self._known[invocation]:
                return None
            if self._plan[1].once and self.broken:
                return None
            self.broken += 1
            return self._plan[1]

    def kill(self) -> None:
        """Kill the command, and reap it, so that its process is gone."""
        self.process.kill()
        self.process.wait()


@contextmanager
def wired(target: str) -> Iterator[Wire]:
    """A wire to an address of the local AWS."""
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    server.daemon_threads = True
    server.wire = Wire(f"http://{HOST}:{server.server_port}", target)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.wire
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def handle_any(self) -> None:
        wire: Wire = self.server.wire
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, name = _named(self, body)
        fault = wire.fault_of(name, self.headers.get("amz-sdk-invocation-id", ""))
        if fault is None:
            self._answer(*self._forwarded(wire.target, body))
        elif fault.does == "refuse":
            self._answer(*_refusal(service, fault))
        else:
            if fault.does != "kill":
                self._forwarded(wire.target, body)
            if fault.kills:
                wire.kill()
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def _forwarded(self, target: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=120)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
        try:
            connection.request(self.command, self.path, body, headers)
            found = connection.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers:
            if key.lower() not in HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def _named(request: BaseHTTPRequestHandler, body: bytes) -> tuple[str, str]:
    """Service, and the call with what it is about where that is a key, as a person reads it."""
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else ""
    path = urlsplit(request.path).path.split("/")
    key = ""
    if target := request.headers.get("X-Amz-Target"):
        operation, found = target.rpartition(".")[2], KEY.search(body)
        key = found[1].decode() if service == "dynamodb" and found else ""
    elif service == "s3":
        operation, key = request.command, path[2] if len(path) > 2 else ""
    elif path[-1] == "invocations":
        operation = "InvokeEndpoint"
    else:
        operation = parse_qs(body.decode())["Action"][0]
    return service, f"{service} {operation} {key}".strip()


def _refusal(service: str, fault: Fault) -> tuple[int, list[tuple[str, str]], bytes]:
    """In the form and with the words of the service."""
    status, code, message = fault.status, fault.code, "The wire says so"
    if service == "s3" and code == "ThrottlingException":
        status, code = 503, "SlowDown"
    if service == "s3" or service in QUERY:
        code = code.removesuffix("Exception")
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        text = error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
        return status, [("Content-Type", "text/xml")], text.encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
