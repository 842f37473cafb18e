"""EventBridge targets, schedules, and the events of AWS itself."""

from local_test.aws.world import World


def install(world: World) -> None:
    """Nothing yet."""


def reset() -> None:
    """Nothing yet."""
