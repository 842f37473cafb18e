"""A small request made of training rows: it warms the server up and gets golden answers."""

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from framework.schema.learn import kind_of

if TYPE_CHECKING:
    from framework.schema.input import InputSchema

MOST_ROWS = 8
MOST_CELLS = 200_000


class SampleRequest(BaseModel):
    """One request that the model must be able to answer."""

    content_type: str
    body: str


def sample_of(X: Any, schema: "InputSchema") -> SampleRequest:
    """Up to 8 rows of ``X``, spread evenly, as JSON; fewer when a row is very wide."""
    kind, values = kind_of(X)
    wanted = max(1, min(MOST_ROWS, MOST_CELLS // schema.width))
    chosen = _spread(len(values), wanted)
    if kind == "frame":
        rows = values.iloc[chosen].astype(object)
        cells = [[_plain(cell) for cell in row] for row in rows.itertuples(index=False, name=None)]
        body: dict[str, Any] = {"columns": schema.names, "data": cells}
    elif kind == "array":
        body = {"instances": _plain(values[chosen].tolist())}
    else:
        body = {"instances": [values[index] for index in chosen]}
    return SampleRequest(
        content_type="application/json",
        body=json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    )


def _spread(rows: int, wanted: int) -> list[int]:
    count = min(rows, wanted)
    return [index * (rows - 1) // max(count - 1, 1) for index in range(count)]


def _plain(value: Any) -> Any:
    """The value with JSON's types; NaN, NaT and NA become null."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    number = value.item() if hasattr(value, "item") else value
    return None if math.isnan(number) else number
