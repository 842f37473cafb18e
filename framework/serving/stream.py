"""An answer that is sent while it is made, piece by piece."""

from collections.abc import Iterator

from framework.invocation import Invocation, answering
from framework.serving import log
from framework.serving.pipeline import Pipeline


class Stream:
    """The pieces of one answer. The pipeline makes each when the client has taken the one before.

    Other invocations get their turn in between. What goes wrong after the first piece ends the
    connection without the end of the body, so that the client can tell.

    Args:
        first: the piece that is there.
        rest: makes the others.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        invocation: Invocation,
        first: bytes,
        rest: Iterator[bytes],
        request_id: str,
    ):
        self._pipeline = pipeline
        self._invocation = invocation
        self._first = first
        self._rest = rest
        self._request_id = request_id

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        try:
            while piece := self._pipeline.run(self._next, self._pipeline.due()):
                yield piece
        except Exception as error:
            log.failure("the answer broke off", error, request_id=self._request_id)
            raise

    def close(self) -> None:
        """Let the predictor end, wherever it is; also when nobody has read a piece."""
        self._pipeline.call(self._rest.close)

    def _next(self) -> bytes:
        with answering(self._invocation):
            return next(self._rest, b"")
