"""The grid: all servers of a model run at once, and are measured in turn."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import load
from benchmarks.serving.cases import REFERENCE, Case
from benchmarks.serving.figures import Figures
from benchmarks.serving.models import ALGORITHM, Model
from benchmarks.serving.peers.peer import Peer, Request
from benchmarks.serving.processes import inherited
from benchmarks.serving.server import Failed, Server, prepare, running

WARM_UP = -1
SLICE_SECONDS = 1  # the machine's speed changes, so turns are short
INPROCESS = Path(__file__).with_name("inprocess.py")


@dataclass(frozen=True)
class Effort:
    """How often and how long to measure; bodies and logs go to ``scratch``."""

    rounds: int
    seconds: float
    scratch: Path

    @property
    def slices(self) -> int:
        """Turns of a server in a case."""
        return max(1, round(self.rounds * self.seconds / SLICE_SECONDS))


def started(
    peers: Sequence[Peer], model: Model, scratch: Path, stack: ExitStack
) -> tuple[list[Server], dict[str, str]]:
    """Servers that answer rightly, until the stack is closed; and why others do not."""
    servers, reasons = [], {}
    for peer in peers:
        try:
            prepare(peer, model, scratch)
            server = stack.enter_context(running(peer, model, scratch))
            server.wait_for_answer(model.rows(1), next(iter(peer.asks)))
            servers.append(server)
        except Failed as failed:
            reasons[peer.name] = str(failed)
    return servers, reasons


def in_turn(servers: Sequence[Server], number: int) -> list[Server]:
    """Another one is first in each round."""
    first = number % max(1, len(servers))
    return [*servers[first:], *servers[:first]]


def measure(case: Case, servers: Sequence[Server], model: Model, effort: Effort) -> Figures:
    """Check all answers, then measure."""
    figures = Figures()
    asked = {}
    for server in servers:
        try:
            asked[server.peer.name] = _checked(case, server, effort)
        except Failed as failed:
            figures.fail(server.peer.name, str(failed))
    for number in range(WARM_UP, effort.slices):
        for server in in_turn(servers, number):
            name = server.peer.name
            if name in figures.reasons:
                continue
            try:
                seen = load.put_on(server.port, *asked[name], case.connections, SLICE_SECONDS)
            except load.LoadFailed as failed:
                figures.fail(name, str(failed))
                continue
            if number != WARM_UP:
                figures.add(name, vars(seen))
        if case.reference and number != WARM_UP:
            figures.add(REFERENCE, {"p50": _inprocess(case, model, effort)})
    return figures


def _checked(case: Case, server: Server, effort: Effort) -> tuple[Request, list[Path]]:
    """A request of the case and the bodies to send in turn, whose answers are right."""
    if case.form not in server.peer.asks:
        raise Failed(f"does not speak {case.form.upper()}")
    rows = case.requests(server.model)
    server.check(rows, case.form)
    requests = [server.peer.request(one, case.form) for one in rows]
    place = effort.scratch / f"{case.key}-{server.peer.name}"
    return requests[0], load.bodies(requests, place)


def _inprocess(case: Case, model: Model, effort: Effort) -> float:
    files = []
    for number, rows in enumerate(case.requests(model)):
        files.append(effort.scratch / f"{case.key}-{REFERENCE}-{number}")
        files[-1].write_bytes(rows.npy() if case.form == "npy" else rows.csv())
    command = [sys.executable, "-P", str(INPROCESS), str(model.base), str(ALGORITHM)]
    done = subprocess.run(
        [*command, case.reference, str(SLICE_SECONDS), *map(str, files)],
        env=inherited() | {"PYTHONPATH": os.pathsep.join([str(model.framework), str(ALGORITHM)])},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
