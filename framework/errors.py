"""Everything the framework raises on purpose.

FrameworkError                    the message says what, where, what exists, what to do
├── ConfigurationError            the contract or the algorithm is set up wrongly
│   ├── AlgorithmNotFound         algorithm.toml, its module or its class cannot be used
│   ├── HyperparameterError       unknown name, wrong type, out of bounds
│   └── ChannelNotFound           the job has no such channel
├── DataError                     a channel is there, but its data cannot be used
├── ArtifactError                 the model cannot be saved, loaded or asked
├── ModelRejected                 the trainer's own validation refused the model
├── TrainingInterrupted           killed for memory, out of time, stopped from outside
└── RequestError                  one invocation is refused; carries its HTTP status

Exit codes of every program: 0 ok, 1 a FrameworkError, 2 usage, 3 any other exception,
130 interrupted.
"""

from collections.abc import Iterable
from difflib import get_close_matches

EXIT_OK = 0
EXIT_KNOWN = 1
EXIT_USAGE = 2
EXIT_UNEXPECTED = 3
EXIT_INTERRUPTED = 130


class FrameworkError(Exception):
    """Base of all errors that the framework can explain."""


class ConfigurationError(FrameworkError):
    """The contract's files, the environment or the algorithm is set up wrongly."""


class AlgorithmNotFound(ConfigurationError):
    """algorithm.toml, the module it names or the class in it cannot be used."""


class HyperparameterError(ConfigurationError):
    """A hyperparameter is unknown, of the wrong type or out of bounds."""


class ChannelNotFound(ConfigurationError):
    """The training job has no channel of that name."""


class DataError(FrameworkError):
    """A channel is present, but empty, unreadable or unfit for training."""


class ArtifactError(FrameworkError):
    """The model cannot be saved, loaded, or does not answer."""


class ModelRejected(FrameworkError):
    """The trainer's validation refused the model that it trained."""


class TrainingInterrupted(FrameworkError):
    """Training was ended from outside: memory, time or a signal."""


class RequestError(FrameworkError):
    """One invocation is refused.

    Args:
        status: HTTP status of the answer, 400 to 599.
        message: one sentence for the caller; never a traceback.
    """

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A closing sentence that names the nearest known name, or all of them."""
    known = sorted(known)
    if not known:
        return "None are declared."
    near = get_close_matches(name, known, n=1)
    listed = ", ".join(known)
    return f"Did you mean '{near[0]}'? Known: {listed}." if near else f"Known: {listed}."
