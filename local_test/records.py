"""Batch transform's view of an object: records, payloads, and the assembled answer.

SageMaker looks for newlines and nothing else. It knows no header lines and no
quoted newlines, and neither does this module.
"""

import csv
import io
import json
from collections.abc import Iterator

from local_test.errors import BadRecords

MEGABYTE = 1024 * 1024
JSON_TYPES = ("application/json",)
JSON_LINES_TYPES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl")


def split_lines(body: bytes) -> list[bytes]:
    """The records of ``body``, without their newlines; a final newline ends the last record."""
    lines = body.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def payloads(body: bytes, split_type: str, strategy: str, limit_mb: int) -> Iterator[list[bytes]]:
    """The records of each request for one object, in order.

    Args:
        body: the object.
        split_type: "None" (the object is one record) or "Line".
        strategy: "SingleRecord", or "MultiRecord": as many records as fit.
        limit_mb: MaxPayloadInMB; 0 means no limit, for a whole object only.

    Raises:
        BadRecords: one record alone is larger than the limit.
    """
    limit = limit_mb * MEGABYTE if limit_mb else None
    records = [body] if split_type == "None" else split_lines(body)
    batch: list[bytes] = []
    size = 0
    for number, record in enumerate(records, start=1):
        if limit is not None and len(record) > limit:
            raise BadRecords(
                f"Record {number} has {len(record):,} bytes and MaxPayloadInMB is {limit_mb}. "
                "Raise it, or split by SplitType Line if the records are lines."
            )
        grown = size + len(record) + (1 if batch else 0)
        if batch and (strategy == "SingleRecord" or (limit is not None and grown > limit)):
            yield batch
            batch, grown = [], len(record)
        batch.append(record)
        size = grown
    if batch:
        yield batch


def looks_like_header(body: bytes) -> bool:
    """Whether the first CSV line has no number and the second line has one."""
    rows = list(csv.reader(io.StringIO("\n".join(_first_lines(body, 2)))))
    if len(rows) < 2:
        return False
    return not any(map(_is_number, rows[0])) and any(map(_is_number, rows[1]))


def answer_records(answer: bytes, media_type: str) -> list[bytes]:
    """The output records in one answer: lines for line-based types, else the answer itself."""
    if media_type == "text/csv" or media_type in JSON_LINES_TYPES:
        return split_lines(answer)
    return [answer]


def join(record: bytes, answer: bytes, input_type: str, answer_type: str) -> bytes:
    """One input record with its output, as JoinSource=Input writes it.

    CSV: the output is appended to the row. JSON: an object gets the key
    SageMakerOutput; anything else becomes {SageMakerInput, SageMakerOutput}.

    Raises:
        BadRecords: the types cannot be joined, or the record is not JSON.
    """
    if input_type == "text/csv":
        if answer_type != "text/csv":
            raise BadRecords(
                f"text/csv input can only be joined with text/csv output, not {answer_type}. "
                "Ask for it with Accept text/csv."
            )
        return record + b"," + answer.rstrip(b"\n")
    if input_type not in JSON_TYPES + JSON_LINES_TYPES:
        raise BadRecords(
            f"JoinSource=Input works for text/csv, application/json and application/jsonlines, "
            f"not for {input_type}."
        )
    try:
        given = json.loads(record)
        output = json.loads(answer)
    except ValueError as error:
        raise BadRecords(f"Input and output can only be joined as JSON: {error}.") from None
    if isinstance(given, dict):
        joined = given | {"SageMakerOutput": output}
    else:
        joined = {"SageMakerInput": given, "SageMakerOutput": output}
    return json.dumps(joined).encode()


def _first_lines(body: bytes, count: int) -> list[str]:
    start = body[:65536].decode("utf-8", errors="replace")
    return [line for line in start.splitlines()[:count] if line]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
