"""text/csv: one line per row, quoted as RFC 4180 says, with a header line or without.

A header is recognised when it names the columns that the model was trained on, in any
order; for a model without column names, when its cells are distinct words. The parameter
``header=present`` or ``header=absent`` of the content type settles it.
"""

import csv
import io
import math
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from framework.errors import RequestError
from framework.schema import InputSchema
from framework.schema.cells import INFINITE_WORDS, MISSING_WORDS, TRUTH_WORDS
from framework.serving.formats import json
from framework.serving.formats.text import text_of
from framework.table import Table

ROWS_AT_A_TIME = 10_000  # in between, other threads of the server get their turn
WHOLE = b"0123456789-\n"
WORDS = INFINITE_WORDS | TRUTH_WORDS.keys()


def lines(body: bytes, parameters: Mapping[str, str]) -> bytes | None:
    """What ``matrix`` may read."""
    return None if "header" in parameters else body


def read(body: bytes, parameters: Mapping[str, str], schema: InputSchema | None) -> Table:
    """Parse the lines; every cell stays text."""
    rows = _parsed(text_of(body, parameters))
    while rows and not rows[-1]:
        rows.pop()
    names = None
    if rows and _has_header(rows, parameters.get("header", "").lower(), schema):
        names = rows.pop(0)
    rows = [row or [""] for row in rows]
    if schema is not None and schema.kind != "frame":
        names = None
    return Table(rows, names, textual=True)


def write(answers: list[Any]) -> bytes:
    """One line per answer; a list or object fills several columns, None and NaN are empty."""
    if whole := _whole_numbers(answers):
        return whole
    if set(map(type, answers)) == {float} and not any(map(math.isnan, answers)):
        return "\n".join(map(repr, answers)).encode()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = list(answers[0]) if isinstance(answers[0], dict) else None
    for answer in answers:
        if isinstance(answer, dict) != (names is not None) or (names and set(answer) != set(names)):
            raise RequestError(
                406,
                "The answers differ in their fields, so they have no columns for text/csv. "
                "Accept application/json.",
            )
        cells = answer if isinstance(answer, list) else [answer]
        if names is not None:
            cells = [answer[name] for name in names]
        writer.writerow([_cell(cell) for cell in cells])
    return file.getvalue()[:-1].encode("utf-8")


def pieces(answers: Iterator[Any]) -> Iterator[bytes]:
    """The same, one piece per answer."""
    before = b""
    for answer in answers:
        yield before + write([answer])
        before = b"\n"


def _whole_numbers(answers: list[Any]) -> bytes | None:
    """The lines, if the answers are nothing else; JSON is written sooner than their types told."""
    try:
        text = json.dumps(answers)
    except RequestError:  # of more than 64 bits, among others
        return None
    lines = text[1:-1].replace(b",", b"\n")
    return None if lines.translate(None, WHOLE) else lines


def _parsed(text: str) -> list[list[str]]:
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        while part := list(islice(reader, ROWS_AT_A_TIME)):
            rows += part
        return rows
    except csv.Error as error:
        raise RequestError(
            400, f"The body is not valid CSV: line {reader.line_num}: {error}."
        ) from None


def _has_header(rows: list[list[str]], parameter: str, schema: InputSchema | None) -> bool:
    first = rows[0]
    if parameter in ("present", "absent"):
        return parameter == "present"
    if schema is not None and schema.names is not None:
        known = set(schema.names)
        return 2 * sum(cell in known for cell in first) > len(first)
    if schema is not None and schema.kind == "texts":
        return False
    names = all(map(_reads_as_name, first)) and len(set(first)) == len(first)
    if schema is None:
        return names and not all(map(_reads_as_name, rows[-1]))
    return names and len(first) == schema.width


def _reads_as_name(cell: str) -> bool:
    """Whether the cell is no value of an array: it begins like a word, and is none of theirs."""
    begins = cell[:1].isalpha() or cell[:1] == "_"
    return begins and cell not in MISSING_WORDS and cell.lower() not in WORDS


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value).decode("utf-8")
    return value
