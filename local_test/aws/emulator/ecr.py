"""Image digests as a registry makes them."""

from local_test.aws.world import World


def install(world: World) -> None:
    """Nothing yet."""


def reset() -> None:
    """Nothing yet."""
