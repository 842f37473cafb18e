"""A container for SageMaker around two classes of yours: a Trainer and a Predictor."""

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
