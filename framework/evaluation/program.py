"""The `evaluate` program: one processing job that judges data, or a model."""

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from framework.algorithm import Algorithm
from framework.errors import EXIT_OK, ConfigurationError, did_you_mean
from framework.evaluation.candidate import Candidate, candidate
from framework.evaluation.held_out import identity, read_batches
from framework.evaluation.incoming import champion_manifest, examine
from framework.evaluation.metrics import measure, metric_of
from framework.evaluation.page import data_page, model_page
from framework.evaluation.verdict import Earlier, concept_drift, judge
from framework.layout import Layout

MESSAGE_BYTES = 1024


def main(options: list[str]) -> int:
    """Judge once and return the exit code: 0 whatever the verdict is, 1 when there is none."""
    asked = _parser().parse_args(options)
    layout = Layout.from_environment()
    try:
        message = asked.judge(asked, layout, Algorithm.load())
    except Exception as error:
        _say(layout, f"{type(error).__name__}: {error}")
        raise
    _say(layout, message)
    print(f"[evaluate] {message}", flush=True)
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    main_parser = argparse.ArgumentParser(prog="python -m framework evaluate")
    kinds = main_parser.add_subparsers(required=True, metavar="data | model")
    data = kinds.add_parser("data", help="before training: can the data be used?")
    data.set_defaults(judge=_data)
    model = kinds.add_parser("model", help="after training: is the model good enough?")
    model.set_defaults(judge=_model)
    model.add_argument("--minimum", type=_finite, help="the worst value that is acceptable")
    model.add_argument("--margin", type=_part, help="by how much the live model must be beaten")
    return main_parser


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError
    return float(text)


def _part(text: str) -> float:
    if _finite(text) < 0:
        raise ValueError
    return float(text)


def _data(asked: argparse.Namespace, layout: Layout, algorithm: Algorithm) -> str:
    given, channels = _input(layout), _channels(layout)
    if not channels:
        raise ConfigurationError(f"There is no channel below {given / 'channels'}.")
    found, drift = examine(algorithm, channels, champion_manifest(given / "champion"))
    _write(layout, "data.json", found)
    _page(layout, "data.html", data_page(found, drift))
    if not found["usable"]:
        return "The data cannot be used: " + " ".join(one["problem"] for one in found["problems"])
    drifted = f" Drifted: {', '.join(drift.drifted_columns)}." if drift and drift.drifted else ""
    return f"The data can be used.{drifted}"


def _model(asked: argparse.Namespace, layout: Layout, algorithm: Algorithm) -> str:
    declared = algorithm.file.evaluation
    given = _input(layout)
    metric = metric_of(algorithm, declared)
    with candidate(given / "model", algorithm) as judged:
        channel = given / "channels" / declared.channel
        if not channel.is_dir():
            raise ConfigurationError(
                f"There is no channel '{declared.channel}' below {channel.parent}, where "
                "[evaluation] channel looks for held-out rows. "
                + did_you_mean(declared.channel, _channels(layout))
            )
        batches = read_batches(algorithm, channel, judged.schema)
        answers = judged.answers(batches, declared.target)
        truths = [truth for batch in batches for truth in batch.truths]
        model = _identity(judged)
    measured, rows = measure(metric, truths, answers), identity(channel, truths)
    champion = _evaluation(given / "champion" / "evaluation.json")
    baseline = _evaluation(given / "baseline" / "evaluation.json")
    minimum = declared.minimum if asked.minimum is None else asked.minimum
    margin = declared.margin if asked.margin is None else asked.margin
    verdict = judge(measured, minimum, margin, champion, rows)
    metric_found = {k: v for k, v in asdict(measured).items() if k != "interval"}
    found = {
        "metric": metric_found,
        "interval": list(measured.interval),
        "rows_hash": rows,
        "verdict": {"accepted": verdict.accepted, "reasons": list(verdict.reasons)},
        "champion": champion and {**champion["metric"], "interval": champion["interval"]},
        "concept_drift": concept_drift(measured, baseline),
        "model": model,
    }
    _write(layout, "evaluation.json", found)
    _write(layout, "answers.json", {"truths": truths, "answers": answers})
    _page(layout, "report.html", model_page(found, truths, answers))
    return f"{'Accepted' if verdict.accepted else 'Rejected'}. {' '.join(verdict.reasons)}"


def _identity(judged: Candidate) -> dict[str, Any] | None:
    manifest = judged.manifest
    if manifest is None:
        return None
    return {
        "training_job": manifest.training_job,
        "commit": manifest.commit,
        "framework": manifest.framework,
        "python": manifest.python,
        "hyperparameters": manifest.hyperparameters,
    }


def _input(layout: Layout) -> Path:
    return layout.base / "processing" / "input"


def _channels(layout: Layout) -> dict[str, Path]:
    found = sorted(_input(layout).glob("channels/*"))
    return {path.name: path for path in found if path.is_dir()}


def _evaluation(path: Path) -> Mapping[str, Any] | None:
    """An evaluation.json of this program, None when there is none."""
    try:
        content = path.read_bytes()
        Earlier.model_validate_json(content)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(
            f"{path} is no evaluation.json of this program: {where}: {first['msg']}."
        ) from None
    return json.loads(content)


def _write(layout: Layout, name: str, content: Any) -> None:
    """As JSON, which has no NaN and no infinity: null, as in an answer of the server."""
    strict = json.loads(json.dumps(content), parse_constant=lambda _: None)
    path = layout.base / "processing" / "output" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(strict, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _page(layout: Layout, name: str, content: str) -> None:
    (layout.base / "processing" / "output" / name).write_text(content, encoding="utf-8")


def _say(layout: Layout, message: str) -> None:
    """The exit message of the processing job, which shows the first 1 KB of it."""
    path = layout.output / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(message.encode()[:MESSAGE_BYTES].decode(errors="ignore"), encoding="utf-8")
