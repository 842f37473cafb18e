"""The process that runs the user's Trainer: python -m framework.training.child.

Kept apart from the supervisor, so that whatever happens here can still be explained.
"""

import contextlib
import faulthandler
import importlib.metadata
import os
import platform
import random
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import framework
from framework.algorithm import Algorithm
from framework.cgroup import ControlGroup
from framework.errors import EXIT_OK, ArtifactError
from framework.layout import Layout
from framework.manifest import DataVersion, Manifest
from framework.trainer import Trainer
from framework.training.checkpoints import Checkpoints
from framework.training.contract import Contract
from framework.training.environment import seconds_to_stop
from framework.training.failure import FailureFile, explain
from framework.training.fingerprint import Fingerprint, code_hashes, data_version
from framework.training.hyperparameters import build_trainer
from framework.training.job import Channels, JobRecord, StopRequest, TrainingJob, say
from framework.training.supervisor import PR_SET_PDEATHSIG, set_process_option


def main() -> int:
    """Train, and explain what goes wrong."""
    stop_request = StopRequest(seconds_to_stop())
    signal.signal(signal.SIGTERM, lambda number, frame: stop_request.arrive())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    _die_with_the_supervisor()
    faulthandler.enable()
    layout = Layout.from_environment()
    algorithm = Algorithm.load()
    memory = ControlGroup().memory()
    try:
        _train(layout, algorithm, stop_request)
        return EXIT_OK
    except BaseException as error:  # also SystemExit: only a saved model is a success
        failure = explain(error, layout, memory, algorithm.directory)
        FailureFile(layout).write(failure)
        return failure.exit_code
    finally:  # Python forgets its handlers when it ends, and the default would kill a finished job
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _train(layout: Layout, algorithm: Algorithm, stop_request: StopRequest) -> None:
    contract = Contract.read(layout)
    trainer = build_trainer(algorithm.trainer_class(), contract.hyperparameters)
    hyperparameters = trainer.model_dump(mode="json")
    channels = Channels(contract.channels)
    channels.require(trainer.channels)
    code = code_hashes(algorithm.directory)
    data = {name: data_version(channel) for name, channel in sorted(channels.items())}
    fingerprint = Fingerprint(
        hyperparameters, code, {name: version.fingerprint for name, version in data.items()}
    )
    host = contract.resources.current_host
    record = JobRecord(frozenset(metric.name for metric in trainer.metrics))
    job = TrainingJob(
        name=os.environ.get("TRAINING_JOB_NAME", "training-job"),
        hyperparameters=trainer.model_dump(),
        channels=channels,
        model_dir=layout.model,
        output_data_dir=contract.output_data,
        checkpoints=Checkpoints(contract.checkpoints, host, fingerprint),
        hosts=contract.resources.hosts,
        current_host=host,
        stop_request=stop_request,
        record=record,
    )
    for directory in (job.model_dir, job.output_data_dir):
        directory.mkdir(parents=True, exist_ok=True)
    _seed(trainer)
    trainer.validate_data(job)
    model = trainer.train(job)
    if not job.is_leader:
        say(f"{host} is done; {job.hosts[0]} saves the model.")
        return
    if model is None:
        raise ArtifactError(
            f"{type(trainer).__name__}.train returned None. Return the fitted model, also when "
            "training stops early."
        )
    trainer.validate_model(model, job)
    trainer.save(model, job.model_dir)
    _check_saved(trainer, job.model_dir)
    _manifest(job, hyperparameters, code, data).write(job.model_dir)


def _used(trainer: Trainer, channels: Mapping[str, Any]) -> set[str]:
    declared = {spec.name for spec in trainer.channels}
    return declared & set(channels) if declared else set(channels)


def _seed(trainer: Trainer) -> None:
    """Start the global random generators at the hyperparameter ``seed``, 0 where there is none."""
    seed = getattr(trainer, "seed", 0)
    seed = seed if isinstance(seed, int) else 0
    random.seed(seed)
    with contextlib.suppress(ImportError):
        import numpy

        numpy.random.seed(seed % 2**32)


def _check_saved(trainer: Trainer, model_dir: Path) -> None:
    saved = sorted(model_dir.rglob("*"))
    if not any(path.is_file() for path in saved):
        raise ArtifactError(
            f"{type(trainer).__name__}.save wrote no file to {model_dir}. Write the model there."
        )
    links = [str(path.relative_to(model_dir)) for path in saved if path.is_symlink()]
    if links:
        raise ArtifactError(
            f"{model_dir} holds symbolic links ({', '.join(links[:5])}), which a SageMaker model "
            "archive must not. Write copies of the files."
        )


def _manifest(
    job: TrainingJob,
    hyperparameters: Mapping[str, Any],
    code: Mapping[str, str],
    data: Mapping[str, DataVersion],
) -> Manifest:
    record = job.record
    if record.input is None:
        say(
            "train did not call job.describe_input(X), so the server cannot check requests, warm "
            "up, or be proven with a sample. Call it with the rows that the model is fitted on."
        )
    return Manifest(
        framework=framework.__version__,
        python=platform.python_version(),
        packages=_packages(),
        code=dict(code),
        image_digest=os.environ.get("IMAGE_DIGEST"),
        commit=os.environ.get("GIT_COMMIT") or None,
        training_job=job.name,
        hyperparameters=dict(hyperparameters),
        metrics=dict(record.metrics),
        data=dict(data),
        input=record.input,
        statistics=record.statistics,
        sample=record.sample,
    )


def _packages() -> dict[str, str]:
    installed = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions()}
    return dict(sorted(installed.items()))


def _die_with_the_supervisor() -> None:
    """Leave no training process behind, and be the first that the kernel takes for memory."""
    set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    sys.exit(main())
