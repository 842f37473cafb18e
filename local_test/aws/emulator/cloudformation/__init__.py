"""CloudFormation: what moto's does wrong, and the resource types that it lacks."""

import warnings

from moto.cloudformation import parsing

from local_test.aws.emulator.cloudformation import (
    changes,
    drift,
    functions,
    machines,
    stacks,
    templates,
    types,
)
from local_test.aws.world import World


def install(world: World) -> None:
    """Make stacks and types right, for this world."""
    warnings.filterwarnings("ignore", module="moto.cloudformation")
    stacks.install()
    changes.install()
    drift.install(world)
    templates.install()
    types.install(world)
    machines.install(world)
    functions.install(world)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def reset() -> None:
    """Resources are forgotten with moto's own."""
