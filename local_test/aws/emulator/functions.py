"""Lambda functions that run their handler."""

from local_test.aws.world import World


def install(world: World) -> None:
    """Nothing yet."""


def reset() -> None:
    """Nothing yet."""
