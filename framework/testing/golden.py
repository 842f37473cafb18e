"""Asks a model in this process for its golden answers again, and says whether they are the same.

`prove` runs it as a command of the image: python -m framework.testing.golden. The last line is
JSON: {"asked": …, "same": …, "difference": "…"}.
"""

import json

from framework.algorithm import Algorithm
from framework.difference import first_difference
from framework.errors import EXIT_OK, FrameworkError
from framework.garbage import leave
from framework.layout import Layout
from framework.manifest import GoldenAnswers, Manifest
from framework.serving.model import ServedModel
from framework.serving.prove import golden_answers


def main() -> None:
    """Load the model below SAGEMAKER_BASE_DIR, let it answer its sample, and compare."""
    layout = Layout.from_environment()
    manifest = Manifest.read(layout.model)
    unasked = _why_not(manifest)
    trouble = unasked or _difference(manifest.golden, Algorithm.load(), layout)
    verdict = {"asked": not unasked, "same": not trouble, "difference": trouble}
    print(f"\n{json.dumps(verdict)}", flush=True)


def _why_not(manifest: Manifest | None) -> str:
    """Why there is nothing to compare with; empty when there is."""
    if manifest is None:
        return "The model has no manifest.json, so no golden answers."
    if manifest.sample is None:
        return "The manifest has no sample request, because train never called job.describe_input."
    if manifest.golden is None:
        return "The manifest has no golden answers; only the predictor's own encode knows them."
    return ""


def _difference(golden: GoldenAnswers, algorithm: Algorithm, layout: Layout) -> str:
    try:
        model = ServedModel.load(algorithm, layout.model)
        answers = golden_answers(model, model.answer_sample().values)
    except FrameworkError as error:
        return str(error)
    if answers is None:
        return "The answers are objects now, which cannot be compared with the golden ones."
    found = first_difference(golden.values, _as_recorded(answers), golden.tolerance, "Row")
    return f"{found.where}: answered {found.seen}, not {found.expected}." if found else ""


def _as_recorded(answers: GoldenAnswers) -> list:
    """The values as a manifest holds them: JSON has no NaN."""
    return GoldenAnswers.model_validate_json(answers.model_dump_json()).values


if __name__ == "__main__":
    main()
    leave(EXIT_OK)
