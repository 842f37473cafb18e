"""Several requests answered by one call of predict, each as if it had come alone."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
        began = time.perf_counter()
        outcomes: dict[int, Outcome] = {}
        groups: dict[Any, list[tuple[int, Table]]] = {}
        for index, one in enumerate(asked):
            try:
                table = self._codec.read(one.body, one.invocation)
            except Exception as error:
                outcomes[index] = error
                continue
            kind = _kind(table) if len(table) else index  # no rows are a fault of this one alone
            groups.setdefault(kind, []).append((index, table))
        self._telemetry.took("decode", time.perf_counter() - began)
        try:
            for members in groups.values():
                for part in self._parts(members):
                    self._answer_part(part, asked, outcomes)
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

    def _parts(self, members: list[tuple[int, Table]]) -> Iterable[list[tuple[int, Table]]]:
        """The members in parts of no more rows than the predictor takes at once."""
        part, rows = [], 0
        for member in members:
            if part and rows + len(member[1]) > self._model.predictor.max_batch_rows:
                yield part
                part, rows = [], 0
            part.append(member)
            rows += len(member[1])
        yield part

    def _answer_part(
        self, part: list[tuple[int, Table]], asked: Sequence[Asked], outcomes: dict[int, Outcome]
    ) -> None:
        if len(part) == 1:
            ((index, _),) = part
            outcomes[index] = self._alone(asked[index])
            return
        try:
            data = self._codec.schema.conform(Table.join([table for _, table in part]))
        except Exception:
            fitting = [member for member in part if self._fits(member, outcomes)]
            size = len(part) if len(fitting) < len(part) else 1  # what fits alone only, is alone
            for start in range(0, len(fitting), size):
                self._answer_part(fitting[start : start + size], asked, outcomes)
            return
        began = time.perf_counter()
        try:
            with answering_together():
                values = plain(self._model.predict(data))
        except AskedAlone:
            raise
        except BaseException:  # also sys.exit()
            half = len(part) // 2
            self._answer_part(part[:half], asked, outcomes)
            self._answer_part(part[half:], asked, outcomes)
            return
        predicted = time.perf_counter()
        self._telemetry.took("predict", predicted - began)
        self._telemetry.predicted(len(part), len(values))
        start = 0
        for index, table in part:
            end = start + len(table)
            outcomes[index] = self._encoded(values[start:end], asked[index].invocation)
            start = end
        self._telemetry.took("encode", time.perf_counter() - predicted)

    def _fits(self, member: tuple[int, Table], outcomes: dict[int, Outcome]) -> bool:
        index, table = member
        try:
            self._codec.schema.conform(table)
        except Exception as error:
            outcomes[index] = error
            return False
        return True

    def _encoded(self, values: list[Any], invocation: Invocation) -> Outcome:
        try:
            return Answer(self._codec.write(values, invocation), len(values), values)
        except Exception as error:
            return error


def _kind(table: Table) -> Any:
    """Tables of one kind can be joined."""
    names = tuple(table.names) if table.names is not None else None
    shape = getattr(table.rows, "shape", None)
    return names, table.textual, table.checked, shape and (shape[1:], table.rows.dtype.str)
