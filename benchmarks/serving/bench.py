"""One run: some servers, some cases."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.serving import load, memory, probes, rounds, starts
from benchmarks.serving.cases import (
    BARE,
    PING_BARS,
    START_BARS,
    Case,
    grid,
    memory_bar,
)
from benchmarks.serving.figures import Bar, Figures
from benchmarks.serving.models import Model, trained
from benchmarks.serving.peers.peer import Peer
from benchmarks.serving.report import Result
from benchmarks.serving.rounds import Effort
from benchmarks.serving.server import Failed, Server, prepare

LARGE = {"large": "forest of many classes", "lookup": "table of dictionaries"}


class Bench:
    """Measures one tree of the framework beside its peers.

    Args:
        framework: directory of the tree.
        reasons: server that should be among ``peers`` → why it is not.
    """

    def __init__(
        self, framework: Path, effort: Effort, peers: Sequence[Peer], reasons: Mapping[str, str]
    ):
        self._framework = framework
        self._effort = effort
        self._peers = peers
        self._reasons = reasons

    def results(self, only: Collection[str], gigabytes: float) -> Iterator[Result]:
        """One case after the other.

        Args:
            only: names of cases, or how they begin; empty for all.
            gigabytes: size of the models of the memory cases.
        """

        def wanted(key: str) -> bool:
            return not only or any(f"{key}-".startswith(f"{beginning}-") for beginning in only)

        for name in ("linear", "forest", "mixed"):
            cases = [case for case in grid() if case.model == name and wanted(case.key)]
            pings = name == "forest" and wanted("ping")
            starting = name == "linear" and wanted("start")
            if not (cases or pings or starting):
                continue
            model = self._trained(name)
            if cases or pings:
                yield from self._loads(cases, model, pings)
            if starting:
                yield self._starts(model)
        for name, title in LARGE.items():
            if wanted(f"memory-{name}"):
                model = self._trained(name, gigabytes)
                yield self._memory(model, f"{gigabytes:g} GB {title}")

    def _loads(self, cases: Sequence[Case], model: Model, pings: bool) -> Iterator[Result]:
        with ExitStack() as stack:
            servers, reasons = rounds.started(self._peers, model, self._effort.scratch, stack)
            for case in cases:
                seen = rounds.measure(case, servers, model, self._effort)
                yield self._result(case.key, case.title, seen, case.bars, reasons)
            if pings:
                seen = Figures()
                for number in range(self._effort.rounds):
                    for server in rounds.in_turn(servers, number):
                        self._ping(server, seen)
                title = f"forest, /ping beside {probes.CONNECTIONS} connections"
                yield self._result("ping", title, seen, PING_BARS, reasons)

    def _ping(self, server: Server, seen: Figures) -> None:
        name, form = server.peer.name, next(iter(server.peer.asks))
        if name in seen.reasons:
            return
        try:
            found = probes.measure(server, form, self._effort.seconds, self._effort.scratch)
            seen.add(name, found)
        except load.LoadFailed as failed:
            seen.fail(name, str(failed))

    def _starts(self, model: Model) -> Result:
        seen = Figures()
        for number in range(self._effort.rounds):
            seen.add(BARE, starts.bare(model))
            for peer in self._peers:
                if peer.name in seen.reasons:
                    continue
                try:
                    if number == 0:
                        prepare(peer, model, self._effort.scratch)
                    seen.add(peer.name, starts.measure(peer, model, self._effort.scratch))
                except Failed as failed:
                    seen.fail(peer.name, str(failed))
        return self._result("start", "linear, start to first right answer", seen, START_BARS, {})

    def _memory(self, model: Model, title: str) -> Result:
        seen, effort = Figures(), self._effort
        for _ in range(effort.rounds):
            for workers, name in ((1, "1 worker"), (4, "4 workers")):
                if name in seen.reasons:
                    continue
                try:
                    seen.add(name, memory.measure(workers, model, effort.seconds, effort.scratch))
                except (Failed, load.LoadFailed) as failed:
                    seen.fail(name, str(failed))
        return Result(f"memory-{model.name}", title, seen, [memory_bar(model.name).judged(seen)])

    def _result(
        self,
        key: str,
        title: str,
        seen: Figures,
        bars: Sequence[Bar],
        reasons: Mapping[str, str],
    ) -> Result:
        """The case with everyone in it, measured or not."""
        seen.reasons |= {**self._reasons, **reasons}
        return Result(key, title, seen, [bar.judged(seen) for bar in bars])

    def _trained(self, name: str, gigabytes: float = 1) -> Model:
        return trained(name, self._framework, self._effort.scratch / f"model-{name}", gigabytes)
