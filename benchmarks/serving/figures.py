"""Figures of one case, and the bars that they are held to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

Value = Mapping[str, float]


@dataclass
class Figures:
    """What was measured in one case.

    Attributes:
        rounds: server → figure → a value per round.
        reasons: server → why it has no figures.
    """

    rounds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, server: str, values: Value) -> None:
        """The values of one round."""
        known = self.rounds.setdefault(server, {})
        for name, value in values.items():
            known.setdefault(name, []).append(value)

    def fail(self, server: str, reason: str) -> None:
        """From now on the server has no figures in this case."""
        self.rounds.pop(server, None)
        self.reasons[server] = reason

    def of(self, server: str, figure: str) -> float:
        """The median over the rounds; raises KeyError without one."""
        return median(self.rounds[server][figure])

    def best(self, figure: str, servers: tuple[str, ...], highest: bool) -> float:
        """The best median among those servers that have one; raises ValueError without any."""
        found = [self.of(name, figure) for name in servers if name in self.rounds]
        return max(found) if highest else min(found)


@dataclass(frozen=True)
class Bar:
    """Something that the issue's table demands of ours.

    Attributes:
        what: the value in words.
        value: the value from the figures.
        aim: the best that is hoped for; None when there is none.
        floor: what must hold.
        more: whether more is better.
        unit: behind the number; "times" for ratios.
    """

    what: str
    value: Callable[[Figures], float]
    aim: float | None = None
    floor: float | None = None
    more: bool = False
    unit: str = "times"

    def judged(self, figures: Figures) -> "Judged":
        try:
            value = self.value(figures)
        except (KeyError, ValueError):
            return Judged(self, None)
        return Judged(self, value)


@dataclass(frozen=True)
class Judged:
    """A bar and the value that was measured, None without one."""

    bar: Bar
    value: float | None

    @property
    def aim(self) -> str:
        return self._verdict(self.bar.aim)

    @property
    def floor(self) -> str:
        return self._verdict(self.bar.floor)

    @property
    def failed(self) -> bool:
        """Whether a floor is missed."""
        return self.floor == "MISSED"

    def _verdict(self, limit: float | None) -> str:
        if limit is None:
            return ""
        if self.value is None:
            return "not measured"
        held = self.value >= limit if self.bar.more else self.value <= limit
        return "held" if held else "MISSED"
