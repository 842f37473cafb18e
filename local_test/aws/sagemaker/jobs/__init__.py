"""Training, tuning, processing and transform jobs."""

from local_test.aws.sagemaker.calls import Handlers
from local_test.aws.world import World


class Jobs:
    """Every job of one world."""

    def __init__(self, world: World):
        self._world = world

    def handlers(self) -> Handlers:
        """The calls that start, stop, describe and list jobs."""
        return {}

    def close(self) -> None:
        """End what runs."""
