"""application/json: rows, records, or both sides of pandas' "split", in the usual envelopes."""

import re
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import orjson

from framework.errors import RequestError
from framework.schema import InputSchema
from framework.schema.cells import shown
from framework.schema.input import suggest
from framework.serving.formats.text import text_of
from framework.table import Table

INSTANCES = re.compile(rb'\s*\{\s*"instances"\s*:\s*\[\s*\[(.*)\]\s*\]\s*\}\s*', re.DOTALL)
SHAPES = (
    'Send {"instances": [[…], …]}, {"columns": […], "data": [[…], …]}, '
    "a list of records or a list of rows."
)


def lines(body: bytes, parameters: Mapping[str, str]) -> bytes | None:
    """What ``matrix`` may read: the rows of {"instances": [[…], …]}."""
    match = INSTANCES.fullmatch(body)
    if match is None or b"\n" in match[1]:
        return None
    rows = match[1].replace(b", ", b",").replace(b"],[", b"\n")
    return None if rows.endswith(b"\n") else rows  # an empty row, and no end of a line


def read(body: bytes, parameters: Mapping[str, str], schema: InputSchema | None) -> Table:
    """Parse the body and find the rows in it."""
    return table_of(parsed(text_of(body, parameters), "The body"), schema)


def write(answers: list[Any]) -> bytes:
    """{"predictions": […]}; NaN and infinity become null."""
    return dumps({"predictions": answers})


def pieces(answers: Iterator[Any]) -> Iterator[bytes]:
    """The same, one piece per answer."""
    before = b'{"predictions":['
    for answer in answers:
        yield before + dumps(answer)
        before = b","
    yield (b"" if before == b"," else before) + b"]}"


def parsed(text: str, what: str) -> Any:
    """The JSON value of ``text``, which messages call ``what``."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"{what} is not valid JSON: {error}.{_advice(error)}") from None


def dumps(value: Any) -> bytes:
    """Compact JSON."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise RequestError(500, f"The answers cannot be written as JSON: {error}.") from None


def table_of(content: Any, schema: InputSchema | None) -> Table:
    """The rows of a parsed body, whichever of the accepted shapes it has."""
    if isinstance(content, list):
        return rows_table(content, schema)
    if not isinstance(content, dict):
        raise RequestError(422, f"The body is one {_kind(content)}, not rows. {SHAPES}")
    if not _is_record(content, schema):
        for key in ("instances", "dataframe_records"):
            if key in content:
                return rows_table(content[key], schema)
        split = content.get("dataframe_split", content)
        if split is not content or {"columns", "data"} <= content.keys():
            return _split(split)
    return rows_table([content], schema)


def rows_table(items: Any, schema: InputSchema | None) -> Table:
    """The table of a list of rows, records, {"features": row} or single values."""
    if not isinstance(items, list):
        raise RequestError(422, f"The rows are one {_kind(items)}, not a list. {SHAPES}")
    kinds = set(map(type, items))
    if kinds == {dict}:
        if all(item.keys() == {"features"} for item in items) and not _is_record(items[0], schema):
            return Table([_row(item["features"]) for item in items])
        return _records(items, schema)
    if dict in kinds:
        raise RequestError(422, f"Some rows are objects and some are not. {SHAPES}")
    if list not in kinds and schema is not None and 1 < schema.width == len(items):
        return Table([items])
    return Table([_row(item) for item in items])


def _row(item: Any) -> list[Any]:
    return item if isinstance(item, list) else [item]


def _is_record(item: dict[str, Any], schema: InputSchema | None) -> bool:
    return schema is not None and schema.names is not None and item.keys() == set(schema.names)


def _records(items: list[dict[str, Any]], schema: InputSchema | None) -> Table:
    names = (schema and schema.names) or list(items[0])
    if not names:
        raise RequestError(422, f"The rows are empty objects. {SHAPES}")
    fields = set(names)
    for index, item in enumerate(items):
        if item.keys() == fields:
            continue
        unknown = sorted(item.keys() - fields)
        if unknown:
            problem = f"the column {shown(unknown[0])} is unknown. {suggest(unknown[0], names)}"
        else:
            problem = f"the column {shown(next(n for n in names if n not in item))} is missing."
        raise RequestError(422, f"row {index + 1}: {problem}")
    if len(names) == 1:
        return Table([[item[names[0]]] for item in items], names)
    return Table(list(map(itemgetter(*names), items)), names)


def _split(content: Any) -> Table:
    names = content.get("columns") if isinstance(content, dict) else None
    rows = content.get("data") if isinstance(content, dict) else None
    if not (isinstance(names, list) and isinstance(rows, list)):
        raise RequestError(422, '"columns" and "data" must both be lists.')
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise RequestError(
                422,
                f'row {index + 1} of "data" is not a list of {len(names)} values, '
                'one for each of "columns".',
            )
    for name in names:
        if not isinstance(name, (str, int)):
            raise RequestError(422, f'"columns" must be names, but one is {_kind(name)}.')
    return Table(rows, [str(name) for name in names])


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "list", str: "text", bool: "truth value", type(None): "null"}
    return kinds.get(type(value), "number")


def _advice(error: orjson.JSONDecodeError) -> str:
    rest = error.doc[error.pos : error.pos + 9].lstrip("-")
    if rest.startswith(("NaN", "Infinity")):
        return " JSON has no NaN and no Infinity; send null for a missing value."
    return ""
