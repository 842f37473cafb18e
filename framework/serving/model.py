"""A loaded model: answers bodies, warms up, says whether it is well."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from framework.algorithm import Algorithm
from framework.difference import difference
from framework.errors import ArtifactError, FrameworkError, RequestError
from framework.garbage import seldom_collected
from framework.invocation import AskedAlone, Invocation, answering, answering_together
from framework.manifest import Manifest
from framework.predictor import Predictor
from framework.schema import SampleRequest
from framework.serving.answers import plain, row_count
from framework.serving.codec import ServerCodec
from framework.serving.formats import JSON
from framework.serving.media import MediaType, negotiate, quality, readable
from framework.table import Table

Took = Callable[[str, float], None]


class Answer(NamedTuple):
    """The answer to one body.

    Attributes:
        body: as it is sent; its first piece, where that was asked for.
        rest: makes the other pieces; None when ``body`` is all.
        rows: how many rows were asked about; None where that cannot be told.
        values: what predict returned.
    """

    body: bytes
    rows: int | None
    values: Any
    rest: Iterator[bytes] | None = None


@dataclass(frozen=True)
class ServedModel:
    """A predictor with its model loaded.

    Attributes:
        manifest: what the artifact says about itself, if it does.
    """

    predictor: Predictor
    manifest: Manifest | None = None

    @property
    def sample(self) -> SampleRequest | None:
        """The request that the training job recorded, if it did."""
        return self.manifest.sample if self.manifest else None

    @classmethod
    def load(cls, algorithm: Algorithm, model_dir: Path) -> "ServedModel":
        """Import the algorithm's predictor and let it load its model.

        Raises:
            ArtifactError: there is no model, or it cannot be loaded.
            FrameworkError: what the predictor itself raised on purpose.
        """
        predictor = algorithm.predictor_class()()
        manifest = Manifest.read(model_dir)
        predictor.codec = ServerCodec(manifest.input if manifest else None)
        try:
            with seldom_collected():
                predictor.model = predictor.load(model_dir)
        except FrameworkError:
            raise
        except (Exception, SystemExit) as error:
            raise ArtifactError(
                f"{type(predictor).__name__} cannot load the model in {model_dir}: "
                f"{with_place(error)}. Load it with the code and the packages that "
                "trained it, from files in that directory only."
            ) from error
        return cls(predictor, manifest)

    def invocation(self, headers: Mapping[str, str], default_accept: str = "") -> Invocation:
        """What a request with these headers asks for; their names are in lower case.

        A predictor with its own ``decode`` or ``encode`` may read or write any type.

        Raises:
            RequestError: 415 or 406, for a type that the server cannot read or write.
        """
        sent, accept = headers.get("content-type", ""), headers.get("accept", "")
        content_type = MediaType.parse(sent or JSON).name if self.own("decode") else readable(sent)
        chosen = _first_choice(accept) if self.own("encode") else ""
        return Invocation(
            content_type=content_type,
            accept=chosen or negotiate(accept, content_type, default_accept),
            headers=headers,
        )

    def answer(
        self,
        body: bytes,
        invocation: Invocation,
        took: Took = lambda _stage, _seconds: None,
        in_pieces: bool = False,
    ) -> Answer:
        """Decode, predict and encode one body.

        Args:
            took: is told the seconds of each stage.
            in_pieces: what a predictor yields, or its ``encode``, is not made yet but for the
                first piece.

        Raises:
            RequestError: with the status that the caller gets.
        """
        began = time.perf_counter()
        with answering(invocation):
            data = self.predictor.decode(body, invocation)
            decoded = time.perf_counter()
            values = self.predict(data)
            if isinstance(values, Iterator) and not in_pieces:
                values = list(values)
            predicted = time.perf_counter()
            encoded = self.predictor.encode(values, invocation)
            rest = None
            if isinstance(encoded, Iterator):
                pieces = _pieces(encoded)
                encoded = next(pieces, b"") if in_pieces else b"".join(pieces)
                rest = pieces if in_pieces else None
        took("decode", decoded - began)
        took("predict", predicted - decoded)
        took("encode", time.perf_counter() - predicted)
        return Answer(_as_bytes(encoded), row_count(data), values, rest)

    def answer_sample(self) -> Answer | None:
        """Answer the sample request, None when the artifact has none.

        Raises:
            ArtifactError: the model cannot answer it.
        """
        if self.sample is None:
            return None
        try:
            invocation = self.invocation({"content-type": self.sample.content_type})
            return self.answer(self.sample.body.encode(), invocation)
        except Exception as error:
            raise ArtifactError(
                "The model does not answer the sample request in its manifest.json: "
                f"{with_place(error)}."
            ) from error

    def may_answer_together(self) -> bool:
        """Whether rows of several requests may be predicted by one call.

        They may where the server decodes and encodes, and the sample's rows get the same answers
        together as alone.
        """
        predictor, codec = self.predictor, self.predictor.codec
        if predictor.max_batch_rows < 1 or self.own("decode") or self.own("encode"):
            return False
        manifest = self.manifest
        if manifest is None or None in (manifest.input, manifest.sample, manifest.golden):
            return False
        sample = manifest.sample
        invocation = self.invocation({"content-type": sample.content_type})
        table = codec.read(sample.body.encode(), invocation)
        two = table.part(0, 2) if len(table) > 1 else Table.join([table, table])
        try:
            with answering_together():
                together, first, second = (
                    plain(self.predict(codec.schema.conform(rows)))
                    for rows in (two, two.part(0, 1), two.part(1, 2))
                )
        except (Exception, AskedAlone):
            return False
        return not difference([*first, *second], together, manifest.golden.tolerance)

    def predict(self, data: Any) -> Any:
        """One answer per row of ``data``, counted wherever the server sees rows.

        An algorithm with its own ``decode`` and ``encode`` may answer in any shape. What is
        yielded is counted at its end.
        """
        answers = self.predictor.predict(data)
        if isinstance(answers, Iterator):
            return answers if self.own("encode") else _counted(answers, row_count(data))
        rows, count = row_count(data), row_count(answers)
        own_shape = self.own("encode") and (self.own("decode") or count is None)
        if rows is not None and count != rows and not own_shape:
            given = f"{count} answers" if count is not None else f"one {type(answers).__name__}"
            raise RequestError(
                500,
                f"The predictor returned {given} for {rows} rows. "
                "predict must return a list or an array with one answer per row.",
            )
        return answers

    def trouble(self) -> str:
        """Why the predictor cannot answer now; empty when it can."""
        try:
            return "" if self.predictor.ready() else "The predictor says it is not ready."
        except Exception as error:
            return f"The predictor's readiness check failed ({type(error).__name__})."

    def own(self, method: str) -> bool:
        """Whether the algorithm replaces ``decode`` or ``encode`` of Predictor."""
        return method in self._own

    @cached_property
    def _own(self) -> set[str]:
        def function(method: str) -> Any:
            return getattr(getattr(self.predictor, method), "__func__", None)

        return {
            name for name in ("decode", "encode") if function(name) is not vars(Predictor)[name]
        }


def _counted(answers: Iterator[Any], rows: int | None) -> Iterator[Any]:
    count = 0
    for answer in answers:
        count += 1
        yield answer
    if rows is not None and count != rows:
        raise RequestError(500, f"The predictor yielded {count} answers for {rows} rows.")


def _pieces(encoded: Iterator[Any]) -> Iterator[bytes]:
    for piece in encoded:
        if piece:
            yield _as_bytes(piece)


def _as_bytes(encoded: Any) -> Any:
    return encoded.encode() if isinstance(encoded, str) else encoded


def with_place(error: BaseException) -> str:
    """What went wrong and in which line, in one sentence without a full stop."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = str(error).rstrip(".")
    if isinstance(error, FrameworkError):
        return message
    place = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
    return f"{type(error).__name__}: {message} ({place})"


def _first_choice(accept: str) -> str:
    """The type that an Accept header likes best; empty when it leaves the choice."""
    offers = [MediaType.parse(part) for part in accept.split(",") if part.strip()]
    named = [offer for offer in offers if "*" not in offer.name]
    return max(named, key=quality).name if named else ""
