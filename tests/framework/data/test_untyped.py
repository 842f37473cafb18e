"""Bodies for a model whose artifact has no schema."""

import contextlib
import io

import numpy as np
import pandas as pd
import pytest

from framework import RequestError
from framework.serving.codec import ServerCodec
from tests.framework.data.conftest import invocation


def decode(body, content_type="application/json"):
    body = body if isinstance(body, bytes) else body.encode()
    return ServerCodec(None).decode(body, invocation(content_type))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("[[1, 2], [3, null]]", "application/json"),
        ('{"instances": [{"features": [1, 2]}, {"features": [3, null]}]}', "application/json"),
        ("1,2\n3,\n", "text/csv"),
        ("a,b\n1,2\n3,NaN\n", "text/csv"),
        ("[1, 2]\n[3, null]", "application/jsonlines"),
    ],
)
def test_numbers_are_an_array(body, content_type):
    decoded = decode(body, content_type)
    assert decoded.dtype == np.float64
    np.testing.assert_array_equal(decoded, [[1, 2], [3, np.nan]])


def test_flat_lists_and_images():
    assert decode("[1, 2, 3]").tolist() == [[1], [2], [3]]
    assert decode("[[[1, 2], [3, 4]]]").shape == (1, 2, 2)


def test_an_array_keeps_its_own_type_and_may_be_changed():
    file = io.BytesIO()
    np.save(file, np.arange(3, dtype="uint8"))
    decoded = decode(file.getvalue(), "application/x-npy")
    decoded += 1
    assert decoded.tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('[{"x": 1, "y": "a"}, {"x": null, "y": "b"}]', "application/json"),
        ('{"columns": ["x", "y"], "data": [[1, "a"], [null, "b"]]}', "application/json"),
        ("x,y\n1,a\n,b", "text/csv"),
    ],
)
def test_mixed_columns_are_a_frame(body, content_type):
    expected = pd.DataFrame({"x": [1.0, np.nan], "y": ["a", "b"]})
    pd.testing.assert_frame_equal(decode(body, content_type), expected)


def test_columns_without_names_are_numbered():
    assert list(decode("1,a\n2,b", "text/csv").columns) == [0, 1]
    assert decode('["a", "b"]')[0].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", "[{}]", "[[1], [1, 2]]", "[[[1], [1, 2]]]", '[[["a"]]]', "5", '[{"a": 1}, {}]'],
)
def test_what_is_no_table_is_refused(body):
    with pytest.raises(RequestError) as refused:
        decode(body)
    assert refused.value.status == 422


@pytest.mark.parametrize("body", ["[[]]", "[[{}]]", "[[[]]]", '[{"a": {"b": 1}}]', "[[1e300]]"])
def test_odd_tables_never_fail_otherwise(body):
    with contextlib.suppress(RequestError):
        decode(body)
