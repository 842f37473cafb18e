"""Captured requests → rows as ``predict`` gets them; those that do not decode are counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from framework.errors import RequestError
from framework.invocation import answering
from framework.monitoring.capture import Request
from framework.schema import InputSchema
from framework.schema.cells import CellError
from framework.serving.answers import row_count
from framework.serving.formats import READERS
from framework.serving.media import MediaType
from framework.serving.model import ServedModel
from framework.table import Table


@dataclass(frozen=True)
class Fault:
    """Why a request does not fit, in Model Monitor's words; column "" where none is at fault."""

    column: str
    check: str


@dataclass
class Decoded:
    """The rows of many requests.

    Attributes:
        rows: one array, DataFrame or list of texts; None when no request could be decoded.
        requests: how many were decoded.
        refused: how many were not.
        faults: requests by what is wrong with them; one request may have several faults.
        messages: for each fault, what the server said about the first such request.
    """

    rows: Any = None
    requests: int = 0
    refused: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    messages: dict[Fault, str] = field(default_factory=dict)


def decode(model: ServedModel, requests: Iterable[Request], schema: InputSchema | None) -> Decoded:
    """Decode each request by the algorithm's predictor, as the endpoint did."""
    decoded = Decoded()
    parts = []
    for request in requests:
        try:
            invocation = model.invocation({"content-type": request.content_type})
            with answering(invocation):
                parts.append(model.predictor.decode(request.body, invocation))
            decoded.requests += 1
        except Exception as error:  # an own decode may raise anything
            decoded.refused += 1
            for fault in set(_faults(request, schema)):
                decoded.faults[fault] += 1
                decoded.messages.setdefault(fault, str(error))
    decoded.rows = _joined(parts)
    return decoded


def _joined(parts: Sequence[Any]) -> Any:
    if not parts:
        return None
    first = parts[0]
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    if hasattr(first, "shape"):
        import numpy as np

        return np.concatenate(parts)
    return [row for part in parts for row in part] if row_count(first) is not None else None


def _faults(request: Request, schema: InputSchema | None) -> Iterator[Fault]:
    table = _table(request, schema)
    if table is None or schema is None or len(table) == 0:
        yield Fault("", "data_type_check")
    elif schema.names is not None and table.names is not None:
        known, sent = set(schema.names), set(table.names)
        yield from (Fault(name, "missing_column_check") for name in sorted(known - sent))
        yield from (Fault(name, "extra_column_check") for name in sorted(sent - known))
        if known == sent:
            order = [table.names.index(name) for name in schema.names]
            yield from _cell_faults(table, schema, order)
    elif (width := len(table.rows[0])) != schema.width:
        yield Fault("", f"{'missing' if width < schema.width else 'extra'}_column_check")
    else:
        yield from _cell_faults(table, schema, range(width))


def _table(request: Request, schema: InputSchema | None) -> Table | None:
    """The rows before types; read without the schema when they do not have its columns."""
    media = MediaType.parse(request.content_type)
    read = READERS.get(media.name)
    for known in (schema, None) if read else ():
        try:
            return read(request.body, media.parameters, known)
        except RequestError:
            continue
    return None


def _cell_faults(table: Table, schema: InputSchema, order: Sequence[int]) -> Iterator[Fault]:
    if not schema.columns or any(len(row) != schema.width for row in table.rows):
        yield Fault("", "data_type_check")
        return
    for column, place in zip(schema.columns, order, strict=True):
        try:
            column.convert([row[place] for row in table.rows], table.textual)
        except CellError:
            closed = column.role == "category"
            check = "categorical_values_check" if closed else "data_type_check"
            yield Fault(str(column.name), check)
