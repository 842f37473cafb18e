"""A predictor that yields is answered piece by piece, and a broken answer shows as one."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.framework.serving.batched import batching
from tests.framework.serving.conftest import Serving, eventually

YIELDS = """
import pathlib, time
from framework import Predictor, RequestError, current_invocation

class Sums(Predictor):
    def predict(self, data):
        if data[0][0] == 14:
            raise RequestError(422, "Nobody buys fourteen.")
        return self.answers(data, current_invocation())

    def answers(self, data, invocation):
        place = pathlib.Path(invocation.custom_attributes or "/nowhere")
        try:
            for first, second in data.tolist():
                if first == 13:
                    raise ValueError("a secret of the model")
                if first == 15:
                    while not (place / "go").exists():
                        time.sleep(0.01)
                if first == 16:
                    return
                assert current_invocation() is invocation
                yield (first + second) * self.model
        finally:
            if place.is_dir():
                (place / "ended").touch()
"""
ENCODES = """
from framework import Predictor

class Sums(Predictor):
    def predict(self, data):
        return data.sum(axis=1)

    def encode(self, answers, invocation):
        for answer in answers:
            yield ""
            yield f"<{answer}>"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with batching(tmp_path_factory.mktemp("yields"), YIELDS, SERVING_QUEUE="1") as served:
        yield served


def ask(served: Serving, body: str, **headers: Any) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    given = {"Content-Type": "text/csv"} | {k.replace("_", "-"): str(v) for k, v in headers.items()}
    connection.request("POST", "/invocations", body, given)
    return connection.getresponse()


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("application/json", b'{"predictions":[30.0,70.0]}'),
        ("text/csv", b"30.0\n70.0"),
        ("application/jsonlines", b"30.0\n70.0"),
    ],
)
def test_the_whole_is_as_if_it_were_not_in_pieces(
    served: Serving, accept: str, body: bytes
) -> None:
    answer = ask(served, "1,2\n3,4\n", Accept=accept)
    assert (answer.status, answer.getheader("Transfer-Encoding")) == (200, "chunked")
    assert answer.getheader("Content-Type") == accept
    assert answer.read() == body


def test_a_format_without_pieces_is_sent_at_once(served: Serving) -> None:
    answer = ask(served, "1,2\n3,4\n", Accept="application/x-npy")
    assert answer.getheader("Content-Length") == str(len(answer.read()))


def test_a_piece_is_there_before_the_next_is_made(served: Serving, tmp_path: Path) -> None:
    answer = ask(served, "1,2\n15,1\n", X_Amzn_SageMaker_Custom_Attributes=tmp_path)
    assert answer.read1() == b"30.0"
    assert served.ping() == 200
    assert not (tmp_path / "ended").exists()
    (tmp_path / "go").touch()
    assert answer.read() == b"\n160.0"
    assert (tmp_path / "ended").exists()


def test_others_get_their_turn_between_pieces(served: Serving, tmp_path: Path) -> None:
    long = ask(served, "1,2\n" * 20_000)
    assert long.read1()
    assert ask(served, "1,2\n3,4\n").read() == b"30.0\n70.0"
    assert len(long.read().split()) > 10_000, "it was not at its end"


def test_what_fails_before_the_first_piece_is_an_error_as_ever(served: Serving) -> None:
    answer = ask(served, "14,1\n")
    assert (answer.status, json.loads(answer.read())["error"]["message"]) == (
        422,
        "Nobody buys fourteen.",
    )
    answer = ask(served, "13,1\n")
    assert answer.status == 500
    assert b"secret" not in answer.read()


@pytest.mark.parametrize("bad", ["13,1", "16,1"], ids=["fails", "too few"])
def test_what_fails_later_breaks_the_answer_off(served: Serving, bad: str) -> None:
    answer = ask(served, f"1,2\n{bad}\n", X_Amzn_SageMaker_Inference_Id=f"broken-{bad}")
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    assert broken.value.partial == b"30.0"
    (told,) = served.events("the answer broke off")[-1:]
    assert told["request_id"] == f"broken-{bad}"


def test_a_client_that_leaves_ends_the_prediction(served: Serving, tmp_path: Path) -> None:
    for number in range(4):  # more than the server has places
        place = tmp_path / str(number)
        place.mkdir()
        answer = ask(served, "1,2\n" * 50_000 + "15,1\n", X_Amzn_SageMaker_Custom_Attributes=place)
        assert answer.status == 200
        answer.close()
        eventually((place / "ended").exists)
    assert ask(served, "1,2\n").read() == b"30.0"


def test_the_algorithms_own_encode_may_yield(tmp_path: Path) -> None:
    with batching(tmp_path, ENCODES) as served:
        answer = ask(served, "1,2\n3,4\n", Accept="text/angles")
        assert answer.getheader("Content-Type") == "text/angles"
        assert answer.read() == b"<3.0><7.0>"
