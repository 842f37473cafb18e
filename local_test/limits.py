"""What CreateTrainingJob refuses before anything runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from framework.testing import stringified
from local_test.errors import BenchError

MOST_HYPERPARAMETERS = 100
LONGEST_NAME = 256
LONGEST_VALUE = 2500
MOST_CHANNELS = 20
CHANNEL_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def check_limits(hyperparameters: Mapping[str, Any], channels: Sequence[str]) -> None:
    """Raise BenchError when the API would answer with a ValidationException."""
    if len(hyperparameters) > MOST_HYPERPARAMETERS:
        raise BenchError(
            f"There are {len(hyperparameters)} hyperparameters; SageMaker takes "
            f"{MOST_HYPERPARAMETERS}. Put the rest into a file of a channel."
        )
    for name, value in stringified(hyperparameters).items():
        if len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
            raise BenchError(
                f"Hyperparameter '{name[:40]}' is too long: SageMaker takes {LONGEST_NAME} "
                f"characters as name and {LONGEST_VALUE} as value. Put it into a file of a channel."
            )
    if len(channels) > MOST_CHANNELS:
        raise BenchError(f"There are {len(channels)} channels; SageMaker takes {MOST_CHANNELS}.")
    for name in channels:
        if not CHANNEL_NAME.fullmatch(name):
            raise BenchError(
                f"'{name}' is no channel name: SageMaker allows up to 64 letters, digits and ._-"
            )
