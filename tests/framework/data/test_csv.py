"""text/csv: what is read, and the sentence for what is not."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from tests.framework.data.conftest import Model


def test_a_frame_comes_back_from_its_own_csv(frame):
    model = Model(frame)
    for header in (True, False):
        decoded = model.csv(frame.to_csv(index=False, header=header))
        pd.testing.assert_frame_equal(decoded, frame, check_exact=True)


def test_header_names_may_come_in_any_order(frame):
    shuffled = frame[frame.columns[::-1]].to_csv(index=False)
    pd.testing.assert_frame_equal(Model(frame).csv(shuffled), frame, check_exact=True)


def test_a_header_over_an_array_is_skipped(numbers):
    model = Model(numbers)
    assert model.csv("a,b,c\n1,2,3\n4,5,6").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert model.csv("1,2,3\n4,5,6").shape == (2, 3)
    assert "There are no rows" in model.refusal("a,b,c\n", "text/csv")
    assert model.refusal("x,2,3\n4,5,6", "text/csv").startswith("row 1, column 1: 'x'")


def test_the_header_parameter_settles_it():
    model = Model(["some", "texts"])
    assert model.csv("text\ngood", "; header=present").tolist() == ["good"]
    assert model.csv("text\ngood", "; header=absent").tolist() == ["text", "good"]
    assert model.csv("text\ngood").tolist() == ["text", "good"]


def test_quoted_cells_hold_commas_quotes_and_newlines():
    texts = ["a, b", 'say "hi"', "two\nlines", "two\r\nlines", "", "ünïcödé 🐧", " spaced "]
    body = io.StringIO()
    csv.writer(body).writerows([text] for text in texts)
    assert Model(["x"]).csv(body.getvalue()).tolist() == texts


@pytest.mark.parametrize("body", ["1,2,3\n4,5,6", "1,2,3\r\n4,5,6\r\n", "1,2,3\r4,5,6\n\n\n"])
def test_every_line_ending(numbers, body):
    assert Model(numbers).csv(body).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("word", ["", "NA", "NaN", "nan", "null", "None", "N/A", '""', " "])
def test_missing_numbers(numbers, word):
    assert np.isnan(Model(numbers).csv(f"1,{word},3\n")[0, 1])


@pytest.mark.parametrize(
    ("word", "number"),
    [("1", 1.0), (" 1.5 ", 1.5), ("+.5", 0.5), ("5.", 5.0), ("-1e-3", -1e-3), ("1E5", 1e5),
     ("1e-999", 0.0), ("0.1000000000000000055511151231257827", 0.1)],
)  # fmt: skip
def test_numbers(numbers, word, number):
    assert Model(numbers).csv(f"{word},2,NA")[0, 0] == number


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("1_000", "'1_000' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("١٢", "is not a number"),
        ("1,5", "has 4 columns"),
        ("abc", "'abc' is not a number"),
        ("true", "'true' is not a number"),
        ("inf", "'inf' is infinite"),
        ("-Infinity", "'-Infinity' is infinite"),
        ("1e999", "'1e999' is beyond ±1e+15"),
        ("1e39", "'1e39' is beyond ±1e+15"),
        ("9" * 400, "is beyond ±1e+15"),
        ("1e5e5", "'1e5e5' is not a number"),
        ("--1", "'--1' is not a number"),
        ("1 2", "'1 2' is not a number"),
        ("\x00", "is not a number"),
    ],
)
def test_what_is_no_number(numbers, word, problem):
    sentence = Model(numbers).refusal(f"1,2,3\n{word},2,3", "text/csv")
    assert problem in sentence
    assert sentence.startswith(("row 2, column 1:", "row 2 has"))
    assert len(sentence) < 120


@pytest.mark.parametrize(
    ("seen", "dtype", "believed", "limit"),
    [
        (1.0, "float64", "-9e14", "1e+15"),
        (2e20, "float64", "1e26", "2e+26"),
        (1e38, "float64", "3e38", "3.4e+38"),
        (1e300, "float64", "-9e305", "1e+306"),
        (1e308, "float64", "-1e308", "1.8e+308"),
        (1e38, "float32", "3e38", "3.4e+38"),
        (1.0, "float16", "65000", "6.55e+04"),
    ],
)
def test_numbers_far_beyond_the_training_data_are_refused(seen, dtype, believed, limit):
    model = Model(np.array([[seen], [0.0]], dtype=dtype))
    assert model.csv(f"{believed}\n").tolist() == [[float(np.dtype(dtype).type(believed))]]
    for cell in ("1e307" if limit != "1.8e+308" else "1e309", "-1e400", "9" * 400):
        assert f"beyond ±{limit}" in model.refusal(cell, "text/csv")


def test_missing_where_none_was_seen(frame):
    full = frame.drop(columns=["mass", "sex", "note"])
    model = Model(full)
    for name in full.columns:
        row = dict.fromkeys(full.columns, "") | full.iloc[0].astype(str).to_dict() | {name: ""}
        body = ",".join(row) + "\n" + ",".join(row.values())
        sentence = model.refusal(body, "text/csv")
        assert sentence.startswith(f"row 1, column '{name}' is missing"), sentence


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        ("mass", "heavy", "'heavy' is not a number"),
        ("year", "2007.5", "'2007.5' is not a whole number"),
        ("year", "99999999999999999999", "is not within -9223372036854775808 to"),
        ("year", "soon", "'soon' is not a number"),
        ("year", "1e400", "whole number"),
        ("island", "Atlantis", "'Atlantis' is not one of 'Biscoe', 'Dream'"),
        ("tagged", "maybe", "'maybe' is not true or false"),
        ("seen", "yesterday", "'yesterday' is not a date like 2024-05-31T12:00:00"),
        ("seen", "2024-02-31", "is not a date that datetime64[us] can hold"),
        ("seen", "2024-02-01T00:00:00Z", "has an offset from UTC"),
        ("seen", "now", "'now' is not a date"),
        ("size", "huge", "'huge' is not one of 'small', 'large'"),
    ],
)
def test_a_cell_that_does_not_fit_its_column(frame, column, cell, problem):
    row = frame.iloc[0].astype(str).to_dict() | {column: cell}
    good = frame.iloc[:2].to_csv(index=False, quoting=csv.QUOTE_ALL)
    body = good + ",".join(f'"{value}"' for value in row.values())
    sentence = Model(frame).refusal(body, "text/csv")
    assert sentence.startswith(f"row 3, column '{column}': ")
    assert problem in sentence


@pytest.mark.parametrize("first", ["true,false", "inf,-inf", "1_000,2_000", "NA,N/A", "0x1,0x2"])
def test_a_first_line_of_values_is_no_header(first):
    assert Model(np.zeros((1, 2))).refusal(f"{first}\n1,2", "text/csv").startswith("row 1, ")
    assert Model(np.array([[True, False]])).csv("true,false\nfalse,true").shape == (2, 2)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", " true"])
def test_truth_values(word):
    assert Model(pd.DataFrame({"x": [True, False]})).csv(f"x\n{word}")["x"].tolist() == [True]


def test_words_for_missing_are_texts_where_the_training_data_had_them():
    countries = pd.DataFrame({"country": ["NA", "DE"] * 10, "name": ["null", None] * 10})
    decoded = Model(countries, free_text=["name"]).csv("NA,null\nDE,")
    assert decoded["country"].tolist() == ["NA", "DE"]
    assert decoded["name"].iloc[0] == "null"
    assert decoded["name"].isna().tolist() == [False, True]


def test_numeric_categories_are_compared_as_numbers():
    frame = pd.DataFrame({"grade": pd.Categorical([1, 2, 3]), "half": pd.Categorical([0.5, 1, 2])})
    decoded = Model(frame).csv("2.0,1\n3,0.5")
    assert decoded["grade"].tolist() == [2, 3]
    assert decoded["half"].tolist() == [1.0, 0.5]
    assert "4 is not one of 1, 2, 3" in Model(frame).refusal("[[4, 1]]")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("mass,yeer,island,sex,note,tagged,seen,size\n", "Column 'yeer' is unknown"),
        ("mass,island,sex,note,tagged,seen,size\n1,2,3,4,5,6,7", "Missing column 'year'."),
        (
            "mass,year,year,island,sex,note,tagged,seen,size\n1",
            "Column 'year' comes more than once.",
        ),
        ("1,2,3", "row 1 has 3 columns, but the model was trained on 8."),
    ],
)
def test_wrong_columns(frame, body, sentence):
    body = body if body.count("\n") and not body.endswith("\n") else body + "\n1,2"
    assert sentence in Model(frame).refusal(body, "text/csv")


def test_rows_of_another_width_name_the_row(numbers):
    model = Model(numbers)
    assert model.refusal("1,2,3\n\n4,5,6", "text/csv").startswith("row 2 has 1 column, but")
    assert 'Quote a value that holds commas: "a, b".' in Model(["x"]).refusal("a, b", "text/csv")


@pytest.mark.parametrize("body", ['"open', 'a"b\n"c"d', '"a" b'])
def test_malformed_quotes(body):
    sentence = Model(["x"]).refusal(body, "text/csv", status=400)
    assert sentence.startswith("The body is not valid CSV: line ")


def test_fields_of_any_length():
    text = "x" * 300_000
    assert Model(["x"]).csv(text).tolist() == [text]


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("UTF-8", "utf-8-sig"), ('"utf-8"', "utf-8"), ("latin1", "latin-1"),
     ("iso-8859-15", "iso8859-15"), ("windows-1252", "cp1252"), ("utf-16", "utf-16")],
)  # fmt: skip
def test_charsets(charset, encoding):
    decoded = Model(["x"]).csv("Käse".encode(encoding), f"; charset={charset}")
    assert decoded.tolist() == ["Käse"]


def test_bytes_that_are_not_in_the_charset():
    model = Model(["x"])
    assert model.refusal(b"abc\xff", "text/csv", status=400) == (
        "The body is not utf-8: byte 4 of 4 does not fit."
    )
    for charset in ("rot13", "punycode", "utf-7", "\0", "x" * 999):
        sentence = model.refusal("a", f"text/csv; charset={charset}", status=415)
        assert "is not supported. Known: utf-8" in sentence


@pytest.mark.parametrize("body", ["", "\n", "\r\n\r\n", "\ufeff"])
def test_an_empty_body_has_no_rows(numbers, body):
    assert Model(numbers).refusal(body, "text/csv") == "There are no rows. Send at least one."


def test_images_come_as_flat_lines():
    images = np.arange(24, dtype="float64").reshape(2, 3, 4)
    lines = "\n".join(",".join(map(str, image.ravel())) for image in images)
    np.testing.assert_array_equal(Model(images).csv(lines), images)
    sentence = Model(images).refusal(lines.replace("13.0", "?"), "text/csv")
    assert sentence.startswith("row 2, position [0, 1]: '?'")
