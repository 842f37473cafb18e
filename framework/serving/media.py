"""Media types: what a request's headers ask for, and what the server can do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from framework.errors import RequestError
from framework.serving.formats import JSON, READERS, WRITERS

CACHED = 256  # headers are short, and callers send the same ones again and again
QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


@dataclass(frozen=True)
class MediaType:
    """A media type in lower case, without parameters, and its parameters."""

    name: str
    parameters: Mapping[str, str]

    @classmethod
    @lru_cache(CACHED)
    def parse(cls, header: str) -> "MediaType":
        """Parse ``text/csv; charset="utf-8"``."""
        name, *rest = header.split(";")
        parameters = {}
        for parameter in rest:
            key, _, value = parameter.partition("=")
            parameters[key.strip().lower()] = value.strip().strip('"')
        return cls(name.strip().lower(), parameters)


def readable(header: str) -> str:
    """The media type of a Content-Type header; without one it is JSON.

    Raises:
        RequestError: 415, naming what can be read.
    """
    name = MediaType.parse(header).name or JSON
    if name not in READERS:
        raise RequestError(
            415, f"The content type '{name:.80}' is not supported. Send {_either(READERS)}."
        )
    return name


@lru_cache(CACHED)
def negotiate(accept: str, content_type: str = JSON, default: str = "") -> str:
    """The media type to answer with, by RFC 9110: the highest q, then the first named.

    Args:
        accept: the Accept header, empty when there is none.
        content_type: media type of the request; answers have the same when they can.
        default: media type that is preferred to the request's own where the caller leaves
            a choice (SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT).

    Raises:
        RequestError: 406, naming what can be written.
    """
    preferred = default or (content_type if content_type in WRITERS else JSON)
    if not accept.strip():
        return preferred
    ranges = [MediaType.parse(part) for part in accept.split(",") if part.strip()]
    candidates = [preferred, *(name for name in WRITERS if name != preferred)]
    best = max(candidates, key=lambda name: _rank(name, ranges))
    if _rank(best, ranges)[0] == 0:
        raise RequestError(
            406, f"No answer can be written as '{accept:.80}'. Accept {_either(WRITERS)}."
        )
    return best


def _rank(name: str, ranges: list[MediaType]) -> tuple[float, int]:
    """(q of the most specific range that covers ``name``, minus its position)."""
    for pattern in (name, f"{name.partition('/')[0]}/*", "*/*"):
        for position, offered in enumerate(ranges):
            if offered.name == pattern:
                return quality(offered), -position
    return 0, 0


def quality(offered: MediaType) -> float:
    """The q of one part of an Accept header; 1 when it has none."""
    written = offered.parameters.get("q", "1")
    return min(1.0, float(written)) if QUALITY.fullmatch(written) else 1.0


def _either(formats: Mapping[str, Any]) -> str:
    """The formats' media types, each by the first of its names."""
    first_names = {module: name for name, module in reversed(formats.items())}
    *others, last = reversed(first_names.values())
    return f"{', '.join(others)} or {last}"
