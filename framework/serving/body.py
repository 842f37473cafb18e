"""Reads one request body, never more of it than the limit allows."""

from typing import BinaryIO

from framework.errors import RequestError
from framework.serving.settings import MEGABYTE

STEP_BYTES = 1024 * 1024


def read_body(stream: BinaryIO, length: int | None, limit: int | None) -> bytes:
    """The whole body.

    Args:
        stream: where it comes from, at its end where the body ends.
        length: what Content-Length says in bytes; None for a chunked body.
        limit: bytes that are allowed; None for any number.

    Raises:
        RequestError: 413 too large, without reading what Content-Length announced; 400 it ended
            early or its chunks are malformed; 408 the client stopped sending.
    """
    refuse_larger(length or 0, limit)
    parts = []
    received = 0
    while part := _read_part(stream):
        parts.append(part)
        received += len(part)
        refuse_larger(received, limit)
    if length is not None and received != length:
        raise RequestError(400, f"The body ended after {received} of {length} bytes.")
    return b"".join(parts)


def refuse_larger(size: int, limit: int | None) -> None:
    """Raise RequestError 413 when ``size`` bytes are more than ``limit``."""
    if limit is not None and size > limit:
        raise RequestError(
            413,
            f"The body is larger than the {limit // MEGABYTE} MB that are allowed. Send fewer rows "
            "per request, or raise SAGEMAKER_MAX_PAYLOAD_IN_MB.",
        )


def not_in_time() -> RequestError:
    """What is told who stops in the middle of a request."""
    return RequestError(408, "The body did not arrive in time.")


def _read_part(stream: BinaryIO) -> bytes:
    try:
        return stream.read(STEP_BYTES)
    except TimeoutError:
        raise not_in_time() from None
    except Exception:
        raise RequestError(400, "The body's chunks are malformed or incomplete.") from None
