"""Metrics in a training log, found by the regex that docs/contract.md gives SageMaker."""

import re
from collections.abc import Iterable
from pathlib import Path

METRIC = re.compile(r"\[metric\] (\S+?)=(nan|-?inf|[-+0-9.eE]+)")


def last_values(logs: Iterable[Path]) -> dict[str, float]:
    """The last value of every metric, as DescribeTrainingJob lists them."""
    values = {}
    for log in logs:
        for name, value in METRIC.findall(log.read_text(encoding="utf-8", errors="replace")):
            values[name] = float(value)
    return values
