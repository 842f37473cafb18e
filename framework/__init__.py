"""A container for SageMaker around two classes of yours: a Trainer and a Predictor.

A name is imported when it is first asked for, so that serving loads nothing of training, and a
program that only needs the version loads nothing at all.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydantic import Field

    from framework.errors import (
        ArtifactError,
        ChannelNotFound,
        ConfigurationError,
        DataError,
        FrameworkError,
        HyperparameterError,
        ModelRejected,
        RequestError,
    )
    from framework.invocation import Invocation, current_invocation
    from framework.predictor import Predictor
    from framework.trainer import ChannelSpec, Metric, Trainer
    from framework.training.job import TrainingJob

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "ChannelNotFound",
    "ChannelSpec",
    "ConfigurationError",
    "DataError",
    "Field",
    "FrameworkError",
    "HyperparameterError",
    "Invocation",
    "Metric",
    "ModelRejected",
    "Predictor",
    "RequestError",
    "Trainer",
    "TrainingJob",
    "current_invocation",
]

_HOMES = {
    "ArtifactError": "framework.errors",
    "ChannelNotFound": "framework.errors",
    "ChannelSpec": "framework.trainer",
    "ConfigurationError": "framework.errors",
    "DataError": "framework.errors",
    "Field": "pydantic",
    "FrameworkError": "framework.errors",
    "HyperparameterError": "framework.errors",
    "Invocation": "framework.invocation",
    "Metric": "framework.trainer",
    "ModelRejected": "framework.errors",
    "Predictor": "framework.predictor",
    "RequestError": "framework.errors",
    "Trainer": "framework.trainer",
    "TrainingJob": "framework.training.job",
    "current_invocation": "framework.invocation",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'framework' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
