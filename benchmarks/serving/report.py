"""The table, the plot and the JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.figures import Figures, Judged
from benchmarks.serving.peers import SERVERS
from benchmarks.serving.peers.peer import Peer

TITLES = {server.name: server.title for server in SERVERS}
ERRORS = ("refused", "broken")


@dataclass(frozen=True)
class Result:
    """One case: what was measured, and what that means."""

    key: str
    title: str
    figures: Figures
    judged: Sequence[Judged]

    @property
    def failed(self) -> bool:
        """Whether a floor is missed, or ours could not be measured."""
        return "ours" in self.figures.reasons or any(one.failed for one in self.judged)

    def text(self) -> str:
        """A line per server and a line per bar."""
        columns = list(
            dict.fromkeys(name for seen in self.figures.rounds.values() for name in seen)
        )
        head = "".join(f"{_head(name):>13}" for name in columns)
        lines = [f"\n{self.title:36}{head}"]
        for server in self.figures.rounds:
            cells = "".join(f"{self._cell(server, name):>13}" for name in columns)
            lines.append(f"  {TITLES.get(server, server):34}{cells}")
        for server, reason in self.figures.reasons.items():
            lines.append(f"  {TITLES.get(server, server):34}   {reason}")
        return "\n".join([*lines, *("  " + judgement(one) for one in self.judged)])

    def _cell(self, server: str, name: str) -> str:
        if name not in self.figures.rounds[server]:
            return ""
        value = self.figures.of(server, name)
        if name in ERRORS and not value:
            return "-"
        return number(value)

    def as_json(self) -> dict:
        return {
            "case": self.key,
            "title": self.title,
            "rounds": self.figures.rounds,
            "reasons": self.figures.reasons,
            "bars": [
                {
                    "what": one.bar.what,
                    "unit": one.bar.unit,
                    "value": one.value,
                    "aim": [one.bar.aim, one.aim],
                    "floor": [one.bar.floor, one.floor],
                }
                for one in self.judged
            ],
        }


def _head(name: str) -> str:
    units = {"rate": "requests/s", "p50": "p50 ms", "p99": "p99 ms", "ping p99": "ping p99 ms"}
    return units.get(name, name)


def number(value: float) -> str:
    """Three digits that count, and all of large numbers."""
    if not value or math.isinf(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def judgement(one: Judged) -> str:
    """A bar in one line."""
    value = "nothing to compare" if one.value is None else f"{number(one.value)} {one.bar.unit}"
    limits = [
        f"{name} {limit:g} {verdict}"
        for name, limit, verdict in (
            ("aim", one.bar.aim, one.aim),
            ("floor", one.bar.floor, one.floor),
        )
        if verdict
    ]
    return f"= {value} {one.bar.what}: {', '.join(limits) or 'reported'}"


def servers_text(peers: Sequence[Peer], reasons: Mapping[str, str]) -> str:
    """How each server is set up and asked, and why one is not measured."""
    lines = ["servers"]
    for peer in peers:
        asks = "; ".join(f"{form}: {what}" for form, what in peer.asks.items())
        lines += [f"  {peer.title:24}{peer.settings}", f"  {'':24}{asks}"]
    lines += [f"  {TITLES[name]:24}NOT MEASURED: {reason}" for name, reason in reasons.items()]
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    """Every bar again, together."""
    lines = ["\nheld and missed"]
    lines += [f"  {result.title:44}{judgement(one)}" for result in results for one in result.judged]
    return "\n".join(lines)


def write(results: Sequence[Result], about: dict, target: Path) -> None:
    """The figures as serving.json and serving.png."""
    target.mkdir(parents=True, exist_ok=True)
    content = about | {"results": [result.as_json() for result in results]}
    (target / "serving.json").write_text(json.dumps(content, indent=1, ensure_ascii=False))
    loads = [
        result for result in results if any("rate" in s for s in result.figures.rounds.values())
    ]
    if loads:
        _plot(loads, target / "serving.png")


def _plot(results: Sequence[Result], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    columns = min(3, len(results))
    rows = math.ceil(len(results) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(6 * columns, 2.6 * rows), squeeze=False)
    for place in axes.flat[len(results) :]:
        place.axis("off")
    for result, place in zip(results, axes.flat, strict=False):
        seen = [name for name in result.figures.rounds if name in TITLES]
        rates = [result.figures.of(name, "rate") for name in seen]
        colors = ["tab:orange" if name == "ours" else "tab:blue" for name in seen]
        bars = place.barh([TITLES[name] for name in seen], rates, color=colors)
        place.bar_label(bars, [number(rate) for rate in rates], padding=3, fontsize=8)
        place.set_xlim(right=max(rates) * 1.2)
        place.invert_yaxis()
        place.set_title(f"{result.title}: requests/s", fontsize=9)
        place.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    plt.close(figure)
