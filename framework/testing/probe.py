"""Asks a predictor in this process again and again, and prints what of it grew.

`check` runs it as a command of the image: python -m framework.testing.probe. The last line is
JSON: how many requests, and the size of each attribute of the predictor before and after them.
"""

import json
import sys
import time
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any

from framework.algorithm import Algorithm
from framework.invocation import Invocation
from framework.layout import Layout
from framework.manifest import Manifest
from framework.serving.model import ServedModel
from framework.testing.rows import JSON, Rows

ROUNDS, SECONDS = 20, 10.0
MOST_OBJECTS = 500_000


def main() -> None:
    """Ask once, measure, ask the same again many times, measure."""
    layout = Layout.from_environment()
    served = ServedModel.load(Algorithm.load(), layout.model)
    manifest = Manifest.read(layout.model)
    rows = Rows.of_sample(manifest) if manifest else None
    if rows is None:
        sys.exit("The manifest has no sample request.")
    bodies = [rows.as_json(), *(rows.row(index).as_json() for index in range(len(rows)))]
    started = time.monotonic()
    _ask(served, bodies)
    rounds = max(2, min(ROUNDS, int(SECONDS / (time.monotonic() - started))))
    before = _sizes(served.predictor)
    for _ in range(rounds):
        _ask(served, bodies)
    after = _sizes(served.predictor)
    before = {**dict.fromkeys(after, 0), **before}
    print()
    print(json.dumps({"requests": rounds * len(bodies), "before": before, "after": after}))


def _ask(served: ServedModel, bodies: list[bytes]) -> None:
    for body in bodies:
        served.answer(body, Invocation(JSON, JSON))


def _sizes(predictor: Any) -> dict[str, int]:
    return {name: _size(value) for name, value in vars(predictor).items() if name != "codec"}


def _size(value: Any) -> int:
    """Objects and elements that can be reached from a value, as far as they can be seen."""
    total, seen, found = 0, set(), [value]
    while found and len(seen) < MOST_OBJECTS:
        item = found.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        total += 1
        if isinstance(item, type | ModuleType) or callable(item):
            continue
        if isinstance(item, str | bytes | bytearray):
            total += len(item)
        elif isinstance(item, Mapping):
            found += [*item.keys(), *item.values()]
        elif isinstance(item, Collection) and not hasattr(item, "dtype"):
            found += list(item)
        elif hasattr(item, "nbytes"):
            total += int(item.nbytes)
        elif isinstance(getattr(item, "__dict__", None), dict):
            found.append(vars(item))
    return total


if __name__ == "__main__":
    main()
