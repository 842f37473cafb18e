"""Proves in a fresh process that a saved model loads and answers, and records what it answers.

    python -m framework.serving.prove

It reads the model below SAGEMAKER_BASE_DIR and writes the golden answers into its manifest.
When that fails, the last line on stdout is {"kind": …, "message": …} and the exit code is 1.
"""

import json
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import EXIT_KNOWN, EXIT_OK, RequestError
from framework.garbage import leave
from framework.layout import Layout
from framework.manifest import GoldenAnswers, Manifest
from framework.predictor import Predictor
from framework.serving.answers import plain
from framework.serving.model import ServedModel, with_place

EXACT = 0.0
TOLERANCES = {"float64": 1e-9, "float32": 1e-5, "float16": 1e-2}


def main() -> int:
    """Prove the model of this container; returns the exit code."""
    try:
        prove(Algorithm.load(), Layout.from_environment().model)
    except Exception as error:
        traceback.print_exc()
        message = f"{with_place(error)}."
        print(json.dumps({"kind": type(error).__name__, "message": message}), flush=True)
        return EXIT_KNOWN
    return EXIT_OK


def prove(algorithm: Algorithm, model_dir: Path) -> None:
    """Load the model, answer the manifest's sample and write the answers into the manifest.

    Raises:
        ArtifactError: the model cannot be loaded, or does not answer the sample.
    """
    model = ServedModel.load(algorithm, model_dir)
    answer = model.answer_sample()
    manifest = Manifest.read(model_dir)
    if answer is None or manifest is None:
        return
    golden = golden_answers(model, answer.values)
    manifest.model_copy(update={"golden": golden}).write(model_dir)


def golden_answers(model: ServedModel, answers: Any) -> GoldenAnswers | None:
    """The answers as plain values; None when only the algorithm's own encode understands them.

    Raises:
        RequestError: they are nothing that the server can write.
    """
    try:
        values = plain(answers)
    except RequestError:
        if model.own("encode"):
            return None
        raise
    dtype = str(getattr(answers, "dtype", "")) or _dtype(values)
    return GoldenAnswers(
        values=values, dtype=dtype, tolerance=tolerance(model.predictor, dtype, values)
    )


def tolerance(predictor: Predictor, dtype: str, values: Iterable[Any]) -> float:
    """The relative difference at which two answers still count as equal; 0 is exact."""
    if predictor.tolerance is not None:
        return predictor.tolerance
    if dtype == "object":
        return TOLERANCES["float64"] if _holds_fractions(values) else EXACT
    return TOLERANCES.get(dtype, EXACT)


def _dtype(values: list[Any]) -> str:
    """What numpy would call a plain list's type, where all values share one."""
    names = {bool: "bool", int: "int64", float: "float64", str: "str"}
    kinds = set(map(type, values))
    return names.get(kinds.pop(), "object") if len(kinds) == 1 else "object"


def _holds_fractions(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_fractions, value))
    return isinstance(value, float)


if __name__ == "__main__":
    leave(main())
