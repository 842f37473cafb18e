"""The server's own decoding and encoding of bodies, by content type and schema."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.invocation import Invocation
from framework.schema import InputSchema
from framework.serving import untyped
from framework.serving.answers import plain
from framework.serving.formats import LINES, PIECEWISE, READERS, WRITERS, matrix
from framework.serving.media import MediaType, negotiate, readable
from framework.table import Table


class ServerCodec:
    """Implements framework.predictor.Codec.

    Args:
        schema: what the model was trained on; None when the artifact does not say, and
            then numbers become a float64 array and anything else a DataFrame.
    """

    def __init__(self, schema: InputSchema | None):
        self.schema = schema

    def decode(self, body: bytes, invocation: Invocation) -> Any:
        """The rows of the body, as ``predict`` takes them.

        Raises:
            RequestError: 415 unknown content type or charset, 400 bad syntax, 422 rows that
                do not fit the schema.
        """
        table = self.read(body, invocation)
        return untyped.conform(table) if self.schema is None else self.schema.conform(table)

    def encode(self, answers: Any, invocation: Invocation) -> bytes | Iterator[bytes]:
        """The answers as ``invocation.accept``; in pieces, where they are an iterator.

        Raises:
            RequestError: 500 when the answers are nothing that can be written, 406 when
                they cannot be written in this type.
        """
        if not isinstance(answers, Iterator):
            return self.write(plain(answers), invocation)
        accept = negotiate(invocation.accept)
        if accept in PIECEWISE:
            return PIECEWISE[accept](plain([answer])[0] for answer in answers)
        return self.write(plain(list(answers)), invocation)

    def read(self, body: bytes, invocation: Invocation) -> Table:
        """The first half of ``decode``: the rows as they came.

        Raises:
            RequestError: 415 unknown content type or charset, 400 bad syntax.
        """
        read = READERS[readable(invocation.content_type)]
        lines = self._lines([body], invocation)
        table = self._numbers(lines[0]) if lines else None
        return table or read(body, _parameters(invocation), self.schema)

    def read_together(
        self, bodies: Sequence[bytes], invocation: Invocation
    ) -> tuple[Table, list[int]] | None:
        """Bodies of one content type at once: all rows, and how many each has.

        None where that cannot be, and each is to be read by itself.
        """
        lines = self._lines(bodies, invocation)
        table = self._numbers(matrix.joined(lines)) if lines else None
        return (table, list(map(matrix.line_count, lines))) if table else None

    def write(self, answers: list[Any], invocation: Invocation) -> bytes:
        """The second half of ``encode``: plain answers as ``invocation.accept``.

        Raises:
            RequestError: 406, when they cannot be written in this type.
        """
        return WRITERS[negotiate(invocation.accept)](answers)

    def _lines(self, bodies: Sequence[bytes], invocation: Invocation) -> list[bytes] | None:
        """The bodies as lines that may be plain numbers, if all can be that."""
        lines_of = LINES.get(readable(invocation.content_type))
        if lines_of is None or self.schema is None or not self.schema.largest_float:
            return None
        parameters = _parameters(invocation)
        lines = [lines_of(body, parameters) for body in bodies]
        return None if None in lines else lines

    def _numbers(self, lines: bytes) -> Table | None:
        values = matrix.of_lines(lines, self.schema.width, self.schema.largest_float)
        return None if values is None else Table(values, checked=True)


def _parameters(invocation: Invocation) -> Mapping[str, str]:
    return MediaType.parse(invocation.headers.get("content-type", "")).parameters
