"""One module per body format, and the media types it goes by.

Where do I add a format: a module with ``read`` or ``write`` (or both), and a line here.
    read(body, parameters, schema) -> Table     RequestError 400 for bad syntax
    write(answers) -> bytes                     answers as framework.serving.answers.plain says
    pieces(answers) -> iterator of bytes        the same, written as far as the answers are there
    lines(body, parameters) -> bytes or None    what may be lines of numbers, for ``matrix``
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from framework.schema import InputSchema
from framework.serving.formats import csv, json, jsonlines, npy, parquet
from framework.table import Table

Reader = Callable[[bytes, Mapping[str, str], InputSchema | None], Table]
Writer = Callable[[list[Any]], bytes]
Lines = Callable[[bytes, Mapping[str, str]], bytes | None]

JSON = "application/json"
JSON_LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl")
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")

READERS: dict[str, Reader] = {
    JSON: json.read,
    "text/csv": csv.read,
    **dict.fromkeys(JSON_LINES, jsonlines.read),
    "application/x-npy": npy.read,
    **dict.fromkeys(PARQUET, parquet.read),
}
WRITERS: dict[str, Writer] = {
    JSON: json.write,
    "text/csv": csv.write,
    **dict.fromkeys(JSON_LINES, jsonlines.write),
    "application/x-npy": npy.write,
}
PIECEWISE: dict[str, Callable[[Iterator[Any]], Iterator[bytes]]] = {
    JSON: json.pieces,
    "text/csv": csv.pieces,
    **dict.fromkeys(JSON_LINES, jsonlines.pieces),
}
LINES: dict[str, Lines] = {JSON: json.lines, "text/csv": csv.lines}
