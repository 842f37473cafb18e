"""application/x-npy, which is never unpickled, and Parquet."""

import builtins
import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.framework.data.conftest import Model

NPY = "application/x-npy"
PARQUET = "application/x-parquet"


def npy(values, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, values, **options)
    return file.getvalue()


def with_header(header: str, payload: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header.encode("latin1") + payload


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", ">i2", "|u1", "<U5"])
def test_arrays_of_any_number_type(dtype):
    values = np.arange(6).reshape(2, 3).astype(dtype)
    if dtype == "<U5":
        frame = pd.DataFrame({"a": ["x", "y"], "b": ["x", "y"], "c": ["x", "y"]})
        assert Model(frame).decode(npy(values), NPY).iloc[1].tolist() == ["3", "4", "5"]
        return
    for order in ("C", "F"):
        decoded = Model(np.zeros((2, 3))).decode(npy(np.asarray(values, order=order)), NPY)
        assert decoded.dtype == np.float64
        assert decoded.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_one_dimension_is_one_row_or_one_value_per_row(numbers):
    assert Model(numbers).decode(npy(np.arange(3.0)), NPY).tolist() == [[0, 1, 2]]
    assert Model(numbers[:, :1]).decode(npy(np.arange(3.0)), NPY).shape == (3, 1)
    assert Model(numbers[:, 0]).decode(npy(np.arange(3.0)), NPY).tolist() == [0, 1, 2]
    assert Model(["x"]).decode(npy(np.array(["a", "b"])), NPY).tolist() == ["a", "b"]


def test_the_decoded_array_belongs_to_the_predictor(numbers):
    decoded = Model(numbers).decode(npy(np.zeros((2, 3))), NPY)
    decoded += 1
    assert decoded.tolist() == [[1, 1, 1], [1, 1, 1]]


class Bomb:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_objects_are_never_unpickled(numbers, tmp_path):
    target = tmp_path / "touched"
    objects = np.array([Bomb(target), 1, 2], dtype=object)
    hidden = np.zeros(1, dtype=[("a", "f8"), ("b", "O")])
    bodies = [npy(objects, allow_pickle=True), npy(hidden, allow_pickle=True)]
    for body in bodies:
        refusal = Model(numbers).refusal(body, NPY, status=400)
        assert "pickled objects, which are never loaded" in refusal
    Model(numbers).refusal(pickle.dumps(Bomb(target)), NPY, status=400)
    assert not target.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "its header cannot be read"),
        (b"\x93NUMPY", "its header cannot be read"),
        (npy(np.zeros(3))[:60], "its header cannot be read"),
        (b"\x93NUMPY\x03\x00" + npy(np.zeros(3))[8:], "its header cannot be read"),
        (b"PK\x03\x04 an npz", "its header cannot be read"),
        (with_header("{'descr': '<f8', 'fortran_order': False}"), "its header cannot be read"),
        (with_header("__import__('os').system('false')"), "its header cannot be read"),
        (with_header("(" * 5000), "its header cannot be read"),
        (with_header("-" * 9000 + "1"), "its header cannot be read"),
        (with_header("{'descr': '<f8'," + " " * 60000 + "}"), "its header cannot be read"),
        (with_header("\x00" * 30), "its header cannot be read"),
        (npy(np.zeros((2, 3)))[:-1], "promises 48 bytes of values, but 47 follow"),
        (npy(np.zeros((2, 3))) + b"x", "promises 48 bytes of values, but 49 follow"),
        (
            with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**30, 3)}"),
            "its header cannot be read",
        ),
        (
            with_header(
                "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 3)}"
            ),
            "promises 2399999999999999999976 bytes of values, but 0 follow",
        ),
        (
            with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -3)}", b"x" * 24),
            "a shape that no array can have",
        ),
        (
            with_header(
                "{'descr': '|u1', 'fortran_order': False, 'shape': (" + "1," * 40 + ")}", b"x"
            ),
            "a shape that no array can have",
        ),
        (npy(np.zeros(2, dtype="M8[s]")), "An npy array of datetime64[s] cannot be rows"),
        (npy(np.zeros(2, dtype="c16")), "An npy array of complex128 cannot be rows"),
        (npy(np.zeros(2, dtype="S3")), "An npy array of bytes24 cannot be rows"),
        (npy(np.zeros(2, dtype="f8,f8")), "cannot be rows"),
        (
            with_header("{'descr': '<U0', 'fortran_order': False, 'shape': (2, 3)}"),
            "An npy array of str cannot be rows",
        ),
        (npy(np.array(["abc"]))[:-4] + b"\xff\xff\xff\xff", "texts that are not Unicode"),
        (npy(np.array(["abc"]))[:-4] + b"\x00\x00\x11\x00", "texts that are not Unicode"),
        (npy(np.array(["abc"], dtype=">U3"))[:-4] + b"\x00\x11\x00\x00", "not Unicode"),
        (npy(np.array(["abc"]))[:-4] + b"\x00\xd8\x00\x00", "texts that are not Unicode"),
    ],
)
def test_malformed_arrays(numbers, body, sentence):
    refusal = Model(numbers).refusal(body, NPY, status=400)
    assert sentence in refusal
    assert len(refusal) < 150


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.zeros((2, 4)), "rows of shape [4], but the model was trained on rows of shape [3]"),
        (np.zeros((2, 3, 1)), "rows of shape [3, 1], but the model"),
        (np.zeros((0, 3)), "There are no rows"),
        (np.zeros(0), "There are no rows"),
        (np.array([[1, np.inf, 2]]), "row 1, column 2: inf is beyond"),
        (np.array([[1, 1e39, 2]]), "row 1, column 2: 1e+39 is beyond"),
        (np.array([[True, False, True]]), "row 1, column 1: bool values are not numbers"),
        (np.array([["1", "2", "3"]]), "row 1, column 1: '1' is not a number"),
        (np.float64(1), "rows of shape [1], but the model was trained on rows of shape [3]"),
    ],
)
def test_arrays_that_do_not_fit(numbers, values, sentence):
    assert sentence in Model(numbers).refusal(npy(values), NPY)


def test_numbers_for_a_frame(frame):
    part = frame[["mass", "year"]]
    model = Model(part)
    pd.testing.assert_frame_equal(model.decode(npy(part.to_numpy()), NPY), part)
    assert model.refusal(npy(np.array([[1, 0.5]])), NPY).startswith("row 1, column 'year': 0.5")
    assert model.refusal(npy(np.array([[1, np.nan]])), NPY).startswith("row 1, column 'year' is m")
    assert model.refusal(npy(np.array([[1, 2, 3]])), NPY).startswith("The array has rows of shape")
    assert Model(frame).refusal(npy(np.zeros((1, 8))), NPY).startswith("row 1, column 'island'")


def test_truth_values_for_a_boolean_array():
    model = Model(np.array([[True, False]]))
    assert model.decode(npy(np.array([[False, True]])), NPY).tolist() == [[False, True]]
    assert "is not true or false" in model.refusal(npy(np.array([[0, 1]])), NPY)


def test_parquet_frame(frame):
    pytest.importorskip("pyarrow")
    body = frame[frame.columns[::-1]].to_parquet(index=False)
    decoded = Model(frame).decode(body, PARQUET)
    pd.testing.assert_frame_equal(decoded, frame, check_exact=True)
    decoded = Model(frame).decode(body, "application/vnd.apache.parquet")
    pd.testing.assert_frame_equal(decoded, frame, check_exact=True)


def test_parquet_array(numbers):
    pytest.importorskip("pyarrow")
    body = pd.DataFrame(numbers, columns=["a", "b", "c"]).to_parquet()
    np.testing.assert_array_equal(Model(numbers).decode(body, PARQUET), numbers)


def test_malformed_parquet(frame):
    pytest.importorskip("pyarrow")
    model = Model(frame)
    body = frame.to_parquet()
    for broken in (b"", b"PAR1", body[:-1], body[:100], body[:50] + body[60:], body[4:]):
        sentence = model.refusal(broken, PARQUET, status=400)
        assert sentence.startswith("The body is no Parquet file: ")
        assert "\n" not in sentence
    wrong = frame.assign(year="soon").to_parquet()
    assert model.refusal(wrong, PARQUET).startswith("row 1, column 'year': 'soon' is not a whole")


def test_without_pyarrow_parquet_is_an_unsupported_type(frame, monkeypatch):
    real_import = builtins.__import__

    def without_pyarrow(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    sentence = Model(frame).refusal(b"PAR1", PARQUET, status=415)
    assert "pyarrow is not installed" in sentence
