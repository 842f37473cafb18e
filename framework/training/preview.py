"""A training job before it runs: what Trainer.validate_data may look at."""

from collections.abc import Mapping
from pathlib import Path

from framework.algorithm import Algorithm
from framework.trainer import Trainer
from framework.training.checkpoints import Checkpoints
from framework.training.fingerprint import Fingerprint
from framework.training.hyperparameters import build_trainer
from framework.training.job import Channel, Channels, JobRecord, StopRequest, TrainingJob

HOST = "algo-1"


def preview(
    algorithm: Algorithm, channels: Mapping[str, Path], scratch: Path
) -> tuple[Trainer, TrainingJob]:
    """The trainer with its default hyperparameters, and a job with these channels.

    Raises:
        HyperparameterError: the trainer has hyperparameters without a default.
    """
    trainer = build_trainer(algorithm.trainer_class(), {})
    job = TrainingJob(
        name="preview",
        hyperparameters=trainer.model_dump(),
        channels=Channels({name: Channel(name, path) for name, path in channels.items()}),
        model_dir=scratch,
        output_data_dir=scratch,
        checkpoints=Checkpoints(scratch, HOST, Fingerprint({}, {}, {})),
        hosts=(HOST,),
        current_host=HOST,
        stop_request=StopRequest(0),
        record=JobRecord(frozenset()),
    )
    return trainer, job
