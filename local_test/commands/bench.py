"""`bench`: how fast the algorithm answers, and how much one instance can be asked."""

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from framework.testing import EXIT_KNOWN, EXIT_OK
from framework.testing.rows import CSV, JSON, NPY, Rows
from local_test import endpoint as endpoints
from local_test import jobs
from local_test.choice import open_cluster
from local_test.commands.arguments import pairs, scratch
from local_test.console import Screen, facts, table
from local_test.errors import BenchError
from local_test.load import Load, put_on

FEW = (1, 8, 64)
LADDER = (1, 2, 4, 8, 16, 32, 64, 128)
MANY_ROWS = 1000
DIFFERENT = 64
SAFETY = 0.5  # of what an instance can do: AWS, "Load testing your auto scaling configuration"
CALLERS_BUSY = 0.9
FIGURES = ("p50", "p99", "ping_p99")


@dataclass(frozen=True)
class Question:
    """Bodies of one form.

    Attributes:
        rows: in each of them; 0 where nobody knows.
    """

    form: str
    rows: int
    bodies: Sequence[bytes]


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    question: Question
    connections: int
    load: Load

    def facts(self) -> dict[str, Any]:
        """For machines."""
        asked = {"form": self.question.form, "rows": self.question.rows}
        seen = asdict(self.load)
        seen |= {name: None for name in FIGURES if isnan(seen[name])}  # NaN is no JSON
        return {**asked, "connections": self.connections, **seen}

    def cells(self) -> tuple[str, ...]:
        """For people."""
        load = self.load
        return (
            self.question.form.rpartition("/")[2],
            f"{self.question.rows:,}" if self.question.rows else "",
            str(self.connections),
            f"{load.rate:,.0f}",
            f"{load.p50:.2f}",
            f"{load.p99:.2f}",
            f"{load.ping_p99:.1f}",
            f"{load.failed:,} ({load.failure})" if load.failed else "0",
        )


def run(options: Namespace, screen: Screen) -> int:
    """Measure; exit code 1 when no load stays within the wanted p99."""
    screen = Screen(options.json, logs=False)
    algorithm = jobs.algorithm_name(options.image, options.algorithm)
    model = jobs.find_model(options.jobs, options.model, algorithm)
    request = endpoints.EndpointRequest(model, pairs(options.env, "--env"), options.startup_seconds)
    with (
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
        endpoints.serving(request, cluster, room / "opt-ml", screen) as endpoint,
    ):
        questions = _questions(options, endpoint)
        for question in questions:
            _refuse_what_fails(endpoint, question)
        measured = list(_grid(options, endpoint, questions, screen))
        ready = endpoint.ready_seconds
    asked = [one for one in measured if one.question is questions[0]]
    capacity = max((one.load.rate for one in asked if _is_within(one, options.p99)), default=0.0)
    _show(options, screen, ready, measured, capacity)
    return EXIT_OK if capacity else EXIT_KNOWN


def _questions(options: Namespace, endpoint: endpoints.Endpoint) -> list[Question]:
    """What is asked: a body that was given, or rows like those of the model's sample."""
    if options.file is not None:
        try:
            return [Question(options.content_type, 0, [options.file.read_bytes()])]
        except OSError as error:
            raise BenchError(f"--file {options.file} cannot be read: {error.strerror}.") from None
    rows = Rows.of_model(endpoint.model)
    if rows is None:
        raise BenchError(
            "There is nothing to ask: the model's manifest.json has no sample. Call "
            "job.describe_input(X) in train, or give a body with --file."
        )
    some = rows.distinct(DIFFERENT)
    return list(_asked(some))


def _asked(rows: Rows) -> Iterator[Question]:
    single = [rows.row(index) for index in range(len(rows))]
    many = rows.cycled(MANY_ROWS)
    if rows.is_flat():
        yield Question(CSV, 1, [one.as_csv() for one in single])
        yield Question(CSV, MANY_ROWS, [many.as_csv()])
    yield Question(JSON, 1, [one.as_json() for one in single])
    yield Question(JSON, MANY_ROWS, [many.as_json()])
    if rows.numeric:
        yield Question(NPY, MANY_ROWS, [many.as_npy()])


def _refuse_what_fails(endpoint: endpoints.Endpoint, question: Question) -> None:
    try:
        reply = endpoint.client.invoke(question.bodies[0], question.form)
    except OSError as error:
        raise BenchError(
            f"{question.form} is not answered, so there is nothing to measure: {error}"
        ) from None
    if reply.status != 200:
        raise BenchError(
            f"{question.form} is answered with {reply.status}, so there is nothing to measure: "
            f"{reply.text[:300]}"
        )


def _grid(
    options: Namespace,
    endpoint: endpoints.Endpoint,
    questions: Sequence[Question],
    screen: Screen,
) -> Iterator[Measured]:
    """Every question at several loads; the first, of which the capacity is told, at all."""
    for question in questions:
        few = FEW if question.rows <= 1 else FEW[:2]
        for connections in LADDER if question is questions[0] else few:
            yield _measure(options, endpoint, question, connections, screen)


def _measure(
    options: Namespace,
    endpoint: endpoints.Endpoint,
    question: Question,
    connections: int,
    screen: Screen,
) -> Measured:
    rows = f", {question.rows:,} rows" if question.rows else ""
    with screen.waiting(f"{question.form}{rows}, {connections} connections"):
        load = put_on(endpoint.client, question.bodies, question.form, connections, options.seconds)
    return Measured(question, connections, load)


def _is_within(measured: Measured, p99: float) -> bool:
    return not measured.load.failed and measured.load.p99 <= p99


def _show(
    options: Namespace,
    screen: Screen,
    ready: float,
    measured: Sequence[Measured],
    capacity: float,
) -> None:
    per_minute = int(capacity * SAFETY * 60)
    known = {
        "cpus": os.cpu_count(),
        "ready_seconds": round(ready, 2),
        "p99_target_ms": options.p99,
        "requests_per_second": round(capacity, 1),
        "invocations_per_minute": per_minute,
    }
    columns = (
        "form",
        "rows",
        "clients",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "/ping p99 ms",
        "failed",
    )
    said = f"{capacity:,.0f} requests/s at a p99 of at most {options.p99:g} ms"
    if not capacity:
        said = f"none: not even one connection keeps the p99 within {options.p99:g} ms"
    shown = {
        "ready after": f"{ready:.1f} s",
        "capacity": f"{said}, on this machine's {os.cpu_count()} CPUs, which also ask",
        "scaling": f"invocations_per_minute = {per_minute}: half of the capacity, for a minute",
    }
    cases = [one.facts() for one in measured]
    screen.result(
        {**known, "cases": cases},
        [table("Load", columns, [one.cells() for one in measured]), facts("Instance", shown)],
    )
    if any(one.load.busy > CALLERS_BUSY for one in measured):
        screen.warn(
            "Where most was answered, the callers were the limit, not the server: it can do more."
        )
