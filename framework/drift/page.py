"""The comparison as a piece of HTML with plots, for any report page."""

from html import escape

from framework.drift.report import ColumnDrift, DriftReport, Share

WIDTH, BAR, GAP, LABELS = 520, 9, 8, 150
BEFORE, NOW = "#9aa5b1", "#d9480f"


def drift_section(report: DriftReport) -> str:
    """A table of all tests, and a plot of each drifted column; nothing outside is loaded."""
    if not report.judged:
        return f"<p>No verdict on drift. {escape(report.reason)}</p>"
    verdict = "Drifted: " + ", ".join(report.drifted_columns) if report.drifted else "No drift."
    rows = "".join(map(_row, sorted(report.columns, key=lambda found: not found.drifted)))
    plots = "".join(_plot(found) for found in report.columns if found.drifted and found.shares)
    return (
        f"<p><strong>{escape(verdict)}</strong> {report.rows} rows were compared with "
        f"{report.reference_rows} of training.</p>"
        "<table><thead><tr><th>column</th><th>test</th><th>p, corrected</th><th>PSI</th>"
        f"<th>finding</th></tr></thead><tbody>{rows}</tbody></table>{plots}"
    )


def _row(found: ColumnDrift) -> str:
    weight = ' style="font-weight:bold"' if found.drifted else ""
    cells = [
        found.column,
        found.test.replace("_", " "),
        _number(found.adjusted_p_value),
        _number(found.psi),
        found.description,
    ]
    return f"<tr{weight}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _plot(found: ColumnDrift) -> str:
    height = len(found.shares) * (2 * BAR + GAP)
    scale = (WIDTH - LABELS) / max(max(s.reference, s.current) for s in found.shares)
    bars = "".join(_bars(share, index, scale) for index, share in enumerate(found.shares))
    return (
        f"<h3>{escape(found.column)}</h3><p>{escape(found.description)} "
        f'<span style="color:{BEFORE}">■</span> training '
        f'<span style="color:{NOW}">■</span> new data</p>'
        f'<svg role="img" width="{WIDTH}" height="{height}" font-size="12" '
        f'aria-label="{escape(found.column)}: training and new data">{bars}</svg>'
    )


def _bars(share: Share, index: int, scale: float) -> str:
    top = index * (2 * BAR + GAP)
    pair = ((share.reference, BEFORE, top), (share.current, NOW, top + BAR))
    return f'<text x="0" y="{top + BAR + 4}">{escape(share.label)}</text>' + "".join(
        f'<rect x="{LABELS}" y="{y}" width="{part * scale:.1f}" height="{BAR}" fill="{color}">'
        f"<title>{part:.1%}</title></rect>"
        for part, color, y in pair
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
