"""The `train` program: supervises one training job from its configuration to a proven model."""

import json
import os
import signal
import sys
import tempfile

from framework.algorithm import Algorithm
from framework.cgroup import ControlGroup, MemoryUse
from framework.errors import (
    EXIT_KNOWN,
    EXIT_OK,
    EXIT_UNEXPECTED,
    ArtifactError,
    ConfigurationError,
)
from framework.layout import Layout
from framework.training.contract import Contract
from framework.training.environment import seconds_to_stop, sm_variables
from framework.training.failure import Failure, FailureFile, explain, explain_ending, out_of_time
from framework.training.supervisor import Ending, Supervisor

TRAINING = "framework.training.child"
PROOF = "framework.serving.prove"

# OpenMP threads that spin while they wait make training many times slower on busy cores.
SHARED_CORES = {"OMP_WAIT_POLICY": "PASSIVE"}
# Sets iterate alike in every run, and a killed process has printed all that it said.
PYTHON_SETTINGS = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


def main(options: list[str]) -> int:
    """Train as a SageMaker training job does and return the exit code."""
    layout = Layout.from_environment()
    memory = ControlGroup().memory()
    failure_file = FailureFile(layout)
    try:
        failure_file.prepare()
        if options:
            raise ConfigurationError(
                f"train takes no arguments, but got: {' '.join(options)}. "
                "Hyperparameters go into input/config/hyperparameters.json."
            )
        with Supervisor(seconds_to_stop()) as supervisor:
            return _run(layout, supervisor, failure_file)
    except (Exception, KeyboardInterrupt) as error:
        failure = explain(error, layout, memory)
        failure_file.write(failure)
        return failure.exit_code


def _run(layout: Layout, supervisor: Supervisor, failure_file: FailureFile) -> int:
    Algorithm.load()  # says what is wrong with algorithm.toml before a process is started
    contract = Contract.read(layout)
    before = ControlGroup().memory()
    environment = SHARED_CORES | os.environ | sm_variables(layout, contract) | PYTHON_SETTINGS
    ending = supervisor.run(_python(TRAINING), environment, forward_stop=True)
    if ending.code in (EXIT_KNOWN, EXIT_UNEXPECTED) and failure_file.path.exists():
        return ending.code
    if ending.code == EXIT_OK and contract.resources.is_leader:
        ending = _prove(supervisor)
        process = "The proof, a fresh process that loads the model and answers the sample,"
    else:
        process = "The training process"
    if ending.code == EXIT_OK:
        failure_file.release()
        return EXIT_OK
    failure = _explain(process, ending, supervisor, before)
    failure_file.write(failure)
    return failure.exit_code


def _prove(supervisor: Supervisor) -> Ending:
    """Let a fresh process load the model and answer the sample, without the training's variables.

    Raises:
        ArtifactError: it could not; the proof prints why as JSON in its last line.
    """
    with tempfile.TemporaryFile() as output:
        ending = supervisor.run(
            _python(PROOF), os.environ, forward_stop=False, output=output.fileno()
        )
        output.seek(0)
        printed = output.read().decode(errors="replace").splitlines()
    reason = _reason(printed[-1:]) if ending.code > 0 else None
    for line in printed if reason is None else printed[:-1]:
        print(line, flush=True)
    if reason is not None:
        raise ArtifactError(
            f"The saved model does not serve in a fresh process: {reason} Repair Trainer.save, "
            "Predictor.load or Predictor.predict; the endpoint would fail in the same way."
        )
    return ending


def _reason(last_line: list[str]) -> str | None:
    try:
        return str(json.loads(last_line[0])["message"])
    except (IndexError, ValueError, KeyError, TypeError):
        return None


def _explain(process: str, ending: Ending, supervisor: Supervisor, before: MemoryUse) -> Failure:
    if ending.out_of_time and ending.code == -signal.SIGKILL:
        return out_of_time(process, supervisor.seconds)
    after = ControlGroup().memory()
    return explain_ending(process, ending.code, ending.peak_rss, before, after)


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]
