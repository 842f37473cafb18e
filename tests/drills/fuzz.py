"""The fuzz drill: no request may bring the server to a 5xx, a traceback, a hang or its end.

    python -m tests.drills.fuzz --requests 10000 --seed 1
    python -m tests.drills.fuzz --algorithm container
    python -m tests.drills.fuzz --url http://127.0.0.1:8080 --schema model/manifest.json

It trains and serves algorithms of unlike kinds and shares the requests among them, or asks a
server that runs.
"""

import argparse
import http.client
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from framework import Invocation, RequestError
from framework.manifest import Manifest
from framework.schema import InputSchema
from framework.serving.answers import row_count
from framework.serving.codec import ServerCodec
from framework.serving.media import negotiate, readable
from tests.algorithms.workshop import ALGORITHMS, CONTAINER, Workshop
from tests.framework.data.malformed import Case, Forge, schemas

UNLIKE = [CONTAINER, *(ALGORITHMS / name for name in ("linear_npz", "digit_images", "text_topics"))]
HANG_SECONDS = 30
LONGEST_SENTENCE = 600
CONTROL_EVERY = 250
SHOWN_FAULTS = 20

RAW = {
    "length is a word": b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n[1]",
    "negative length": b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n[1]",
    "two lengths": b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Content-Length: 4\r\n\r\n[1]",
    "body too short": b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n[1]",
    "broken chunks": b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"\r\nZZ\r\n[1]\r\n0\r\n\r\n",
    "unfinished chunks": b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n",
    "announces a terabyte": b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 1099511627776\r\n\r\n[1]",
    "header without colon": b"POST /invocations HTTP/1.1\r\nHost x\r\n\r\n",
    "endless header": b"POST /invocations HTTP/1.1\r\nHost: x\r\nA: "
    + b"a" * 100_000
    + b"\r\n\r\n",
    "no such method": b"FUZZ /invocations HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "compressed": b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
}


class Decoder:
    """The decoder of one schema, in this process."""

    def __init__(self, schema: InputSchema):
        self.codec = ServerCodec(schema)

    def fault(self, case: Case) -> str:
        """What is wrong with the outcome; empty when it is right."""
        headers = {"content-type": case.content_type}
        started = time.monotonic()
        try:
            content_type = readable(case.content_type)
            accept = negotiate(case.accept, content_type)
            data = self.codec.decode(case.body, Invocation(content_type, accept, headers))
        except RequestError as error:
            return _refusal_fault(case, error.status, str(error))
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        if time.monotonic() - started > HANG_SECONDS:
            return f"took {time.monotonic() - started:.0f} s"
        return _answer_fault(case, row_count(data))


class Server:
    """A live server; one connection for all requests, as a busy client has it."""

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self.connection = http.client.HTTPConnection(host, port, timeout=HANG_SECONDS)

    def fault(self, case: Case) -> str:
        """What is wrong with the reply; empty when it is right."""
        headers = {"Content-Type": case.content_type, "Accept": case.accept}
        try:
            status, content_type, body = self._post(case.body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return f"no reply: {type(error).__name__}: {error}"
        if b"Traceback" in body:
            return f"a traceback in the body: {body[:300]!r}"
        if status == 200:
            return _answer_fault(case, _answers(content_type, body))
        try:
            error = json.loads(body)["error"]
        except (ValueError, KeyError, TypeError):
            return f"status {status} without an error object: {body[:200]!r}"
        if error["status"] != status or not error["request_id"]:
            return f"status {status}, but the body says {error}"
        return _refusal_fault(case, status, error["message"])

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        for again in (True, False):
            try:
                self.connection.request("POST", "/invocations", body, headers)
                reply = self.connection.getresponse()
                return reply.status, reply.getheader("Content-Type", ""), reply.read()
            except (ConnectionError, http.client.RemoteDisconnected):
                self.connection.close()  # the server may end an idle connection, once
                if not again:
                    raise
        raise AssertionError

    def raw_fault(self, request: bytes) -> str:
        """What is wrong with the reply to bytes that are no proper HTTP request."""
        with socket.create_connection((self.host, self.port), timeout=HANG_SECONDS) as client:
            try:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                reply = b"".join(iter(lambda: client.recv(65536), b""))
            except ConnectionError:
                return ""  # closed at once: the server need not read what is no HTTP
            except TimeoutError:
                return f"no reply within {HANG_SECONDS} s"
        if b"Traceback" in reply:
            return f"a traceback in the reply: {reply[:300]!r}"
        return f"replied {reply[:80]!r}" if reply and reply.split(b" ")[1][:1] != b"4" else ""

    def control(self, case: Case) -> tuple[int, bytes]:
        """Status and body of a request that is known to be right."""
        status, _, body = self._post(case.body, {"Content-Type": case.content_type})
        return status, body

    def pings(self) -> bool:
        self.connection.close()
        self.connection.request("GET", "/ping")
        reply = self.connection.getresponse()
        reply.read()
        return reply.status == 200


@dataclass
class Findings:
    """What a drill sent, by kind, and what was wrong with the outcomes."""

    cases: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fire(self, fault_of: Callable[[Case], str], forge: Forge, requests: int) -> None:
        """Judge the outcomes of ``requests`` forged cases."""
        for _ in range(requests):
            case = forge.case()
            self.cases[case.what.split(" ")[0]] += 1
            fault = fault_of(case)
            if fault:
                self.faults.append(
                    f"{forge.schema.kind}, {case.what} ({case.content_type:.60}, "
                    f"accept {case.accept:.60}): {fault}\n    {case.body[:200]!r}"
                )


def drill_decoder(requests: int, seed: int) -> Findings:
    """Ask the decoders of all schemas."""
    findings = Findings()
    kinds = schemas()
    for number, schema in enumerate(kinds.values()):
        findings.fire(Decoder(schema).fault, Forge(schema, seed + number), requests // len(kinds))
    return findings


def drill_server(
    address: tuple[str, int], schema: InputSchema, requests: int, seed: int
) -> Findings:
    """Ask a live server, which must answer a valid request alike before, between and after."""
    findings = Findings()
    server, forge = Server(*address), Forge(schema, seed)
    control = Forge(schema, seed).valid()
    expected = server.control(control)
    if expected[0] != 200:
        findings.faults.append(f"a valid request got {expected[0]}: {expected[1][:300]!r}")
    for first in range(0, requests, CONTROL_EVERY):
        findings.fire(server.fault, forge, min(CONTROL_EVERY, requests - first))
        if server.control(control) != expected:
            findings.faults.append(f"a valid request is answered differently after {first}")
    for name, request in RAW.items():
        findings.cases["raw"] += 1
        if fault := server.raw_fault(request):
            findings.faults.append(f"raw, {name}: {fault}")
    if not server.pings() or server.control(control) != expected:
        findings.faults.append("the server does not answer as before")
    return findings


def _refusal_fault(case: Case, status: int, message: str) -> str:
    if not 400 <= status < 500:
        return f"status {status}: {message}"
    if case.expected == "answered":
        return f"refused with {status}: {message}"
    if "\n" in message or "Traceback" in message or not 10 < len(message) <= LONGEST_SENTENCE:
        return f"not one clear sentence: {message!r}"
    return ""


def _answer_fault(case: Case, rows: int | None) -> str:
    if case.expected == "refused":
        return f"answered with {rows} rows"
    if case.rows is not None and rows is not None and rows != case.rows:
        return f"answered with {rows} rows instead of {case.rows}"
    return ""


def _answers(content_type: str, body: bytes) -> int | None:
    if content_type != "application/json":
        return None
    return len(json.loads(body)["predictions"])


@contextmanager
def _served(algorithm: Path) -> Iterator[tuple[tuple[str, int], InputSchema]]:
    """Train and serve an algorithm; gives its address and its schema."""
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(algorithm, Path(scratch))
        job = workshop.train()
        with workshop.serve(job) as client:
            yield (client.host, client.port), _schema_of(job.layout.model)


def _schema_of(path: Path) -> InputSchema:
    manifest: Any = Manifest.read(path if path.is_dir() else path.parent)
    if manifest is None or manifest.input is None:
        sys.exit(f"{path} has no input schema: let the trainer call job.describe_input(X).")
    return manifest.input


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--algorithm", type=Path, nargs="+", default=UNLIKE, help="directories to train and serve"
    )
    parser.add_argument("--url", help="a server that runs; needs --schema")
    parser.add_argument("--schema", type=Path, help="manifest.json of the model it serves")
    options = parser.parse_args()
    if bool(options.url) != bool(options.schema):
        parser.error("--url and --schema go together")
    if options.url:
        url = urlsplit(options.url)
        address = (str(url.hostname), url.port or 80)
        findings = drill_server(address, _schema_of(options.schema), options.requests, options.seed)
        return _report(options.url, findings)
    failed = False
    for algorithm in options.algorithm:
        with _served(algorithm) as (address, schema):
            share = options.requests // len(options.algorithm)
            failed |= bool(
                _report(algorithm.name, drill_server(address, schema, share, options.seed))
            )
    return int(failed)


def _report(name: str, findings: Findings) -> int:
    """Print what was found; returns the exit code."""
    for fault in findings.faults[:SHOWN_FAULTS]:
        print(f"  {fault}")
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(findings.cases.items()))
    print(f"{name}: {findings.cases.total()} requests ({kinds}), {len(findings.faults)} faults")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
