"""Whatever the bytes, decode answers or raises RequestError 4xx with one sentence."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework import RequestError
from framework.serving.codec import ServerCodec
from framework.serving.formats import READERS
from tests.drills.fuzz import drill_decoder
from tests.framework.data.conftest import invocation
from tests.framework.data.malformed import schemas

SCHEMAS = {**schemas(), "unknown": None}
SEARCH = settings(max_examples=80, deadline=None, derandomize=True, database=None)

CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    CELLS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["instances", "features", "columns", "data", "mass", "a", ""]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
KINDS = st.sampled_from(sorted(READERS))


def outcome(name: str, body: bytes, content_type: str) -> None:
    try:
        data = ServerCodec(SCHEMAS[name]).decode(body, invocation(content_type))
    except RequestError as error:
        refusal = error
    else:
        assert len(data) > 0
        return
    assert 400 <= refusal.status < 500
    assert "\n" not in str(refusal)
    assert len(str(refusal)) < 500


@pytest.mark.parametrize("name", SCHEMAS)
@SEARCH
@given(body=st.binary(max_size=200), content_type=KINDS)
def test_any_bytes(name, body, content_type):
    outcome(name, body, content_type)


@pytest.mark.parametrize("name", SCHEMAS)
@SEARCH
@given(tree=TREES)
def test_any_json(name, tree):
    outcome(name, json.dumps(tree).encode(), "application/json")
    outcome(name, json.dumps(tree).encode(), "application/jsonlines")


@pytest.mark.parametrize("name", SCHEMAS)
@SEARCH
@given(rows=st.lists(st.lists(st.text(max_size=4) | st.from_regex(r"[-+0-9.eE]{1,6}"), max_size=9)))
def test_any_csv(name, rows):
    outcome(name, "\n".join(",".join(row) for row in rows).encode(), "text/csv")


@pytest.mark.parametrize("name", SCHEMAS)
@SEARCH
@given(
    descr=st.sampled_from(["<f8", ">i4", "|O", "<U3", "|b1", "<M8[D]", "|S2", "<c8", "f8,O", "V3"]),
    shape=st.lists(st.integers(-2, 10**12), max_size=4).map(tuple),
    payload=st.binary(max_size=96),
)
def test_any_npy(name, descr, shape, payload):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}}}\n".encode()
    body = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + payload
    outcome(name, body, "application/x-npy")


def test_a_sample_of_the_drill():
    findings = drill_decoder(requests=2000, seed=7)
    assert not findings.faults, "\n".join(findings.faults[:10])
    assert len(findings.cases) > 10


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "cell",
    ["9" * 3_000_000, "9" * 3_000_000 + "x", "." * 3_000_000, " " * 3_000_000, "1e" + "9" * 10**6],
)
@pytest.mark.parametrize("name", SCHEMAS)
def test_long_cells_take_no_long_time(name, cell):
    width = SCHEMAS[name].width if SCHEMAS[name] else 2
    outcome(name, ",".join([cell] * min(width, 3)).encode(), "text/csv")
    outcome(name, (f'[{{"{cell}": 1}}]').encode(), "application/json")
    outcome(name, (f"[[{cell}]]").encode(), "application/json")


def test_numbers_of_any_size_end_in_the_dtype_or_a_sentence():
    for name in ("array", "float32", "images", "numbers"):
        width = SCHEMAS[name].width
        for exponent in range(-400, 400, 7):
            row = ",".join([f"1e{exponent}"] * width)
            outcome(name, row.encode(), "text/csv")
    with np.errstate(all="raise"):
        outcome("float32", json.dumps([1e-300] * 30).encode(), "application/json")
