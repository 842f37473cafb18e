"""Several requests answered by one call of predict, each as if it had come alone."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from framework.invocation import AskedAlone, Invocation, answering_together
from framework.serving import log
from framework.serving.answers import plain
from framework.serving.model import Answer, ServedModel
from framework.serving.telemetry import Telemetry
from framework.table import Table

Outcome = Answer | Exception


@dataclass(slots=True)
class Asked:
    """The body of one request, and what its headers ask for."""

    body: bytes
    invocation: Invocation


class Share(NamedTuple):
    """What a request has in the rows of several: its place among them, and how many are its."""

    index: int
    rows: int


@dataclass(slots=True)
class Lot:
    """Rows of several requests, one request's after the other's."""

    table: Table
    shares: list[Share]

    @classmethod
    def join(cls, lots: "Sequence[Lot]") -> "Lot":
        """One lot of several whose tables are of one kind."""
        if len(lots) == 1:
            return lots[0]
        table = Table.join([lot.table for lot in lots])
        return cls(table, [share for lot in lots for share in lot.shares])

    def each(self) -> "list[Lot]":
        """Each request by itself."""
        return list(self.of_at_most(0))

    def of_at_most(self, rows: int) -> "Iterator[Lot]":
        """Lots of so many rows, or of one request that has more."""
        start = end = first = 0
        for place, share in enumerate(self.shares):
            if place > first and end + share.rows - start > rows:
                yield Lot(self.table.part(start, end), self.shares[first:place])
                start, first = end, place
            end += share.rows
        yield Lot(self.table.part(start, end), self.shares[first:]) if first else self

    def halves(self) -> "tuple[Lot, Lot]":
        """Two lots of half of the requests."""
        half = len(self.shares) // 2
        rows = sum(share.rows for share in self.shares[:half])
        return (
            Lot(self.table.part(0, rows), self.shares[:half]),
            Lot(self.table.part(rows, len(self.table)), self.shares[half:]),
        )


class Batches:
    """Answers what was asked at the same time.

    A fault reaches only the request that has it: what cannot be decoded is left out, and a
    prediction that fails is repeated with half of the requests until the one is found.

    Args:
        allowed: whether the model may answer rows of several requests by one call; an attribute
            from then on.
    """

    def __init__(self, model: ServedModel, telemetry: Telemetry, allowed: bool):
        self._model = model
        self._telemetry = telemetry
        self._codec = model.predictor.codec
        self.allowed = allowed

    def answer(self, asked: Sequence[Asked]) -> list[Outcome]:
        """One outcome for each, in order."""
        if len(asked) == 1 or not self.allowed:
            return [self._alone(one) for one in asked]
        outcomes: dict[int, Outcome] = {}
        try:
            for indexes in _by_content_type(asked):
                self._answer_type(indexes, asked, outcomes)
        except AskedAlone:
            self.allowed = False
            log.info("requests are answered one by one, because predict asks which one it answers")
            return [self._alone(one) for one in asked]
        return [outcomes[index] for index in range(len(asked))]

    def _alone(self, one: Asked) -> Outcome:
        try:
            answer = self._model.answer(one.body, one.invocation, self._telemetry.took)
            self._telemetry.predicted(1, answer.rows or 0)
            return answer
        except Exception as error:
            return error
        except BaseException as end:  # sys.exit() in an algorithm must not end the worker
            return RuntimeError(f"it raised {end!r}")

    def _answer_type(
        self, indexes: list[int], asked: Sequence[Asked], outcomes: dict[int, Outcome]
    ) -> None:
        """Answer those of one content type."""
        if len(indexes) == 1:
            outcomes[indexes[0]] = self._alone(asked[indexes[0]])
            return
        began = time.perf_counter()
        lots = self._lots(indexes, asked, outcomes)
        self._telemetry.took("decode", time.perf_counter() - began)
        for lot in lots:
            for part in lot.of_at_most(self._model.predictor.max_batch_rows):
                self._answer_lot(part, asked, outcomes)

    def _lots(
        self, indexes: list[int], asked: Sequence[Asked], outcomes: dict[int, Outcome]
    ) -> list[Lot]:
        """All rows that can be decoded; what cannot be has its outcome."""
        bodies = [asked[index].body for index in indexes]
        if together := self._codec.read_together(bodies, asked[indexes[0]].invocation):
            table, rows = together
            return [Lot(table, list(map(Share, indexes, rows)))]
        of_kind: dict[Any, list[Lot]] = defaultdict(list)
        for index in indexes:
            try:
                table = self._codec.read(asked[index].body, asked[index].invocation)
            except Exception as error:
                outcomes[index] = error
                continue
            kind = _kind(table) if len(table) else index  # no rows are a fault of this one alone
            of_kind[kind].append(Lot(table, [Share(index, len(table))]))
        return list(map(Lot.join, of_kind.values()))

    def _answer_lot(self, lot: Lot, asked: Sequence[Asked], outcomes: dict[int, Outcome]) -> None:
        if len(lot.shares) == 1:
            index = lot.shares[0].index
            outcomes[index] = self._alone(asked[index])
            return
        try:
            data = self._codec.schema.conform(lot.table)
        except Exception:
            self._answer_fitting(lot, asked, outcomes)
            return
        began = time.perf_counter()
        try:
            with answering_together():
                values = plain(self._model.predict(data))
        except AskedAlone:
            raise
        except BaseException:  # also sys.exit()
            for half in lot.halves():
                self._answer_lot(half, asked, outcomes)
            return
        predicted = time.perf_counter()
        self._telemetry.took("predict", predicted - began)
        self._telemetry.predicted(len(lot.shares), len(values))
        start = 0
        for index, rows in lot.shares:
            end = start + rows
            outcomes[index] = self._encoded(values[start:end], asked[index].invocation)
            start = end
        self._telemetry.took("encode", time.perf_counter() - predicted)

    def _answer_fitting(
        self, lot: Lot, asked: Sequence[Asked], outcomes: dict[int, Outcome]
    ) -> None:
        """Answer what fits the schema; the rest has its outcome."""
        each = lot.each()
        fitting = [one for one in each if self._fits(one, outcomes)]
        if not fitting:
            return
        if len(fitting) < len(each):
            fitting = [Lot.join(fitting)]
        for one in fitting:  # what fits alone only, is alone
            self._answer_lot(one, asked, outcomes)

    def _fits(self, lot: Lot, outcomes: dict[int, Outcome]) -> bool:
        try:
            self._codec.schema.conform(lot.table)
        except Exception as error:
            outcomes[lot.shares[0].index] = error
            return False
        return True

    def _encoded(self, values: list[Any], invocation: Invocation) -> Outcome:
        try:
            return Answer(self._codec.write(values, invocation), len(values), values)
        except Exception as error:
            return error


def _by_content_type(asked: Sequence[Asked]) -> Iterable[list[int]]:
    """Their places among all that are asked."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(asked):
        places[one.invocation.headers.get("content-type", "")].append(index)
    return places.values()


def _kind(table: Table) -> Any:
    """Tables of one kind can be joined."""
    names = tuple(table.names) if table.names is not None else None
    shape = getattr(table.rows, "shape", None)
    return names, table.textual, table.checked, shape and (shape[1:], table.rows.dtype.str)
