"""State machines in JSONata, SageMaker tasks that wait, waits by the clock."""

from local_test.aws.world import World


def install(world: World) -> None:
    """Nothing yet."""


def reset() -> None:
    """Nothing yet."""
