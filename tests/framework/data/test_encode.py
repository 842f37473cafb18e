"""Answers → bodies: every kind of answer in every type, and those that nobody can write."""

import csv
import datetime
import enum
import io
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from framework import RequestError
from framework.serving.answers import row_count
from framework.serving.codec import ServerCodec
from tests.framework.data.conftest import invocation

NAN, INF = float("nan"), float("inf")


def encode(answers, accept="application/json"):
    return ServerCodec(None).encode(answers, invocation(accept=accept))


class Color(enum.StrEnum):
    RED = "red"


class Tensor:
    """What torch and others have in common."""

    def __init__(self, values):
        self.values = np.array(values)
        self.shape = tuple(self.values.shape)

    def __array__(self, dtype=None, copy=None):
        return self.values


FRAME = pd.DataFrame({"label": ["a", "b"], "p": [0.5, None]})
STAMPS = pd.to_datetime(["2024-05-31T12:00:00", None])


@pytest.mark.parametrize(
    ("answers", "values", "lines"),
    [
        (np.array([1.5, -2.0]), [1.5, -2.0], "1.5\n-2.0"),
        (np.array([1, 2], dtype="uint8"), [1, 2], "1\n2"),
        (np.array([True, False]), [True, False], "true\nfalse"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 4]], "1.0,2.0\n3.0,4.0"),
        (np.array([[[1], [2]]]), [[[1], [2]]], "[1],[2]"),
        (np.array(["a", "b"]), ["a", "b"], "a\nb"),
        (np.array(["a", None, 1.5], dtype=object), ["a", None, 1.5], 'a\n""\n1.5'),
        (np.array([NAN, INF, -INF]), [None, None, None], '""\ninf\n-inf'),
        (np.float32([0.1]), [float(np.float32(0.1))], repr(float(np.float32(0.1)))),
        (np.array(STAMPS), ["2024-05-31T12:00:00.000000", None], None),
        ([1, "a", None, True, 2.5], [1, "a", None, True, 2.5], '1\na\n""\ntrue\n2.5'),
        ((1, 2), [1, 2], "1\n2"),
        ([np.int64(1), np.float64(2), np.bool_(True), np.str_("s")], [1, 2.0, True, "s"], None),
        ([np.array(1.5), np.array([1, 2])], [1.5, [1, 2]], "1.5\n1,2"),
        ([[1, None], [2, NAN]], [[1, None], [2, None]], "1,\n2,"),
        ([{"a": 1, "b": [1, 2]}], [{"a": 1, "b": [1, 2]}], '1,"[1,2]"'),
        ([{"a": 1, "b": 2}, {"b": 4, "a": 3}], [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "1,2\n3,4"),
        ([{0: 0.5, np.int64(1): 0.5}], [{"0": 0.5, "1": 0.5}], "0.5,0.5"),
        (pd.Series([1.5, None], index=[7, 3]), [1.5, None], '1.5\n""'),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"], "a\nb"),
        (pd.Series([1, None], dtype="Int64"), [1, None], '1\n""'),
        (pd.array([1, None], dtype="Int64"), [1, None], '1\n""'),
        (pd.DatetimeIndex(STAMPS), ["2024-05-31T12:00:00", None], None),
        (pd.Series(STAMPS), ["2024-05-31T12:00:00", None], '2024-05-31T12:00:00\n""'),
        (pd.Index(["a", "b"]), ["a", "b"], "a\nb"),
        (FRAME, [{"label": "a", "p": 0.5}, {"label": "b", "p": None}], "a,0.5\nb,"),
        (pd.DataFrame([[1, 2]]), [{"0": 1, "1": 2}], "1,2"),
        ([datetime.date(2024, 1, 2), pd.NaT, pd.NA], ["2024-01-02", None, None], None),
        ([Decimal("1.5"), Color.RED], [1.5, "red"], "1.5\nred"),
        (Tensor([1.0, 2.0]), [1.0, 2.0], "1.0\n2.0"),
        (['say "hi", twice', "two\nlines"], None, '"say ""hi"", twice"\n"two\nlines"'),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_answers(answers, values, lines):
    body = encode(answers)
    if values is not None:
        assert json.loads(body) == {"predictions": values}
        by_line = encode(answers, "application/jsonlines")
        assert [json.loads(line) for line in by_line.split(b"\n")] == values
    if lines is not None:
        assert encode(answers, "text/csv").decode() == lines


def test_nan_inside_of_objects_is_null():
    assert encode([{"p": NAN, "q": [INF, np.float32(NAN)]}]) == (
        b'{"predictions":[{"p":null,"q":[null,null]}]}'
    )


def test_every_answer_is_one_csv_record():
    answers = ["", None, NAN, "a\nb", ",", '"', " "]
    body = encode(answers, "text/csv").decode()
    assert len(list(csv.reader(io.StringIO(body, newline="")))) == len(answers)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (np.float32([[1.5, 2], [3, 4]]), np.array([[1.5, 2], [3, 4]])),
        ([1, 2], np.array([1, 2])),
        ([1.5, None], np.array([1.5, NAN])),
        (["a", "bc"], np.array(["a", "bc"])),
        ([True], np.array([True])),
    ],
)
def test_npy_answers(answers, expected):
    decoded = np.load(io.BytesIO(encode(answers, "application/x-npy")), allow_pickle=False)
    assert decoded.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize(
    ("answers", "accept"),
    [
        ([{"a": 1}], "application/x-npy"),
        ([[1], [1, 2]], "application/x-npy"),
        (["a", None, {}], "application/x-npy"),
        ([{"a": 1}, {"b": 1}], "text/csv"),
        ([{"a": 1}, 5], "text/csv"),
        ([5, {"a": 1}], "text/csv"),
    ],
)
def test_answers_that_one_type_cannot_carry(answers, accept):
    with pytest.raises(RequestError) as refused:
        encode(answers, accept)
    assert refused.value.status == 406
    assert "Accept application/json" in str(refused.value)


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/jsonlines"])
@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"a": 1}, "The predictor returned a dict, not one answer per row."),
        (5, "The predictor returned a int,"),
        ("text", "The predictor returned a str,"),
        (None, "The predictor returned a NoneType,"),
        (np.float64(1), "The predictor returned a float64,"),
        ({1}, "The predictor returned a set,"),
        ([object()], "An answer holds a object, which no answer format can carry."),
        ([{"a": {1, 2}}], "An answer holds a set,"),
        ([b"bytes"], "An answer holds a bytes,"),
        ([1 + 2j], "An answer holds a complex,"),
    ],
)
def test_answers_that_nobody_can_write(answers, sentence, accept):
    with pytest.raises(RequestError) as refused:
        encode(answers, accept)
    assert refused.value.status == 500
    assert sentence in str(refused.value)


@pytest.mark.parametrize("answers", [[2**70], ["\ud800"]])
def test_answers_that_are_no_json(answers):
    with pytest.raises(RequestError, match="The answers cannot be written as JSON: ") as refused:
        encode(answers)
    assert refused.value.status == 500


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (np.zeros((3, 2)), 3), (FRAME, 2), ([1, 2], 2), ((), 0), (pd.Series([1]), 1),
        (Tensor([1, 2]), 2), (np.float64(1), None), ({"a": 1}, None), ("text", None), (None, None),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_row_count(value, rows):
    assert row_count(value) == rows
