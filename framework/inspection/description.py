"""Everything that `describe` prints, put together."""

import hashlib
import platform
from collections.abc import Iterator
from typing import Any

import framework
from framework.algorithm import Algorithm
from framework.errors import AlgorithmNotFound, ConfigurationError
from framework.inspection.code import ARTIFACT, Code, code_of
from framework.inspection.imports import FRAMEWORK
from framework.inspection.packages import Distributions, Installed, Package, Pinned
from framework.inspection.pins import read_pins
from framework.inspection.tuning import (
    hyperparameters_of,
    metric_definitions,
    objectives,
    parameter_ranges,
    training_channels,
)
from framework.serving.formats import PARQUET, READERS, WRITERS
from framework.trainer import Trainer

REQUIREMENTS = "requirements.txt"


def describe(algorithm: Algorithm) -> dict[str, Any]:
    """What the algorithm is, as a JSON object: what it takes, and the code on each side.

    Only the Trainer's module is imported; the rest is read.

    Raises:
        FrameworkError: the algorithm cannot be described, because it is set up wrongly.
    """
    code, installed = code_of(algorithm), Installed()
    return {
        "framework": framework.__version__,
        "python": platform.python_version(),
        "trainer": algorithm.file.trainer,
        "predictor": algorithm.file.predictor,
        **(_declared_by(algorithm.trainer_class()) if algorithm.file.trainer else {}),
        "content_types": {"requests": _readable(installed), "answers": list(WRITERS)},
        "replies": _replies(algorithm),
        **_by_sides(code, installed),
        "unreached_packages": installed.unreached(installed.reached(code.imports)),
    }


def describe_source(algorithm: Algorithm) -> dict[str, Any]:
    """The code and the packages on each side, before any image is built; nothing is imported.

    Versions are those that requirements.txt of the algorithm and of the framework pin.

    Raises:
        FrameworkError: the algorithm is set up wrongly, or a line is no requirement.
    """
    files = [directory / REQUIREMENTS for directory in (FRAMEWORK, algorithm.directory)]
    try:
        pins = read_pins(file for file in files if file.is_file())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The requirements cannot be read: {error}.") from None
    pinned = Pinned(pins, Installed())
    code = code_of(algorithm, pinned.has)
    return {
        "replies": _replies(algorithm),
        **_by_sides(code, pinned),
        "unreached_packages": pinned.unreached(pinned.reached(code.imports)),
    }


def _replies(algorithm: Algorithm) -> str | None:
    """SHA-256 of the declared sample replies."""
    if algorithm.replies is None:
        return None
    try:
        return hashlib.sha256(algorithm.replies.read_bytes()).hexdigest()
    except OSError:
        raise AlgorithmNotFound(
            f"{algorithm.directory}/algorithm.toml: [sample] replies names "
            f"'{algorithm.file.sample.replies}', which is not there. "
            "`python -m local_test replies` makes it."
        ) from None


def _by_sides(code: Code, packages: Distributions) -> dict[str, Any]:
    return {
        "code": [
            {"path": file.path, "origin": file.origin, "sha256": file.sha256, **_sides(file.via)}
            for file in code.files
        ],
        "packages": [_package(package) for package in packages.reached(code.imports)],
        "unreached": code.unreached,
        "unknown": code.unknown,
        "warnings": [*code.warnings, *_not_installed(code, packages)],
    }


def _package(package: Package) -> dict[str, Any]:
    optional = {"specifier": package.specifier, "url": package.url}
    return {
        "name": package.name,
        "version": package.version,
        "sha256": package.sha256,
        **{key: value for key, value in optional.items() if value is not None},
        **_sides(package.via),
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


def _not_installed(code: Code, packages: Distributions) -> Iterator[str]:
    asked = {(who, name) for names in code.imports.values() for name, who in names.items()}
    for who, name in sorted(asked):
        optional = who.startswith((f"{FRAMEWORK.name}/", ARTIFACT))
        if not optional and not packages.has(name):
            yield (
                f"{who} imports '{name}', which is neither in the algorithm's directory nor "
                "installed. Add its package to the requirements, unless it is optional."
            )
