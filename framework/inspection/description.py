"""Everything that `describe` prints, put together."""

import platform
from collections.abc import Iterator
from typing import Any

import framework
from framework.algorithm import Algorithm
from framework.inspection.code import ARTIFACT, Code, code_of
from framework.inspection.imports import FRAMEWORK
from framework.inspection.packages import Installed
from framework.inspection.tuning import (
    hyperparameters_of,
    metric_definitions,
    objectives,
    parameter_ranges,
    training_channels,
)
from framework.serving.formats import PARQUET, READERS, WRITERS
from framework.trainer import Trainer


def describe(algorithm: Algorithm) -> dict[str, Any]:
    """What the algorithm is, as a JSON object: what it takes, and the code on each side.

    Only the Trainer's module is imported; the rest is read.

    Raises:
        FrameworkError: the algorithm cannot be described, because it is set up wrongly.
    """
    code = code_of(algorithm)
    installed = Installed()
    return {
        "framework": framework.__version__,
        "python": platform.python_version(),
        "trainer": algorithm.file.trainer,
        "predictor": algorithm.file.predictor,
        **(_declared_by(algorithm.trainer_class()) if algorithm.file.trainer else {}),
        "content_types": {"requests": _readable(installed), "answers": list(WRITERS)},
        "code": [
            {"path": file.path, "origin": file.origin, "sha256": file.sha256, **_sides(file.via)}
            for file in code.files
        ],
        "packages": [
            {"name": p.name, "version": p.version, "sha256": p.sha256, **_sides(p.via)}
            for p in installed.reached(code.imports)
        ],
        "unreached": code.unreached,
        "unknown": code.unknown,
        "warnings": [*code.warnings, *_not_installed(code, installed)],
    }


def _declared_by(trainer: type[Trainer]) -> dict[str, Any]:
    hyperparameters = hyperparameters_of(trainer)
    return {
        "hyperparameters": hyperparameters,
        "parameter_ranges": parameter_ranges(hyperparameters["schema"]),
        "metric_definitions": metric_definitions(trainer),
        "objectives": objectives(trainer),
        "training_channels": training_channels(trainer),
    }


def _readable(installed: Installed) -> list[str]:
    """What the server decodes by itself; an algorithm's own ``decode`` may take more."""
    parquet = installed.has("pyarrow")
    return [name for name in READERS if parquet or name not in PARQUET]


def _sides(via: dict[str, str]) -> dict[str, Any]:
    return {"sides": sorted(via), "via": dict(sorted(via.items()))}


def _not_installed(code: Code, installed: Installed) -> Iterator[str]:
    asked = {(who, name) for names in code.imports.values() for name, who in names.items()}
    for who, name in sorted(asked):
        optional = who.startswith((f"{FRAMEWORK.name}/", ARTIFACT))
        if not optional and not installed.has(name):
            yield (
                f"{who} imports '{name}', which is neither in the algorithm's directory nor "
                "installed. Add its package to the requirements, unless it is optional."
            )
