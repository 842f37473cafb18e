"""The base of the user's Trainer: its fields are the hyperparameters."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from framework.errors import ArtifactError
from framework.predictor import MODEL_FILE

if TYPE_CHECKING:
    from framework.training.job import TrainingJob


@dataclass(frozen=True)
class ChannelSpec:
    """A channel that the trainer reads."""

    name: str
    description: str = ""
    required: bool = True
    content_types: tuple[str, ...] = ("text/csv",)


@dataclass(frozen=True)
class Metric:
    """A number that the trainer logs; SageMaker finds it by its regex in the log.

    Attributes:
        name: for example ``validation:accuracy``.
        objective: "Maximize" or "Minimize" where tuning may aim at it.
    """

    name: str
    objective: Literal["Maximize", "Minimize"] | None = None


class Trainer(BaseModel, ABC):
    """Trains a model. ``train`` is the only method to write.

    The fields of a subclass are its hyperparameters: typed, bounded and documented
    with ``framework.Field``. A numeric field with both bounds is a tuning range.

    Attributes:
        channels: what a job must bring; without any, the trainer takes what the job has.
        metrics: what the trainer logs.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)

    channels: ClassVar[Sequence[ChannelSpec]] = ()
    metrics: ClassVar[Sequence[Metric]] = ()

    @abstractmethod
    def train(self, job: "TrainingJob") -> Any:
        """Read ``job.channels`` and return the fitted model."""

    def validate_data(self, job: "TrainingJob") -> None:
        """Raise DataError when the channels cannot be trained on. Called before ``train``."""

    def validate_model(self, model: Any, job: "TrainingJob") -> None:
        """Raise ModelRejected when the model must not be kept. Called after ``train``."""

    def save(self, model: Any, model_dir: Path) -> None:
        """Write the model to ``model_dir``; the default pickles it to one file."""
        try:
            payload = pickle.dumps(model, protocol=5)
        except Exception as error:
            raise ArtifactError(
                f"The model ({type(model).__name__}) cannot be pickled: {error}. Return a model "
                "without open files, locks or lambdas, or override Trainer.save and Predictor.load."
            ) from error
        (model_dir / MODEL_FILE).write_bytes(payload)
