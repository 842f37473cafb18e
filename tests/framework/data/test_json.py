"""application/json and application/jsonlines: every accepted shape, and what is refused how."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.framework.data.conftest import Model

ROWS = [[1.5, 2, 3], [4, None, 6]]
LINES = ["application/jsonlines", "application/x-jsonlines", "application/jsonl"]


@pytest.fixture
def named(numbers):
    return Model(pd.DataFrame(numbers, columns=["a", "b", "c"]))


@pytest.mark.parametrize(
    "body",
    [
        {"instances": ROWS},
        {"instances": [{"features": row} for row in ROWS]},
        {"instances": ROWS, "parameters": {"ignored": True}},
        [{"features": row} for row in ROWS],
        ROWS,
    ],
)
def test_rows_in_every_envelope(numbers, named, body):
    expected = np.array(ROWS, dtype=float)
    np.testing.assert_array_equal(Model(numbers).decode(json.dumps(body)), expected)
    np.testing.assert_array_equal(named.decode(json.dumps(body)), expected)


RECORDS = [{"c": 3, "a": 1.5, "b": 2}, {"a": 4, "b": None, "c": 6}]
SPLIT = {"columns": ["b", "a", "c"], "data": [[2, 1.5, 3], [None, 4, 6]]}


@pytest.mark.parametrize(
    "body",
    [
        RECORDS,
        {"instances": RECORDS},
        {"dataframe_records": RECORDS},
        SPLIT,
        {"dataframe_split": SPLIT},
        SPLIT | {"index": [0, 1]},
    ],
)
def test_named_columns_in_every_envelope(named, body):
    decoded = named.decode(json.dumps(body))
    assert list(decoded.columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(decoded, np.array(ROWS, dtype=float))


def test_one_record_and_one_row(named):
    assert named.decode('{"a": 1, "b": 2, "c": 3}').iloc[0].tolist() == [1, 2, 3]
    assert named.decode('{"features": [1, 2, 3]}').iloc[0].tolist() == [1, 2, 3]


def test_a_record_whose_columns_are_called_like_an_envelope():
    frame = pd.DataFrame({"columns": [1.0, 2.0], "data": [1.0, 2.0]})
    assert Model(frame).decode('{"columns": 1, "data": 2}').iloc[0].tolist() == [1, 2]
    frame = pd.DataFrame({"features": [1.0, 2.0]})
    assert Model(frame).decode('[{"features": 5}]')["features"].tolist() == [5]


def test_a_flat_list_is_one_row_or_one_value_per_row(numbers):
    assert Model(numbers).decode("[1, 2, 3]").tolist() == [[1, 2, 3]]
    assert Model(numbers[:, :1]).decode("[1, 2, 3]").tolist() == [[1], [2], [3]]
    assert Model(numbers[:, 0]).decode("[1, 2, 3]").tolist() == [1, 2, 3]
    assert Model(["x"]).decode('["a", "b"]').tolist() == ["a", "b"]
    assert Model(["x"]).decode('{"instances": [["a"], ["b"]]}').tolist() == ["a", "b"]
    assert "row 1 has 1 column, but" in Model(numbers).refusal("[1, 2]")


def test_images_come_nested_or_flat():
    images = np.arange(24, dtype="uint8").reshape(2, 3, 4)
    model = Model(images)
    for body in (images, images.reshape(2, 12)):
        decoded = model.decode(json.dumps(body.tolist()))
        assert decoded.dtype == np.uint8
        np.testing.assert_array_equal(decoded, images)
    nested = images.tolist()
    nested[1][2] = [1, 2, 3]
    assert model.refusal(json.dumps(nested)).startswith("row 2 does not have the shape [3, 4]")
    nested[1][2] = [1, 2, 3, [4]]
    assert model.refusal(json.dumps(nested)) == "row 2, position [2, 3]: a list is not whole."[
        :31
    ] + ("is not a whole number.")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "The body is not valid JSON"),
        ("{", "The body is not valid JSON"),
        ("[1, 2, 3", "The body is not valid JSON"),
        ("[[NaN, 1, 2]]", "send null for a missing value"),
        ("[[1, -Infinity, 2]]", "send null for a missing value"),
        ("[[1e999, 1, 2]]", "number is infinity"),
        ("[" * 100_000, "depth limit"),
        ('{"a":' * 100_000, "depth limit"),
        ("[" + "9" * 5000 + "]", "infinity"),
        ("[01]", "not valid JSON"),
        ("['a']", "not valid JSON"),
        (b"\xff\xfe[1]", "The body is not utf-8"),
        ('"\\ud800"', "not valid JSON"),
        ("[1]]", "not valid JSON"),
    ],
)
def test_syntax_errors(numbers, body, sentence):
    refusal = Model(numbers).refusal(body, status=400)
    assert sentence in refusal
    assert len(refusal) < 200
    assert "\n" not in refusal


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[]", "There are no rows"),
        ("{}", "The rows are empty objects"),
        ("[{}]", "The rows are empty objects"),
        ("null", "The body is one null, not rows"),
        ("5", "The body is one number, not rows"),
        ('"x"', "The body is one text, not rows"),
        ("true", "The body is one truth value, not rows"),
        ('{"instances": []}', "There are no rows"),
        ('{"instances": 5}', "The rows are one number, not a list"),
        ('{"instances": null}', "The rows are one null, not a list"),
        ('{"instances": [[]]}', "row 1 has 0 columns, but the model was trained on 3"),
        ('{"instances": [[1,2,3],[1,2]]}', "row 2 has 2 columns, but the model was trained on 3"),
        ('{"instances": [[1,2,3],{"a":1}]}', "Some rows are objects and some are not"),
        ('{"instances": [[1,2,3], 4]}', "row 2 has 1 column"),
        ('{"instances": [{"features": 1}]}', "row 1 has 1 column"),
        ('[[1,2,true]]', "row 1, column 3: true is not a number"),
        ('[[1,2,"3"]]', "row 1, column 3: '3' is not a number"),
        ('[[1,2,[3]]]', "row 1, column 3: a list is not a number"),
        ('[[1,2,{"a":3}]]', "row 1, column 3: an object is not a number"),
        ('[[1,2,1e300]]', "row 1, column 3: 1e+300 is beyond ±1e+15"),
        ('[[1,2,123456789012345678901234567890123456789012]]', "is beyond"),
        ('{"columns": ["a"], "data": 5}', '"columns" and "data" must both be lists'),
        ('{"columns": 5, "data": [[1]]}', '"columns" and "data" must both be lists'),
        ('{"dataframe_split": [1]}', '"columns" and "data" must both be lists'),
        ('{"columns": ["a"], "data": [[1, 2]]}', 'row 1 of "data" is not a list of 1 values'),
        ('{"columns": [null], "data": [[1]]}', '"columns" must be names, but one is null'),
        ('{"columns": ["a", "b", "c"], "data": [[1, 2, 3]]}', "trained without column names"),
        ('[{"a": 1, "b": 2, "c": 3}]', "trained without column names"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_an_array(numbers, body, sentence):
    assert sentence in Model(numbers).refusal(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('[{"a": 1, "b": 2}]', "row 1: the column 'c' is missing."),
        ('[{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "d": 3}]', "row 2: the column 'd' is unkn"),
        ('{"columns": ["a", "b"], "data": [[1, 2]]}', "Missing column 'c'."),
        (
            '{"columns": ["a", "b", "b", "c"], "data": [[1, 2, 2, 3]]}',
            "Column 'b' comes more than once.",
        ),
        ('{"columns": ["a", "b", "C"], "data": [[1, 2, 3]]}', "Column 'C' is unknown."),
        ('[{"a": 1, "b": "2", "c": 3}]', "row 1, column 'b': '2' is not a number."),
        ('[{"a": null, "b": 2, "c": 3}]', "row 1, column 'a' is missing, and no row of"),
    ],
)
def test_rows_that_do_not_fit_a_frame(numbers, body, sentence):
    frame = pd.DataFrame(np.abs(numbers), columns=["a", "b", "c"])
    assert sentence in Model(frame).refusal(body)


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        ("mass", True, "true is not a number"),
        ("mass", "12", "'12' is not a number"),
        ("year", 2007.5, "2007.5 is not a whole number"),
        ("year", 2**63, "9223372036854775808 is not within"),
        ("year", 1e30, "1e+30 is not within"),
        ("year", "2007", "'2007' is not a whole number"),
        ("year", False, "false is not a whole number"),
        ("island", "Atlantis", "'Atlantis' is not one of 'Biscoe', 'Dream'"),
        ("island", 5, "5 is not text"),
        ("note", 5, "5 is not text"),
        ("note", ["x"], "a list is not text"),
        ("tagged", 1, "1 is not true or false"),
        ("tagged", "true", "'true' is not true or false"),
        ("seen", 1714000000, "1714000000 is not a date"),
        ("seen", "2024-13-01", "is not a date that"),
        ("seen", "99999-01-01", "is not a date like"),
        ("size", {}, "an object is not text"),
        ("size", "S" * 100, "'SSS"),
    ],
)
def test_a_cell_of_the_wrong_type(frame, column, cell, problem):
    good = json.loads(frame.iloc[:1].to_json(orient="records", date_format="iso"))[0]
    good["seen"] = "2024-01-01T12:30:00"
    body = json.dumps([good, good | {column: cell}])
    sentence = Model(frame).refusal(body)
    assert sentence.startswith(f"row 2, column '{column}': ")
    assert problem in sentence
    assert len(sentence) < 150


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        ("int8", -128, 128),
        ("uint8", 255, -1),
        ("uint8", 0, 256),
        ("int64", -(2**63), 2**63),
        ("uint64", 2**64 - 1, 2**64),
        ("Int16", 32767, 32768),
        ("float16", 65504, 65505),
    ],
)
def test_bounds_of_the_dtype(dtype, good, bad):
    model = Model(pd.DataFrame({"x": pd.array([1, 2], dtype=dtype)}))
    decoded = model.decode(f"[[{good}]]")
    assert str(decoded["x"].dtype) == dtype
    assert int(decoded["x"].iloc[0]) == good
    for body, content_type in ((f"[[{bad}]]", "application/json"), (f"{bad}", "text/csv")):
        assert model.refusal(body, content_type).startswith("row 1, column 'x': ")


def test_whole_floats_are_integers_and_integers_are_numbers():
    frame = pd.DataFrame({"whole": [1, 2], "number": [0.5, 1.5]})
    assert Model(frame).decode("[[3.0, 4]]").iloc[0].tolist() == [3, 4]


def test_missing_integers_arrive_as_pandas_has_them():
    frame = pd.DataFrame({"plain": [1, 2], "nullable": pd.array([1, None], dtype="Int64")})
    decoded = Model(frame, allow_missing=["plain"]).decode(
        "[[null, null], [7, 2305843009213693953]]"
    )
    assert decoded["plain"].dtype == np.float64
    assert decoded["plain"].isna().tolist() == [True, False]
    assert decoded["nullable"].iloc[0] is pd.NA
    assert decoded["nullable"].iloc[1] == 2**61 + 1


def test_dates_with_and_without_offset():
    zoned = pd.DataFrame({"t": pd.to_datetime(["2024-01-01T00:00Z", None], utc=True)})
    model = Model(zoned)
    assert model.decode('[["2024-05-31T14:00:00+02:00"]]')["t"].iloc[0].hour == 12
    assert "lacks an offset from UTC" in model.refusal('[["2024-05-31T14:00:00"]]')
    assert model.decode("[[null]]")["t"].isna().all()


@pytest.mark.parametrize("content_type", LINES)
def test_json_lines(numbers, named, content_type):
    rows = "\n".join(json.dumps(row) for row in ROWS)
    features = "\r\n".join(json.dumps({"features": row}) for row in ROWS) + "\r\n\r\n"
    records = "\n".join(json.dumps(record) for record in RECORDS)
    for body in (rows, features):
        decoded = Model(numbers).decode(body, content_type)
        np.testing.assert_array_equal(decoded, np.array(ROWS, dtype=float))
    assert named.decode(records, content_type).shape == (2, 3)


def test_json_lines_of_single_values_are_one_row_each(numbers):
    assert Model(["x"]).decode('"a"\n"b"\n"c"', LINES[0]).tolist() == ["a", "b", "c"]
    assert "row 1 has 1 column" in Model(numbers).refusal("1\n2\n3", LINES[0])


def test_json_lines_name_the_line(numbers):
    model = Model(numbers)
    sentence = model.refusal("[1, 2, 3]\n\n[1, 2", LINES[0], status=400)
    assert sentence.startswith("Line 3 is not valid JSON: ")
    assert model.refusal("[1,2,3]\n[1,2,false]", LINES[0]).startswith("row 2, column 3: false")
    assert "There are no rows" in model.refusal("\n \n", LINES[0])


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ("[1], []", 422),
        ("[], [1]", 422),
        ("[1, 2]", 422),
        ("[[1]], [[2]]", 422),
        ("[1 2]", 400),
        ("[1\n2]", 400),
        ("[1],", 400),
        ("[1], [2", 400),
        ("[1], 2]", 400),
    ],
)
def test_almost_rows_of_plain_numbers(rows, status):
    Model(np.zeros((2, 1))).refusal(f'{{"instances": [{rows}]}}', status=status)
