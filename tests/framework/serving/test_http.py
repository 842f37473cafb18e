"""Statuses, headers and bodies of one server, as a caller sees them."""

import json
import socket
import time

import pytest

from tests.framework.serving.conftest import Serving

MEGABYTE = 1024 * 1024


def test_ping_is_empty_and_allows_both_methods(toy: Serving) -> None:
    for method in ("GET", "POST"):
        reply = toy.request(method, "/ping")
        assert (reply.status, reply.body) == (200, b"")


def test_answers_in_the_type_of_the_request(toy: Serving) -> None:
    reply = toy.invoke("1,2\n3,4\n")
    assert (reply.status, reply.body) == (200, b"30.0\n70.0")
    assert reply.headers["Content-Type"] == "text/csv"
    reply = toy.invoke(json.dumps({"instances": [[1, 2]]}), Content_Type="application/json")
    assert reply.json() == {"predictions": [30.0]}
    reply = toy.invoke("1,2\n", Accept="application/jsonlines;q=0.5, application/json")
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        ({"Content_Type": "image/png"}, "1,2", 415, "image/png"),
        ({"Content_Encoding": "gzip"}, "1,2", 415, "without encoding"),
        ({"Accept": "image/png"}, "1,2", 406, "image/png"),
        ({"Content_Type": "application/json"}, "[[1,", 400, "not valid JSON"),
        ({}, "", 422, ""),
        ({}, "x" * (MEGABYTE + 1), 413, "1 MB"),
    ],
)
def test_refusals_are_one_sentence(
    toy: Serving, headers: dict[str, str], body: str, status: int, words: str
) -> None:
    reply = toy.invoke(body, **headers)
    assert reply.status == status
    assert words in reply.message
    assert reply.headers["Content-Type"] == "application/json"


def test_size_is_judged_before_type_and_type_before_accept(toy: Serving) -> None:
    large = "x" * (MEGABYTE + 1)
    assert toy.invoke(large, Content_Type="image/png", Accept="image/png").status == 413
    assert toy.invoke("1", Content_Type="image/png", Accept="image/png").status == 415
    reply = toy.invoke("1,2", do="raise", Accept="image/png")
    assert reply.status == 406, "the predictor must not have been asked"


def test_an_announced_body_that_is_too_large_is_refused_unread(toy: Serving) -> None:
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {50 * MEGABYTE}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", toy.port), 10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_chunked_bodies(toy: Serving) -> None:
    assert toy.invoke(iter([b"1,2\n", b"3,4\n"])).body == b"30.0\n70.0"
    too_large = toy.invoke(iter([b"1" * 100_000] * 11))
    assert too_large.status == 413
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 400 " in toy.raw(head + b"zz\r\n1,2\r\n0\r\n\r\n")[:20]


def test_expect_100_continue(toy: Serving) -> None:
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
        b"Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", toy.port), 10) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"1,2\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"30.0")


def test_a_body_that_ends_early_is_a_400(toy: Serving) -> None:
    with socket.create_connection(("127.0.0.1", toy.port), 10) as connection:
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"Content-Length: 9\r\n\r\n1,2\n"
        )
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"4 of 9 bytes" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /ping HTTP/9.9\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nX: 1\r\n folded\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /ping HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_4xx_json(toy: Serving, head: bytes) -> None:
    answer = toy.raw(head)
    status = int(answer.split(b" ")[1])
    assert 400 <= status < 500
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["status"] == status
    assert "Traceback" not in error["message"]


def test_forwarding_headers_mean_nothing(toy: Serving) -> None:
    for name in ("SCRIPT_NAME", "SCRIPT-NAME", "X-Forwarded-Proto", "PATH_INFO", "X_Y"):
        assert toy.request("GET", "/ping", headers={name: "/other"}).status == 200


def test_unknown_paths_and_methods(toy: Serving) -> None:
    assert toy.request("GET", "/").status == 404
    reply = toy.request("GET", "/invocations")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert "POST" in reply.message
    assert toy.request("OPTIONS", "/ping").status == 405


def test_execution_parameters(toy: Serving) -> None:
    assert toy.request("GET", "/execution-parameters").json() == {
        "MaxConcurrentTransforms": 2,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 1,
    }


def test_an_exception_stays_in_the_log(toy: Serving) -> None:
    reply = toy.invoke(do="raise", X_Amzn_SageMaker_Inference_Id="it-fails")
    assert reply.status == 500
    assert reply.message == "The predictor failed (ValueError). See the log of request it-fails."
    lines = [line for line in toy.lines() if line.get("request_id") == "it-fails"]
    assert any("a secret of the model" in line.get("traceback", "") for line in lines)


def test_an_exit_of_the_algorithm_is_an_error_like_others(toy: Serving) -> None:
    workers = toy.all_workers()
    assert toy.invoke(do="exit").status == 500
    assert toy.workers() == workers


def test_the_algorithm_can_refuse(toy: Serving) -> None:
    reply = toy.invoke(do="refuse=409")
    assert (reply.status, reply.message) == (409, "The toy refuses.")


def test_answers_are_counted(toy: Serving) -> None:
    reply = toy.invoke("1,2\n3,4\n", do="short")
    assert reply.status == 500
    assert "returned 1 answers for 2 rows" in reply.message
    assert "returned one int for 1 rows" in toy.invoke(do="one").message


def test_request_and_reply_headers(toy: Serving) -> None:
    reply = toy.invoke(do="echo=trace-7")
    assert reply.headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace-7"
    reply = toy.invoke(do="split")
    assert reply.status == 500
    assert "X-Evil" in reply.message
    assert "Set-Cookie" not in reply.headers


def test_a_large_answer_arrives_whole(toy: Serving) -> None:
    reply = toy.invoke(do=f"big={5 * MEGABYTE}")
    assert len(reply.body) == 5 * MEGABYTE


def test_invocations_are_logged_without_their_bodies(toy: Serving) -> None:
    toy.invoke("111.25,3\n", X_Amzn_SageMaker_Inference_Id="logged")
    [line] = [line for line in toy.events("invocation") if line["request_id"] == "logged"]
    assert (line["status"], line["rows"], line["bytes"]) == (200, 1, 9)
    assert line["content_type"] == "text/csv"
    assert line["ms"] > 0
    assert "111.25" not in toy.text()


def test_ping_is_answered_while_all_workers_predict(toy: Serving) -> None:
    busy = []
    for _ in range(6):
        connection = socket.create_connection(("127.0.0.1", toy.port), 10)
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"X-Amzn-SageMaker-Custom-Attributes: sleep=0.5\r\nContent-Length: 4\r\n\r\n1,2\n"
        )
        busy.append(connection)
    time.sleep(0.1)
    for _ in range(5):
        asked = time.monotonic()
        assert toy.ping() == 200
        assert time.monotonic() - asked < 0.4
    for connection in busy:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.close()


def test_kept_alive_and_pipelined_requests(toy: Serving) -> None:
    one = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
        b"Content-Length: 4\r\n\r\n1,2\n"
    )
    last = one.replace(b"Host: x", b"Connection: close")
    assert toy.raw(one * 4 + last).count(b"HTTP/1.1 200 OK") == 5
