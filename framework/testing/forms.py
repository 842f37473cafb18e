"""Says how two replies differ in form: in what a client's code relies on, never in their numbers.

A place of a reply, such as predictions[].species, holds one value per row. So all the values of a
place are compared with all those of the same place in the other reply.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

from framework.testing.rows import CSV, JSON_LINES

WHOLE, DECIMAL, NULL = "a whole number", "a decimal number", "null"
NUMBER = {WHOLE: "a number", DECIMAL: "a number"}
KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: WHOLE,
    float: DECIMAL,
    type(None): NULL,
}
TRUTHS = {"true": True, "false": False}


def form_difference(media_type: str, before: str, now: str) -> str:
    """The first difference in form between two replies of one type; empty when there is none.

    Numbers and texts may change, and so may the number of rows. A place that held whole numbers
    only and holds decimal ones only has changed; one that holds both has not.
    """
    if media_type == CSV:
        return next(_of_tables(_table(before), _table(now)), "")
    if media_type == JSON_LINES:
        return next(_of_values(_json_lines(before), _json_lines(now), "lines[]"), "")
    return next(_of_values(_json(before), _json(now), ""), "")


def _of_values(before: list[Any], now: list[Any], place: str) -> Iterator[str]:
    if not (before and now):
        return
    old, new = _kinds(before, now)
    if old != new:
        yield f"{place or 'the reply'} is {_either(new)}, no longer {_either(old)}"
    yield from _of_objects(_only(dict, before), _only(dict, now), place)
    yield from _of_lists(_only(list, before), _only(list, now), place)


def _of_objects(before: list[dict], now: list[dict], place: str) -> Iterator[str]:
    if not (before and now):
        return
    (old, always_old), (new, always_new) = _keys(before), _keys(now)
    for key in always_old:
        if key not in always_new:
            yield f"{_below(place, key)} is {'missing in some' if key in new else 'gone'}"
    settled = len(old) == len(always_old)
    for key in new if settled else always_new:
        if key not in old:
            yield f"{_below(place, key)} is new"
    for key in old:
        yield from _of_values(_at(key, before), _at(key, now), _below(place, key))


def _of_lists(before: list[list], now: list[list], place: str) -> Iterator[str]:
    old, new = _length(before), _length(now)
    if old is not None and new is not None and old != new:
        yield f"{place} has {new} values each, no longer {old}"
    items = list(chain.from_iterable(before)), list(chain.from_iterable(now))
    yield from _of_values(*items, f"{place}[]")


def _of_tables(before: list[list[str]], now: list[list[str]]) -> Iterator[str]:
    if not (before and now):
        return
    old, new = _widths(before), _widths(now)
    if old != new:
        yield f"a line has {_either(new)} columns, no longer {_either(old)}"
    columns = zip(zip(*before, strict=False), zip(*now, strict=False), strict=False)
    for number, (cells, others) in enumerate(columns, start=1):
        yield from _of_values(_typed(cells), _typed(others), f"column {number}")


def _kinds(before: list[Any], now: list[Any]) -> tuple[set[str], set[str]]:
    """The kinds of each side that a client must tell apart.

    Null beside other values is a missing one, so it may come and go; whole and decimal numbers
    are one kind where the sides share either.
    """
    old, new = ({KINDS[type(value)] for value in values} for values in (before, now))
    if old & new & {WHOLE, DECIMAL}:
        old, new = ({NUMBER.get(kind, kind) for kind in kinds} for kinds in (old, new))
    if old != {NULL} and new != {NULL}:
        old, new = old - {NULL}, new - {NULL}
    return old, new


def _keys(objects: list[dict]) -> tuple[dict[str, None], dict[str, None]]:
    """The keys that any of the objects has and those that all have, in order."""
    some = dict.fromkeys(chain.from_iterable(objects))
    return some, {key: None for key in some if all(key in one for one in objects)}


def _length(lists: list[list]) -> int | None:
    """The length that several lists have in common; None for fewer, or when they differ."""
    lengths = set(map(len, lists))
    return lengths.pop() if len(lists) > 1 and len(lengths) == 1 else None


def _only(kind: type, values: list[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, kind)]


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _at(key: str, objects: list[dict]) -> list[Any]:
    return [one[key] for one in objects if key in one]


def _widths(table: list[list[str]]) -> set[str]:
    return {str(len(row)) for row in table}


def _either(words: set[str]) -> str:
    return " or ".join(sorted(words))


def _json(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [text]


def _json_lines(text: str) -> list[Any]:
    return [value for line in text.splitlines() for value in _json(line)]


def _table(text: str) -> list[list[str]]:
    csv.field_size_limit(sys.maxsize)
    return [row or [""] for row in csv.reader(io.StringIO(text))]


def _typed(cells: tuple[str, ...]) -> list[Any]:
    """The cells of a column as what all of them are: numbers, truth values, else texts."""
    for read in (_truth, _number):
        try:
            return [read(cell) if cell else None for cell in cells]
        except (KeyError, ValueError):
            continue
    return [cell or None for cell in cells]


def _truth(cell: str) -> bool:
    return TRUTHS[cell.lower()]


def _number(cell: str) -> float:
    try:
        return int(cell)
    except ValueError:
        return float(cell)
