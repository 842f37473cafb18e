"""One JSON object per line on stdout: what happened, and to which request."""

import json
import logging
import sys
import time
from collections import Counter
from typing import Any

LINES_A_SECOND = 20
LOGGER = logging.getLogger("framework.serving")


class JsonLine(logging.Formatter):
    """Formats every record, also those of libraries and of the algorithm, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.name != LOGGER.name:
            line["logger"] = record.name
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Send everything that is logged in this process, and in its forks, to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)


class Sparing:
    """Writes a line for each of the first invocations in a second, and a number for the rest.

    A line costs more than many predictions do, and thousands a second are read by nobody. What is
    left out is counted, and the metrics have all of it.

    Args:
        lines: to write in one second, of each level.
    """

    def __init__(self, lines: int = LINES_A_SECOND):
        self._lines = lines
        self._second = 0
        self._written: Counter[int] = Counter()
        self._left_out: Counter[int] = Counter()

    def has_room(self, status: int) -> bool:
        """Whether to write a line for one more invocation; for callers of any thread."""
        kind = status // 100
        if (second := int(time.monotonic())) != self._second:
            self._second = second
            self._written.clear()
        self._written[kind] += 1
        if self._written[kind] > self._lines:
            self._left_out[kind] += 1
            return False
        return True

    def left_out(self, status: int) -> dict[str, int]:
        """What the line is to say of the invocations before it that have none."""
        left_out = self._left_out.pop(status // 100, 0)
        return {"left_out": left_out} if left_out else {}


def info(event: str, **fields: Any) -> None:
    LOGGER.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    LOGGER.warning(event, extra={"fields": fields})


def error(event: str, **fields: Any) -> None:
    LOGGER.error(event, extra={"fields": fields})


def failure(event: str, error: BaseException, **fields: Any) -> None:
    """Log an error with its cause in one sentence and its traceback."""
    cause = f"{type(error).__name__}: {error}"
    LOGGER.error(event, exc_info=error, extra={"fields": {"cause": cause, **fields}})


def _utc(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
