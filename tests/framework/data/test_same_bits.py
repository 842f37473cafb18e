"""One row gives the same bits to the predictor, whichever format carries it."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from framework import Invocation, RequestError
from framework.serving.codec import ServerCodec
from framework.serving.formats import READERS
from tests.framework.data.conftest import Model, invocation

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
FINITE = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


def bodies(rows: list[list], names: list[str]) -> dict[str, bytes]:
    """The rows in every format that takes any cells."""
    lines = io.StringIO()
    csv.writer(lines).writerows([["" if c is None else c for c in row] for row in rows])
    shuffled = names[::-1]
    headed = io.StringIO()
    writer = csv.writer(headed, quoting=csv.QUOTE_ALL)
    writer.writerow(shuffled)
    writer.writerows([["" if c is None else c for c in row[::-1]] for row in rows])
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return {
        "application/json": json.dumps({"instances": rows}).encode(),
        "application/json; shape=split": json.dumps({"columns": names, "data": rows}).encode(),
        "application/json; shape=records": json.dumps(records).encode(),
        "application/jsonlines": "\n".join(map(json.dumps, rows)).encode(),
        "text/csv": lines.getvalue().encode(),
        "text/csv; header=present": headed.getvalue().encode(),
    }


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


@QUICK
@given(arrays(np.float64, (3, 4), elements=FINITE))
def test_numbers(values):
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(values, columns=names)
    frame_model = Model(frame)
    for content_type, body in bodies(values.tolist(), names).items():
        assert frame_model.decode(body, content_type).to_numpy().tobytes() == values.tobytes()
    for dtype in (np.float64, np.float32):
        expected = values.astype(dtype).tobytes()
        model = Model(np.zeros((1, 4), dtype=dtype))
        plain = bodies(values.tolist(), names)
        for content_type in ("application/json", "application/jsonlines", "text/csv"):
            assert model.decode(plain[content_type], content_type).tobytes() == expected
        assert model.decode(npy(values), "application/x-npy").tobytes() == expected
    assert frame_model.decode(npy(values), "application/x-npy").to_numpy().tobytes() == (
        values.tobytes()
    )


@QUICK
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=5))
def test_whole_numbers(values):
    rows = [[value, value] for value in values]
    frame = pd.DataFrame(rows, columns=["i", "x"]).astype({"i": "int64", "x": "float64"})
    model = Model(frame)
    for content_type, body in bodies(rows, ["i", "x"]).items():
        decoded = model.decode(body, content_type)
        assert decoded["i"].tolist() == values
        assert decoded["x"].to_numpy().tobytes() == frame["x"].to_numpy().tobytes()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@QUICK
@given(st.lists(st.tuples(TEXT, st.none() | FINITE, st.booleans()), min_size=1, max_size=6))
def test_mixed_columns(cells):
    rows = [list(row) for row in cells]
    names = ["text", "number", "truth"]
    frame = pd.DataFrame({"text": ["x"], "number": [1.5], "truth": [True]})
    model = Model(frame, free_text=["text"], allow_missing=["number"])
    decoded = {kind: model.decode(body, kind) for kind, body in bodies(rows, names).items()}
    expected = decoded.pop("application/json")
    assert expected["text"].tolist() == [row[0] for row in rows]
    assert expected["truth"].tolist() == [row[2] for row in rows]
    for other in decoded.values():
        pd.testing.assert_frame_equal(other, expected, check_exact=True)


@QUICK
@given(st.lists(TEXT, min_size=1, max_size=6))
def test_texts(texts):
    model = Model(["x"])
    plain = bodies([[text] for text in texts], ["text"])
    for content_type in ("application/json", "application/jsonlines", "text/csv"):
        assert model.decode(plain[content_type], content_type).tolist() == texts


def test_parquet_too(frame):
    pytest.importorskip("pyarrow")
    model = Model(frame)
    through_csv = model.csv(frame.to_csv(index=False))
    through_parquet = model.decode(parquet(frame), "application/x-parquet")
    pd.testing.assert_frame_equal(through_parquet, through_csv, check_exact=True)


CELL = st.sampled_from(["1", "0", "0.0", "-0.5", "2.5e3", "123456789"])
ODD_CELL = st.sampled_from(["-0", "", "+1", "1 2", "nan", '"1"', "[1]", "1e999", "1\n2"])
FORMS = {
    "text/csv": ("{}", ",", "\n", ["", "\n", "\n\n", "\r\n"]),
    "application/json": ('{{"instances": [[{}]]}}', ", ", "], [", ["", "]", "[", ","]),
}


@st.composite
def bodies_of_one_type(draw: st.DrawFn) -> tuple[str, int, list[bytes]]:
    """Bodies of rows of plain numbers in one format, some of them with something else."""
    content_type, width = draw(st.sampled_from(sorted(FORMS))), draw(st.sampled_from([1, 2, 3]))
    whole, between_cells, between_rows, ends = FORMS[content_type]
    bodies = []
    for _ in range(draw(st.integers(2, 4))):
        rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=3))
        if rows and draw(st.sampled_from([True, *[False] * 5])):
            draw(st.sampled_from(rows))[-1] = draw(ODD_CELL)
        end = draw(st.sampled_from([*[""] * 6, *ends]))
        text = whole.format(between_rows.join(between_cells.join(row) for row in rows) + end)
        bodies.append(text.encode())
    return content_type, width, bodies


@settings(QUICK, max_examples=1000)
@given(bodies_of_one_type())
def test_bodies_that_are_read_together(given):
    """They are the rows that each has cell by cell; and nothing is read so without need."""
    content_type, width, bodies = given
    codec, asked = Model(np.zeros((1, width))).codec, invocation(content_type)
    together = codec.read_together(bodies, asked)
    if together is None:
        assert not all(_is_plain(codec, body, asked) for body in bodies)
        return
    table, counts = together
    tables = [READERS[content_type](body, {}, codec.schema) for body in bodies]
    alone = [codec.schema.conform(one) for one in tables]
    assert [len(one) for one in alone] == counts
    assert table.rows.tobytes() == b"".join(one.tobytes() for one in alone)


def _is_plain(codec: ServerCodec, body: bytes, asked: Invocation) -> bool:
    try:
        return codec.read(body, asked).checked
    except RequestError:
        return False


@pytest.mark.parametrize("width", [1, 7, 40_000])
def test_a_body_that_is_read_in_parts(width):
    """However its lines and the parts meet."""
    rows = 200_000 // width
    values = np.random.default_rng(0).integers(-9999, 9999, (rows, width)) / 100
    text = "\n".join(",".join(map(repr, row)) for row in values.tolist())
    model = Model(np.zeros((1, width)))
    for body in (text, text + "\n"):
        assert model.csv(body).tobytes() == values.tobytes()
    longer = text + "," + text.rpartition("\n")[2]
    assert f"row {rows}" in model.refusal(longer, "text/csv")
