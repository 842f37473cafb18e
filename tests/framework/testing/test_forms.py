"""How two replies differ in form, in words."""

import pytest

from framework.testing.forms import form_difference
from framework.testing.rows import CSV, JSON, JSON_LINES

ROWS = '{"predictions": [{"label": "a", "score": 0.5}, {"label": "b", "score": 1}]}'


@pytest.mark.parametrize(
    ("media_type", "before", "now"),
    [
        (JSON, ROWS, '{"predictions": [{"score": 7.25, "label": "c"}]}'),
        (JSON, "[1, 2.5]", "[1, 2]"),
        (JSON, "[1, 2]", "[1, 2.5]"),
        (JSON, "[0.5, null]", "[0.25, 0.75]"),
        (JSON, '[{"a": 1}, {"b": 2}]', '[{"a": 3}, {"c": 4}]'),
        (JSON, '[["x"], ["x", "y"]]', '[["x", "y"], ["y", "z"]]'),
        (JSON, '{"tags": []}', '{"tags": ["x"]}'),
        (JSON, "no JSON", "no JSON either"),
        (JSON_LINES, '{"a": 1}', '{"a": 2}\n{"a": 3}'),
        (CSV, "a,0.5\nb,1", "x,2.5"),
        (CSV, "1,x\n2,y", "1,\n2,z"),
        (CSV, '""\n2.5', "1.5\n\n2.5"),
        ("application/other", "anything", "else"),
    ],
)
def test_new_values_are_no_new_form(media_type: str, before: str, now: str) -> None:
    assert form_difference(media_type, before, now) == ""


@pytest.mark.parametrize(
    ("media_type", "before", "now", "difference"),
    [
        (JSON, ROWS, ROWS.replace("score", "probability"), "predictions[].score is gone"),
        (JSON, ROWS, ROWS.replace("predictions", "answers"), "predictions is gone"),
        (JSON, '{"a": 1}', '{"a": 1, "b": 2}', "b is new"),
        (JSON, '[{"a": 1}, {"a": 1}]', '[{"a": 1}, {}]', "[].a is missing in some"),
        (JSON, "[1, 2]", "[1.5, 2.5]", "[] is a decimal number, no longer a whole number"),
        (JSON, "[1.0, 2.5]", "[1, 2]", "[] is a whole number, no longer a decimal number"),
        (JSON, "[1, 2]", '["1", "2"]', "[] is text, no longer a whole number"),
        (JSON, "[1, 2]", '[1, "2"]', "[] is a number or text, no longer a number"),
        (JSON, "[true]", "[1]", "[] is a whole number, no longer true or false"),
        (JSON, "[0.5]", "[null]", "[] is null, no longer a decimal number"),
        (JSON, "[1]", '{"a": 1}', "the reply is an object, no longer a list"),
        (JSON, "[1]", "no JSON", "the reply is text, no longer a list"),
        (JSON, "[[1, 2], [3, 4]]", "[[1], [3]]", "[] has 1 values each, no longer 2"),
        (JSON, '[{"a": [1]}]', '[{"a": [[1]]}]', "[].a[] is a list, no longer a whole number"),
        (JSON_LINES, '{"a": 1}\n{"a": 2}', '{"b": 1}\n{"b": 2}', "lines[].a is gone"),
        (CSV, "1,a\n2,b", "1\n2", "a line has 1 columns, no longer 2"),
        (CSV, "1,a", "1,2", "column 2 is a whole number, no longer text"),
        (CSV, "0.5,1.5", "1,2", "column 1 is a whole number, no longer a decimal number"),
        (CSV, "true", "1", "column 1 is a whole number, no longer true or false"),
    ],
)
def test_a_new_form_is_named(media_type: str, before: str, now: str, difference: str) -> None:
    assert form_difference(media_type, before, now) == difference
