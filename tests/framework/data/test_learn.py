"""What InputSchema.learn finds in training data, and which data it refuses and how."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from framework import DataError
from framework.schema import InputSchema, learn_statistics, sample_of
from framework.table import Table
from tests.framework.data.conftest import Model, penguins


def test_an_array_keeps_its_dtype_and_row_shape(numbers):
    schema = InputSchema.learn(numbers.astype("float32"))
    assert (schema.kind, schema.dtype, schema.row_shape) == ("array", "float32", [3])
    assert schema.missing
    assert not InputSchema.learn(np.zeros((2, 28, 28), dtype=np.uint8)).missing


def test_a_frame_keeps_every_column_with_its_role(frame):
    columns = InputSchema.learn(frame).columns
    assert [(c.name, c.role, c.missing) for c in columns] == [
        ("mass", "number", True),
        ("year", "integer", False),
        ("island", "category", False),
        ("sex", "category", True),
        ("note", "text", False),
        ("tagged", "boolean", False),
        ("seen", "datetime", False),
        ("size", "category", False),
    ]
    assert columns[7].ordered
    assert columns[7].categories == ["small", "large"]


@pytest.mark.parametrize(
    "texts",
    [
        ["good", "bad"],
        np.array(["good", "bad"]),
        np.array(["good", "bad"], dtype=object),
        pd.Series(["good", "bad"]),
    ],
)
def test_plain_texts(texts):
    assert InputSchema.learn(texts).kind == "texts"


def test_a_numeric_series_is_an_array_of_plain_numbers():
    schema = InputSchema.learn(pd.Series([1.0, 2.0]))
    assert (schema.kind, schema.row_shape, schema.width) == ("array", [], 1)


def test_strings_are_categories_only_when_they_repeat():
    labels = pd.DataFrame({"few": ["a", "b"] * 10, "rare": [*"abcdefghij"] * 2})
    assert [c.role for c in InputSchema.learn(labels).columns] == ["category", "text"]
    many = pd.DataFrame({"x": [f"v{i}" for i in range(65)] * 10})
    long = pd.DataFrame({"x": ["a" * 65, "b"] * 10})
    assert InputSchema.learn(many).columns[0].role == "text"
    assert InputSchema.learn(long).columns[0].role == "text"


def test_free_text_and_allow_missing_override_what_was_seen(frame):
    schema = InputSchema.learn(frame, free_text=["island"], allow_missing=["year", "tagged"])
    by_name = {column.name: column for column in schema.columns}
    assert by_name["island"].role == "text"
    assert (by_name["year"].dtype, by_name["year"].missing) == ("float64", True)
    assert (by_name["tagged"].dtype, by_name["tagged"].missing) == ("object", True)


@pytest.mark.parametrize("option", ["free_text", "allow_missing"])
def test_an_option_that_names_no_column_is_refused(frame, option):
    with pytest.raises(DataError, match=f"{option} names 'iland'.*Did you mean 'island'"):
        InputSchema.learn(frame, **{option: ["iland"]})


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1.5, None], dtype="float32"),
        pd.Series([1.5, None], dtype="Float64"),
        pd.Series([1, 250], dtype="uint8"),
        pd.Series([-5, 2**62 + 1], dtype="int64"),
        pd.Series([0, 2**64 - 1], dtype="uint64"),
        pd.Series([2**60 + 1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([True, None], dtype="object"),
        pd.Series([True, float("nan")], dtype="object"),
        pd.Series(["a", None], dtype="str"),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype="object"),
        pd.Series(["a", float("nan")], dtype="object"),
        pd.Series(["a"] * 10 + [None] * 2, dtype="object"),
        pd.Series([None, None], dtype="object"),
        pd.Series([None, None], dtype="float64"),
        pd.Series([None, None], dtype="str"),
        pd.Series([None, "b", "a"], dtype="category"),
        pd.Series([3, 1, None], dtype="category"),
        pd.Series([True, False], dtype="category"),
        pd.Series([0.5, 1.5], dtype="category"),
        pd.Series(pd.to_datetime(["2024-02-29T01:02:03.123456789", None])).astype("datetime64[ns]"),
        pd.Series(pd.to_datetime(["2024-02-29", "1969-01-01"])).astype("datetime64[s]"),
        pd.Series(pd.to_datetime(["2024-02-29T01:00:00+02:00", None], utc=True)),
        pd.Series(pd.to_datetime(["2024-02-29T01:00Z"], utc=True).tz_convert("Europe/Berlin")),
    ],
    ids=lambda column: f"{column.dtype}-{column.iloc[-1]!r}",
)
def test_the_sample_request_decodes_to_the_training_rows(column):
    frame = pd.DataFrame({"x": column})
    model = Model(frame)
    decoded = model.decode(sample_of(frame, model.schema).body)
    last, count = len(frame) - 1, len(decoded)
    chosen = frame.iloc[[row * last // max(count - 1, 1) for row in range(count)]]
    pd.testing.assert_frame_equal(decoded, chosen.reset_index(drop=True), check_exact=True)
    for theirs, ours in zip(chosen["x"], decoded["x"], strict=True):
        assert (theirs is None) == (ours is None)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8", "uint64", "bool"])
@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3), (5, 2, 3)])
def test_the_sample_request_decodes_to_the_training_array(dtype, shape):
    values = np.random.default_rng(0).integers(0, 2, size=shape).astype(dtype)
    model = Model(values)
    decoded = model.decode(sample_of(values, model.schema).body)
    assert decoded.dtype == values.dtype
    np.testing.assert_array_equal(decoded, values)


def test_columns_may_be_named_by_numbers():
    frame = pd.DataFrame(np.zeros((3, 2)))
    decoded = Model(frame).decode('[{"1": 1, "0": 0}]')
    assert list(decoded.columns) == [0, 1]
    assert decoded.iloc[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' occurs more than once"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "'1' occurs more than once"),
        (pd.DataFrame([[1]], columns=[("a", "b")]), "Rename the columns to texts"),
        (pd.DataFrame([[1]], columns=[None]), "Rename the columns to texts"),
        (pd.DataFrame({"a": []}), "have no rows"),
        (pd.DataFrame(index=[1, 2]), "no columns"),
        (pd.DataFrame({"a": [1, "x"]}, dtype=object), "Column 'a' is object holding mixed-integer"),
        (pd.DataFrame({"a": [date(2024, 1, 1)]}), "Column 'a' is object holding date"),
        (pd.DataFrame({"a": [[1, 2]]}), "Column 'a' is object holding mixed"),
        (pd.DataFrame({"a": [1 + 2j]}), "Column 'a' is complex128"),
        (pd.DataFrame({"a": pd.to_timedelta([1], unit="s")}), "Column 'a' is timedelta64"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), "Column 'a' is Sparse"),
        (pd.DataFrame({"a": pd.cut([1, 2], 2)}), "categories of type Interval"),
        (pd.DataFrame({"a": pd.period_range("2024", periods=2)}), "Column 'a' is period"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "Column 'a' holds infinity in 1 places"),
        (np.array([[1.0, -np.inf]]), "The input holds infinity"),
        (np.zeros((0, 3)), "have no rows"),
        (np.zeros((3, 0)), "at least one value"),
        (np.float64(1), "is a float64"),
        (np.array([["a", 1]], dtype=object), "an array of object"),
        (np.array([1j]), "an array of complex128"),
        (np.zeros(3, dtype="longdouble"), "which a request cannot carry"),
        (np.zeros(3, dtype="datetime64[s]"), "an array of datetime64"),
        (["a", None], "Row 2 of the texts is NoneType"),
        ([1, 2], "is a list"),
        ({"a": 1}, "is a dict"),
        (None, "is a NoneType"),
        ([], "have no rows"),
    ],
    ids=repr,
)
def test_data_that_no_request_could_carry_are_refused(data, sentence):
    with pytest.raises(DataError) as refused:
        InputSchema.learn(data)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("data", "options"),
    [(np.zeros((2, 2)), {"free_text": ["a"]}), (["x"], {"free_text": ["a"]}),
     (["x"], {"allow_missing": ["a"]})],
)  # fmt: skip
def test_options_for_columns_need_named_columns(data, options):
    with pytest.raises(DataError, match="'a' is named as a column, but the input is"):
        InputSchema.learn(data, **options)


def test_integers_of_an_array_cannot_be_missing():
    with pytest.raises(DataError, match="astype"):
        InputSchema.learn(np.zeros((2, 2), dtype=int), allow_missing=["0"])


def test_statistics_say_what_each_column_looks_like(frame):
    statistics = learn_statistics(frame)
    assert statistics["mass"]["missing"] == 20
    assert statistics["mass"]["mean"] == 3750.5
    assert len(statistics["year"]["deciles"]) == 11
    assert statistics["island"]["values"] == {"Biscoe": 20, "Dream": 20}
    assert statistics["tagged"]["values"] == {"false": 20, "true": 20}
    assert statistics["note"]["distinct"] == 40
    assert statistics["seen"]["range"][0] == "2024-01-01T12:30:00"
    json.dumps(statistics, allow_nan=False)


def test_statistics_never_quote_free_texts():
    assert "secret" not in json.dumps(learn_statistics(["secret one", "secret two"]))
    assert "penguin" not in json.dumps(learn_statistics(penguins()))


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3)])
def test_statistics_of_arrays(shape):
    statistics = learn_statistics(np.full(shape, np.nan))
    assert list(statistics) == (["0", "1", "2"] if shape == (5, 3) else ["values"])
    assert all(column["mean"] is None for column in statistics.values())
    json.dumps(statistics, allow_nan=False)


def test_the_sample_is_small_and_spread_over_the_rows():
    rows = json.loads(sample_of(np.arange(100.0), InputSchema.learn(np.arange(100.0))).body)
    assert rows == {"instances": [0, 14, 28, 42, 56, 70, 84, 99]}
    images = np.zeros((20, 300, 300))
    assert len(json.loads(sample_of(images, InputSchema.learn(images)).body)["instances"]) == 2


def test_wide_frames_are_conformed_at_a_reasonable_speed(benchmark_seconds):
    frame = pd.DataFrame(np.zeros((2, 2000)))
    schema = InputSchema.learn(frame)
    table = Table([[0.5] * 2000] * 10)
    assert benchmark_seconds(lambda: schema.conform(table)) < 0.5
