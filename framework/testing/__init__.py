"""The conformance suite, and the pieces that play SageMaker to an algorithm."""

from framework.errors import (
    EXIT_INTERRUPTED,
    EXIT_KNOWN,
    EXIT_OK,
    EXIT_UNEXPECTED,
    FrameworkError,
)
from framework.testing.client import Client, NotServing, Reply
from framework.testing.engine import OPEN, Engine, Isolation, ProcessEngine, Run
from framework.testing.staging import (
    JobDescription,
    pack_artifact,
    stage_serving,
    stage_training,
    stringified,
    unpack_artifact,
)

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_KNOWN",
    "EXIT_OK",
    "EXIT_UNEXPECTED",
    "OPEN",
    "Client",
    "Engine",
    "FrameworkError",
    "Isolation",
    "JobDescription",
    "NotServing",
    "ProcessEngine",
    "Reply",
    "Run",
    "pack_artifact",
    "stage_serving",
    "stage_training",
    "stringified",
    "unpack_artifact",
]
