"""The server's own decoding and encoding of bodies, by content type and schema."""

from collections.abc import Iterator
from typing import Any

from framework.invocation import Invocation
from framework.schema import InputSchema
from framework.serving import untyped
from framework.serving.answers import plain
from framework.serving.formats import PIECEWISE, READERS, WRITERS
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
        parameters = MediaType.parse(invocation.headers.get("content-type", "")).parameters
        return read(body, parameters, self.schema)

    def write(self, answers: list[Any], invocation: Invocation) -> bytes:
        """The second half of ``encode``: plain answers as ``invocation.accept``.

        Raises:
            RequestError: 406, when they cannot be written in this type.
        """
        return WRITERS[negotiate(invocation.accept)](answers)
