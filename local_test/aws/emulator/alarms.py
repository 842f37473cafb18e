"""CloudWatch alarms that are evaluated and act."""

from local_test.aws.world import World


def install(world: World) -> None:
    """Nothing yet."""


def reset() -> None:
    """Nothing yet."""
