"""Batch transform: records, payloads, retries, joins, and what a bad record costs."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from framework.testing import Client
from local_test import records
from local_test.console import Screen
from local_test.errors import BadRecords, BenchError
from local_test.filters import Filter
from local_test.transform import TransformJob, TransformRequest
from tests.local_test.conftest import SCALE

CSV = "text/csv"
JSON = "application/json"
LINES = "application/jsonlines"
MEGABYTE = 1024 * 1024

Answer = tuple[int, str, bytes]


@contextmanager
def container(answer: Callable[[bytes], Answer], parameters: bytes = b"") -> Iterator[Client]:
    """A server that answers /invocations by a function."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(200 if parameters else 404, JSON, parameters)

        def do_POST(self):
            self.reply(*answer(self.rfile.read(int(self.headers.get("Content-Length", 0)))))

        def reply(self, status: int, content_type: str, body: bytes):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Client("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def echo_lines(body: bytes) -> Answer:
    """One answer per line: its length."""
    return 200, CSV, b"\n".join(str(len(line)).encode() for line in body.splitlines())


def transform(client: Client, tmp_path, body: bytes, **settings):
    """The one object's result, and the content of its .out file."""
    request = TransformRequest(**{"content_type": CSV, **settings}).settled(client)
    (tmp_path / "in.csv").write_bytes(body)
    job = TransformJob(request, client, Screen(as_json=True))
    (result,) = job.run(tmp_path / "in.csv", tmp_path / "out")
    return result, result.output.read_bytes() if result.output else None


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb", [b"a", b"b"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
    ],
)
def test_lines_are_records(body, lines):
    assert records.split_lines(body) == lines


@pytest.mark.parametrize(
    ("split", "strategy", "expected"),
    [
        ("None", "MultiRecord", [[b"a\nb\nc\n"]]),
        ("Line", "SingleRecord", [[b"a"], [b"b"], [b"c"]]),
        ("Line", "MultiRecord", [[b"a", b"b", b"c"]]),
    ],
)
def test_strategy_and_split_type_make_payloads(split, strategy, expected):
    assert list(records.payloads(b"a\nb\nc\n", split, strategy, 6)) == expected


def test_a_payload_holds_as_many_records_as_fit():
    record = b"x" * (MEGABYTE // 3)
    body = b"\n".join([record] * 7)
    sizes = [len(payload) for payload in records.payloads(body, "Line", "MultiRecord", 1)]
    assert sizes == [2, 2, 2, 1]
    for payload in records.payloads(body, "Line", "MultiRecord", 1):
        assert len(b"\n".join(payload)) <= MEGABYTE


def test_a_record_larger_than_a_payload_is_refused():
    with pytest.raises(BadRecords, match=r"Record 2 has 1,048,577 bytes and MaxPayloadInMB is 1"):
        list(records.payloads(b"a\n" + b"x" * (MEGABYTE + 1), "Line", "MultiRecord", 1))


@pytest.mark.parametrize(
    ("given", "answer", "types", "joined"),
    [
        (b"1,2", b"0.5", (CSV, CSV), b"1,2,0.5"),
        (b'{"a": 1}', b'{"p": 2}', (JSON, JSON), b'{"a": 1, "SageMakerOutput": {"p": 2}}'),
        (b"[1]", b"2", (LINES, LINES), b'{"SageMakerInput": [1], "SageMakerOutput": 2}'),
    ],
)
def test_input_and_output_are_joined(given, answer, types, joined):
    assert records.join(given, answer, *types) == joined


@pytest.mark.parametrize(
    ("path", "record", "media_type", "left"),
    [
        ("$", b"1,2,3", CSV, b"1,2,3"),
        ("$[1:]", b"1,2,3", CSV, b"2,3"),
        ("$[0,2]", b'"a,b",2,3', CSV, b'"a,b",3'),
        ("$[-1]", b"1,2,3", CSV, b"3"),
        ("$.a.b", b'{"a": {"b": 1}}', JSON, b"1"),
        ("$['a','c']", b'{"a": 1, "b": 2, "c": 3}', LINES, b'{"a": 1, "c": 3}'),
    ],
)
def test_filters_take_a_part_of_each_record(path, record, media_type, left):
    assert Filter(path).apply(record, media_type) == left


@pytest.mark.parametrize("path", ["x", "$..a", "$[?(@.a)]", "$[a]", "$.a["])
def test_a_filter_that_is_not_understood_is_refused(path):
    with pytest.raises(BenchError, match="not understood"):
        Filter(path)


def test_answers_keep_the_order_and_line_adds_a_newline(tmp_path):
    body = b"".join(b"x" * (1 + n % 7) + b"\n" for n in range(40))
    expected = b"".join(b"%d\n" % (1 + n % 7) for n in range(40))
    with container(echo_lines) as client:
        settings = {"split_type": "Line", "assemble_with": "Line", "max_concurrent": 4}
        result, out = transform(client, tmp_path, body, strategy="SingleRecord", **settings)
    assert result.requests == 40
    assert out == expected


def test_what_fails_by_chance_is_tried_again(tmp_path):
    tries = []

    def moody(body: bytes) -> Answer:
        tries.append(body)
        return (503, JSON, b"later") if len(tries) < 3 else echo_lines(body)

    with container(moody) as client:
        result, out = transform(client, tmp_path, b"abc\n")
    assert result.retried == 2
    assert out == b"3"


def test_what_the_container_refuses_is_not_tried_again(tmp_path):
    tries = []

    def strict(body: bytes) -> Answer:
        tries.append(body)
        return 422, JSON, b"row 1 is wrong"

    with container(strict) as client:
        result, out = transform(client, tmp_path, b"a\nb\n", split_type="Line")
    assert len(tries) == 1
    assert out is None
    assert result.error.startswith("Records 1 to 2: bad HTTP status received")


def test_a_slow_answer_runs_into_the_time_limit(tmp_path):
    release = threading.Event()

    def slow(body: bytes) -> Answer:
        release.wait(5)
        return echo_lines(body)

    with container(slow) as client:
        result, _ = transform(client, tmp_path, b"a", timeout=0.2, retries=1)
        release.set()
    assert "no answer within 0.2 s" in result.error


def test_a_join_needs_one_answer_per_record(tmp_path):
    settings = {"split_type": "Line", "join_source": "Input"}
    with container(echo_lines) as client:
        _, out = transform(client, tmp_path, b"ab\nabc\n", assemble_with="Line", **settings)
    assert out == b"ab,2\nabc,3\n"
    with container(lambda body: (200, CSV, b"1")) as client:
        result, _ = transform(client, tmp_path, b"ab\nabc\n", **settings)
    assert "a request with 2 records got 1" in result.error


def test_the_caller_wins_over_the_container_and_the_container_over_the_default():
    offered = {"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    asked = TransformRequest(CSV, max_payload_mb=5)
    with container(echo_lines, json.dumps(offered).encode()) as client:
        settled = asked.settled(client)
    values = (settled.max_payload_mb, settled.max_concurrent, settled.strategy)
    assert values == (5, 3, "SingleRecord")
    with container(echo_lines) as client:
        settled = TransformRequest(CSV).settled(client)
    values = (settled.max_payload_mb, settled.max_concurrent, settled.strategy)
    assert values == (6, 1, "MultiRecord")


def test_more_than_100_megabytes_at_once_are_refused():
    with container(echo_lines) as client, pytest.raises(BenchError, match="SageMaker allows 100"):
        TransformRequest(CSV, max_payload_mb=60, max_concurrent=2).settled(client)


def test_the_container_is_told_what_the_caller_asked_and_no_more():
    assert TransformRequest(CSV).environment() == {"SAGEMAKER_BATCH": "true"}
    asked = TransformRequest(CSV, strategy="SingleRecord", max_payload_mb=1)
    assert asked.environment() == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
    }


def test_one_bad_record_costs_its_object_and_a_header_is_warned_of(bench, model, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "good.csv").write_text("1,2\n3,4\n")
    (tmp_path / "in" / "bad.csv").write_text("1,2\n3,four\n")
    (tmp_path / "in" / "deep" / "header.csv").write_text("a,b\n1,2\n")
    arguments = ["--model", model, "--input", tmp_path / "in", "--output", tmp_path / "out"]
    lines = ["--split-type", "Line", "--assemble-with", "Line", "--accept", "text/csv"]
    finished = bench.run("batch", SCALE, "--engine", "process", "--json", *arguments, *lines)
    outcome = {entry["name"]: entry["error"] for entry in finished.data["Objects"]}
    assert finished.code == 1
    assert finished.data["TransformJobStatus"] == "Failed"
    assert (tmp_path / "out" / "good.csv.out").read_text() == "7.5\n17.5\n"
    assert not (tmp_path / "out" / "bad.csv.out").exists()
    assert "row 2" in outcome["bad.csv"]
    assert "deep/header.csv looks like a header" in finished.stderr
