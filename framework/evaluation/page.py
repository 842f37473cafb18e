"""The reports as pages that load nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from framework.drift import DriftReport, drift_section
from framework.evaluation.metrics import label, numbers

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1f2933}table{border-collapse:collapse}td,th{text-align:left;padding:.25rem .8rem "
    ".25rem 0;border-bottom:1px solid #d9e2ec;vertical-align:top}"
    ".verdict{font-size:1.2rem;padding:.6rem 1rem;border-left:5px solid}"
    ".good{border-color:#1a7f4b;background:#e4f4ea}.bad{border-color:#b3261e;background:#fbe4e1}"
    "svg text{font:12px system-ui,sans-serif;fill:#1f2933}td.n{text-align:right}"
)
WIDTH, ROW, LABELS, EDGE = 640, 34, 130, 20
CHALLENGER, CHAMPION = "#1f5fbf", "#9aa5b1"
MOST_LABELS, SHOWN = 20, 12


def model_page(found: Mapping[str, Any], truths: Sequence[Any], answers: Sequence[Any]) -> str:
    """How a model was judged: verdict, metric, answers against the truth."""
    verdict, metric = found["verdict"], found["metric"]
    good = verdict["accepted"]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict["reasons"])
    identity = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in (found["model"] or {}).items()
    )
    return _page(
        "Evaluation",
        f'<p class="verdict {"good" if good else "bad"}">'
        f"{'Accepted' if good else 'Rejected'}.</p><ul>{reasons}</ul>"
        f"<h2>{escape(metric['name'])} with its 95 % interval</h2>{_intervals(found)}"
        f"{_concept_drift(found)}<h2>Answers and truth</h2>{_comparison(truths, answers)}"
        f"<h2>The model</h2><table>{identity}</table>",
    )


def data_page(found: Mapping[str, Any], drift: DriftReport | None) -> str:
    """Whether data can be used, and how they have drifted."""
    problems = "".join(
        f"<tr><td>{escape(one['channel'])}</td><td>{escape(one['column'])}</td>"
        f"<td>{escape(one['problem'])}</td></tr>"
        for one in found["problems"]
    )
    rows = ", ".join(f"{name}: {count}" for name, count in found["rows"].items())
    usable = found["usable"]
    table = (
        f"<table><tr><th>channel</th><th>column</th><th>problem</th></tr>{problems}</table>"
        if problems
        else ""
    )
    section = drift_section(drift) if drift else "<p>There is no live model to compare with.</p>"
    return _page(
        "Data",
        f'<p class="verdict {"good" if usable else "bad"}">'
        f"{'The data can be used.' if usable else 'The data cannot be used.'}</p>"
        f"<p>Rows: {escape(rows)}.</p>{table}<h2>Against the live model's training data</h2>"
        f"{section}",
    )


def _intervals(found: Mapping[str, Any]) -> str:
    shown = [("this model", found["metric"]["value"], found["interval"], CHALLENGER)]
    if champion := found["champion"]:
        shown.append(("live model", champion["value"], champion["interval"], CHAMPION))
    low = min(interval[0] for _, _, interval, _ in shown)
    high = max(interval[1] for _, _, interval, _ in shown)
    span = (high - low) or abs(high) or 1.0
    scale = (WIDTH - LABELS - 5 * EDGE) / span

    def x(value: float) -> float:
        return LABELS + EDGE + (value - low) * scale

    rows = "".join(
        f'<text x="0" y="{y + 5}">{name}</text>'
        f'<line x1="{x(ends[0]):.1f}" x2="{x(ends[1]):.1f}" y1="{y}" y2="{y}" stroke="{color}" '
        f'stroke-width="4"/><circle cx="{x(value):.1f}" cy="{y}" r="6" fill="{color}"/>'
        f'<text x="{x(ends[1]) + 10:.1f}" y="{y + 5}">{value:.4g}</text>'
        for (name, value, ends, color), y in zip(shown, range(ROW // 2, 999, ROW), strict=False)
    )
    return f'<svg role="img" width="{WIDTH}" height="{ROW * len(shown)}">{rows}</svg>'


def _concept_drift(found: Mapping[str, Any]) -> str:
    drift = found["concept_drift"]
    if drift is None:
        return ""
    said = "has grown worse" if drift["drifted"] else "is as good as ever"
    return (
        f"<h2>Since its release</h2><p>This model {said}: {drift['before']:.4g} then, "
        f"{drift['now']:.4g} now (p = {drift['p_value']:.2g}).</p>"
    )


def _comparison(truths: Sequence[Any], answers: Sequence[Any]) -> str:
    written = {label(one): str(one) for one in (*answers, *truths)}
    pairs = Counter(
        (written[label(t)], written[label(a)]) for t, a in zip(truths, answers, strict=True)
    )
    labels = sorted(set(written.values()))
    if len(labels) <= MOST_LABELS:
        return _confusion(pairs, labels)
    try:
        return _residuals(numbers(truths, ""), numbers(answers, ""))
    except Exception:
        wrong = [(pair, count) for pair, count in pairs.most_common() if pair[0] != pair[1]]
        return _listed(wrong[:SHOWN])


def _confusion(pairs: Mapping[tuple[str, str], int], labels: Sequence[str]) -> str:
    most = max(pairs.values())
    head = "".join(f"<th>{escape(one)}</th>" for one in labels)
    body = "".join(
        f"<tr><th>{escape(truth)}</th>"
        + "".join(_cell(pairs.get((truth, one), 0), truth == one, most) for one in labels)
        + "</tr>"
        for truth in labels
    )
    table = f"<table><tr><th></th>{head}</tr>{body}</table>"
    return f"<p>Rows: the truth. Columns: the answers.</p>{table}"


def _cell(count: int, right: bool, most: int) -> str:
    color = "26,127,75" if right else "179,38,30"
    shade = f"background:rgba({color},{0.08 + 0.5 * count / most:.2f})" if count else ""
    return f'<td class="n" style="{shade}">{count}</td>'


def _residuals(truths: Sequence[float], answers: Sequence[float]) -> str:
    size, most = 360, 2000
    step = max(1, len(truths) // most)
    shown = list(zip(truths[::step], answers[::step], strict=True))
    low = min(min(pair) for pair in shown)
    high = max(max(pair) for pair in shown)
    scale = (size - 2 * EDGE) / ((high - low) or 1)

    def place(value: float) -> float:
        return EDGE + (value - low) * scale

    dots = "".join(
        f'<circle cx="{place(t):.1f}" cy="{size - place(a):.1f}" r="2.5" fill="{CHALLENGER}" '
        'fill-opacity=".5"/>'
        for t, a in shown
    )
    return (
        f"<p>Across: the truth, {low:.4g} to {high:.4g}. Up: the answer. On the line, both agree."
        f'</p><svg role="img" width="{size}" height="{size}"><line x1="{EDGE}" y1="{size - EDGE}" '
        f'x2="{size - EDGE}" y2="{EDGE}" stroke="#9aa5b1"/>{dots}</svg>'
    )


def _listed(wrong: Sequence[tuple[tuple[str, str], int]]) -> str:
    rows = "".join(
        f'<tr><td>{escape(t)}</td><td>{escape(a)}</td><td class="n">{count}</td></tr>'
        for (t, a), count in wrong
    )
    return f"<table><tr><th>truth</th><th>answer</th><th>rows</th></tr>{rows}</table>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1>{body}</html>\n"
    )
