"""The grid: what is measured, and what the issue's table demands of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.serving.figures import Bar, Figures
from benchmarks.serving.models import Model
from benchmarks.serving.peers import SERVERS
from benchmarks.serving.rows import Rows

PEERS = tuple(server.name for server in SERVERS if server.name != "ours")
BATCHING = tuple(server.name for server in SERVERS if server.batches and server.name != "ours")
ALONE = tuple(name for name in PEERS if name not in BATCHING)
REFERENCE = "in-process"
BARE = "bare import and load"
FIVE_MEGABYTES = 5_000_000
DIFFERENT_ROWS = 64


@dataclass(frozen=True)
class Case:
    """Some rows in one form at some connections.

    Attributes:
        rows: of one request; 0 for as many as 5 MB of CSV hold.
        reference: what is measured in-process beside it: "", "predict" (without decoding), or
            the form that is decoded.
    """

    key: str
    model: str
    form: str
    rows: int
    connections: int
    bars: tuple[Bar, ...] = ()
    reference: str = ""

    @property
    def title(self) -> str:
        rows = f"{self.rows:,}-row" if self.rows else "5 MB"
        many = "connection" if self.connections == 1 else "connections"
        return f"{self.model}, {rows} {self.form.upper()}, {self.connections} {many}"

    def requests(self, model: Model) -> list[Rows]:
        """Rows of the requests that are sent in turn."""
        if self.rows == 1:
            return model.rows(DIFFERENT_ROWS).split()
        if self.rows:
            return [model.rows(self.rows, seed) for seed in range(2, 6)]
        some = model.rows(1000)
        return [model.rows(FIVE_MEGABYTES * 1000 // len(some.csv()) - 10)]


def rate(aim: float, floor: float, among: tuple[str, ...] = PEERS, whom: str = "peer") -> Bar:
    """Requests per second over those of the best."""
    return Bar(
        f"requests/s of the best {whom}",
        lambda seen: seen.of("ours", "rate") / seen.best("rate", among, highest=True),
        aim,
        floor,
        more=True,
    )


def latency(aim: float, floor: float) -> Bar:
    """Median latency over that of the best peer."""
    return Bar(
        "p50 of the best peer",
        lambda seen: seen.of("ours", "p50") / seen.best("p50", PEERS, highest=False),
        aim,
        floor,
    )


def added(aim: float, floor: float) -> Bar:
    """Milliseconds on top of what the answer takes in-process."""
    return Bar(
        "p50 over in-process", lambda seen: _least(seen)[0] - _least(seen)[1], aim, floor, unit="ms"
    )


def relative(aim: float, floor: float) -> Bar:
    """Median latency over what the answer takes in-process."""
    return Bar("p50 of in-process", lambda seen: _least(seen)[0] / _least(seen)[1], aim, floor)


def _least(seen: Figures) -> tuple[float, float]:
    return seen.of("ours", "p50"), seen.of(REFERENCE, "p50")


def grid() -> Iterator[Case]:
    """Every case of load, in the order of the table."""
    for form in ("csv", "json"):
        yield Case(f"linear-{form}-64", "linear", form, 1, 64, (rate(12, 8),))
        yield Case(f"linear-{form}-8", "linear", form, 1, 8, (rate(8, 5),))
        yield Case(f"linear-{form}-1", "linear", form, 1, 1, (latency(1 / 4, 1 / 2),))
    yield from _large("linear", rate(1.3, 1.1))
    against = (
        rate(20, 10, ALONE, "peer without batching"),
        rate(5, 3, BATCHING, "peer with batching"),
    )
    for form in ("csv", "json"):
        yield Case(f"forest-{form}-64", "forest", form, 1, 64, against)
        yield Case(f"forest-{form}-8", "forest", form, 1, 8)
        yield Case(f"forest-{form}-1", "forest", form, 1, 1, (added(0.3, 0.6),), "predict")
    yield from _large("forest", rate(1.2, 1.1))
    for form in ("csv", "json"):
        yield Case(f"mixed-{form}-64", "mixed", form, 1, 64, (rate(5, 3),))


def _large(model: str, bar: Bar) -> Iterator[Case]:
    yield Case(f"{model}-csv-1000", model, "csv", 1000, 8, (bar,))
    yield Case(f"{model}-csv-5mb", model, "csv", 0, 1, (relative(1.15, 1.25),), "csv")
    yield Case(f"{model}-npy-1000", model, "npy", 1000, 1, (added(0.6, 1.0),), "npy")


PING_BARS = (
    Bar("p99 of /ping", lambda seen: seen.of("ours", "ping p99"), 50, 100, unit="ms"),
    Bar("slowest /ping", lambda seen: max(seen.rounds["ours"]["slowest"]), floor=2000, unit="ms"),
)
START_BARS = (
    Bar(
        "start of the fastest peer",
        lambda seen: seen.of("ours", "seconds") / seen.best("seconds", PEERS, highest=False),
        aim=1,
    ),
    Bar(
        f"{BARE}, 0.5 s taken off",
        lambda seen: (seen.of("ours", "seconds") - 0.5) / seen.of(BARE, "seconds"),
        floor=1.3,
    ),
)


def memory_bar(name: str) -> Bar:
    """The forest binds; the table is reported."""
    limits = (1.15, 1.3) if name == "large" else (None, None)
    return Bar(
        "PSS of one worker's server",
        lambda seen: seen.of("4 workers", "megabytes") / seen.of("1 worker", "megabytes"),
        *limits,
    )
