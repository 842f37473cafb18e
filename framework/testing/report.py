"""Renders results as a plain table or as JSON, with nothing but the standard library."""

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from framework.testing.outcome import Outcome, Result

_MARKS = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAILED",
    Outcome.WARNING: "warning",
    Outcome.NOT_CHECKED: "not checked",
}
_NAME_WIDTH = 22
_MARK_WIDTH = 12


def as_lines(result: Result) -> str:
    """One result: its name, its outcome, and the sentence wrapped beside them."""
    left = f"{result.check:{_NAME_WIDTH}}{_MARKS[result.outcome]:{_MARK_WIDTH}}"
    width = max(40, shutil.get_terminal_size((110, 24)).columns - len(left))
    first, *more = textwrap.wrap(result.message, width) or [""]
    return "\n".join([left + first, *(" " * len(left) + line for line in more)])


def summary(results: Sequence[Result]) -> str:
    """The closing line: how many of each outcome, and how long it took."""
    counts = Counter(result.outcome for result in results)
    listed = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return f"{listed or 'nothing checked'}, in {sum(r.seconds for r in results):.0f} s"


def as_json(results: Sequence[Result]) -> str:
    """Every result as a JSON list."""
    return json.dumps([asdict(result) for result in results], indent=2, ensure_ascii=False)
