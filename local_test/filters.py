"""InputFilter and OutputFilter: the part of JSONPath that batch transform takes.

$                  everything
$[0]  $[-1]  $[1:]  $[0,5]     columns of a CSV row, or elements of a JSON array
$.name  $['a','b']  $.a.b      fields of a JSON object
"""

import csv
import io
import json
import re
from typing import Any

from local_test.errors import BadRecords, BenchError

STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[([^\[\]]+)\]")


class Filter:
    """One JSONPath, applied to records.

    Raises:
        BenchError: the path has a form that batch transform does not take.
    """

    def __init__(self, path: str):
        self._path = path
        rest = path.removeprefix("$")
        self._steps = [_step(name, index, path) for name, index in STEP.findall(rest)]
        if not path.startswith("$") or STEP.sub("", rest):
            raise BenchError(
                f"The filter {path} is not understood. Write $, $[1:], $[0,5], $[-1], $.name or "
                "$['a','b']."
            )

    def apply(self, record: bytes, media_type: str) -> bytes:
        """What the filter leaves of one record.

        Raises:
            BadRecords: the record has no such part, or is not of its media type.
        """
        if not self._steps:
            return record
        if media_type == "text/csv":
            rows = csv.reader(io.StringIO(record.decode()))
            return "\n".join(self._csv_line(row) for row in rows).encode()
        try:
            content = json.loads(record)
        except ValueError as error:
            raise BadRecords(f"The filter {self._path} needs JSON or CSV: {error}.") from None
        return json.dumps(self._choose(content)).encode()

    def _csv_line(self, row: list[str]) -> str:
        chosen = self._choose(row)
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(
            chosen if isinstance(chosen, list) else [chosen]
        )
        return line.getvalue()

    def _choose(self, content: Any) -> Any:
        for step in self._steps:
            try:
                content = _taken(content, step)
            except (KeyError, IndexError, TypeError, AttributeError):
                raise BadRecords(
                    f"The filter {self._path} finds nothing in {json.dumps(content)[:80]}."
                ) from None
        return content


def _step(name: str, index: str, path: str) -> Any:
    """A name, a position, a slice, or a list of names or positions."""
    if name:
        return name
    parts = [part.strip() for part in index.split(",")]
    if len(parts) == 1 and re.fullmatch(r"-?\d*:-?\d*", parts[0]):
        start, _, stop = parts[0].partition(":")
        return slice(int(start) if start else None, int(stop) if stop else None)
    keys = [_key(part, path) for part in parts]
    return keys if len(keys) > 1 else keys[0]


def _key(text: str, path: str) -> str | int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    raise BenchError(f"The filter {path} is not understood at '{text}'. Quote names: $['a'].")


def _taken(content: Any, step: Any) -> Any:
    if not isinstance(step, list):
        return content[step]
    if isinstance(content, dict):
        return {key: content[key] for key in step}
    return [content[key] for key in step]
