"""moto, and what it lacks: one module an addition. The only modules that import moto.

Each addition has ``install(world)``, called again for every new world of the process, and
may have ``reset()``, called when that world ends.
"""

from local_test.aws.emulator import (
    alarms,
    app,
    buckets,
    cloudformation,
    definitions,
    ecr,
    events,
    functions,
    queries,
    quotas,
    registry,
    scaling,
    statistics,
    stepfunctions,
    trail,
)
from local_test.aws.emulator.app import REQUEST_HANDLER, application
from local_test.aws.world import World

__all__ = ["REQUEST_HANDLER", "application", "install", "reset"]

ADDITIONS = (
    functions,
    queries,
    definitions,
    stepfunctions,
    events,
    alarms,
    buckets,
    cloudformation,
    ecr,
    registry,
    scaling,
    statistics,
    quotas,
    trail,
)


def install(world: World) -> None:
    """Make moto what this project needs, for one world."""
    app.install(world)
    for addition in ADDITIONS:
        addition.install(world)


def reset() -> None:
    """End what the additions run, and forget every resource."""
    for addition in ADDITIONS:
        addition.reset()
    app.reset()
