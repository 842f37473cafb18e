"""The metric line: how a number in the log becomes a metric of the training job.

    [metric] validation:accuracy=0.9312 step=3

SageMaker runs each metric's regex over the log of every host; the first group is the number.
"""

import re

from framework.errors import ConfigurationError

LONGEST_NAME = 255
LONGEST_REGEX = 500


def metric_line(name: str, value: float, step: int | None = None) -> str:
    """The log line of one metric."""
    line = f"[metric] {name}={float(value)!r}"
    return line if step is None else f"{line} step={step}"


def metric_regex(name: str) -> str:
    """The regex that finds the metric ``name`` in the log.

    Raises:
        ConfigurationError: the name is longer than SageMaker takes, or holds whitespace or "=".
    """
    regex = rf"\[metric\] {re.escape(name)}=(nan|-?inf|[-+0-9.eE]+)"
    if not name or re.search(r"[\s=]", name):
        raise ConfigurationError(
            f"Metric name {name!r} must not be empty nor hold whitespace or '='. "
            "Use a name such as 'validation:accuracy'."
        )
    if len(name) > LONGEST_NAME or len(regex) > LONGEST_REGEX:
        raise ConfigurationError(
            f"Metric name '{name[:40]}…' is too long: SageMaker takes {LONGEST_NAME} characters "
            f"and a regex of {LONGEST_REGEX}."
        )
    return regex
