"""Content types and the negotiation of the answer's type."""

import pytest

from framework import RequestError
from framework.serving.media import MediaType, negotiate, readable


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        (" application/json ;charset=UTF-8;", "application/json"),
        ("", "application/json"),
        ("application/x-jsonlines", "application/x-jsonlines"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_readable(header, name):
    assert readable(header) == name


@pytest.mark.parametrize("header", ["text/plain", "image/png", "csv", "text/csv, text/csv", "*/*"])
def test_unknown_content_types_name_those_that_are_known(header):
    with pytest.raises(RequestError, match=r"is not supported\. Send application/json,"):
        readable(header)


def test_parameters():
    parsed = MediaType.parse('Text/CSV; Charset="UTF-8"; header=present; odd')
    assert parsed == MediaType("text/csv", {"charset": "UTF-8", "header": "present", "odd": ""})


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "text/csv"),
        (" ", "text/csv"),
        ("*/*", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("*/*, application/json;q=0.2", "text/csv"),
        ("text/csv;q=0, application/*", "application/json"),
        ("image/png, application/x-npy;q=0.1", "application/x-npy"),
        ("application/x-jsonlines", "application/x-jsonlines"),
        ("application/jsonl", "application/jsonl"),
        ("text/csv;q=nan, application/json;q=0.1", "text/csv"),
        (",, ,text/csv", "text/csv"),
    ],
)
def test_the_answer_has_the_best_type_that_the_caller_accepts(accept, chosen):
    assert negotiate(accept, "text/csv") == chosen


@pytest.mark.parametrize(
    "accept",
    ["image/png", "application/x-parquet", "text/csv;q=0", "*/*;q=0", "json", "text/html, */*;q=0",
     "\x00", ";;;", ",", "x" * 5000],
)  # fmt: skip
def test_types_nobody_can_write_are_refused(accept):
    with pytest.raises(RequestError) as refused:
        negotiate(accept)
    assert refused.value.status == 406
    assert "Accept application/json, text/csv" in str(refused.value)
    assert len(str(refused.value)) < 300


def test_the_default_answer_type():
    assert negotiate("") == "application/json"
    assert negotiate("", "application/x-parquet") == "application/json"
    assert negotiate("", "application/x-jsonlines") == "application/x-jsonlines"
    assert negotiate("", "text/csv", default="application/jsonlines") == "application/jsonlines"
    assert negotiate("*/*", "text/csv", default="application/json") == "application/json"
    assert negotiate("text/csv", "text/csv", default="application/json") == "text/csv"
