"""A training report in one HTML file: its plots are inline SVG, it loads nothing."""

import io
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Penguin species: training report</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; color: #222 }}
svg {{ max-width: 100%; height: auto }}
td, th {{ text-align: left; padding: .1rem 1.5rem .1rem 0 }}
</style>
<h1>Penguin species: training report</h1>
<p>Validation accuracy <b>{accuracy:.1%}</b>: {correct} of {total} penguins the model had not seen,
after {rounds} rounds.</p>
{plots}
<h2>Hyperparameters</h2>
<table>{hyperparameters}</table>
</html>
"""


def write_report(
    path: Path,
    hyperparameters: dict[str, Any],
    history: pd.DataFrame,
    answers: pd.DataFrame,
    importance: pd.Series,
) -> None:
    """Write the report.

    Args:
        path: the file to write.
        hyperparameters: name → value.
        history: one row per round, one column per metric.
        answers: one row per validation penguin: its species, and the one predicted.
        importance: column of the model → increase of the log loss without it.
    """
    correct = int((answers["species"] == answers["predicted"]).sum())
    plots = [_metrics(history), _confusion(answers), _importance(importance)]
    rows = (f"<tr><th>{escape(k)}<td>{escape(str(v))}" for k, v in hyperparameters.items())
    page = PAGE.format(
        accuracy=correct / len(answers),
        correct=correct,
        total=len(answers),
        rounds=len(history),
        plots="\n".join(_svg(figure) for figure in plots),
        hyperparameters="\n".join(rows),
    )
    path.write_text(page, encoding="utf-8")


def _metrics(history: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots(1, 2)
    for name, values in history.items():
        axes[int("accuracy" in name)].plot(range(1, len(values) + 1), values, label=name)
    for panel, title in zip(axes, ("Log loss per round", "Accuracy per round"), strict=True):
        panel.set(title=title, xlabel="round")
        panel.legend()
    return figure


def _confusion(answers: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(5, 4), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        answers["species"], answers["predicted"], ax=figure.subplots(), cmap="Blues", colorbar=False
    )
    figure.axes[0].set_title("Species, on the validation channel")
    return figure


def _importance(importance: pd.Series) -> Figure:
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(importance.index), importance)
    axes.set(title="Feature importance", xlabel="increase of the log loss when shuffled")
    return figure


def _svg(figure: Figure) -> str:
    drawing = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(drawing, format="svg", metadata={"Date": None})
    return drawing.getvalue().partition("<svg")[1] + drawing.getvalue().partition("<svg")[2]
