"""Variants that Application Auto Scaling has as scalable targets."""

from collections.abc import Sequence
from typing import Any

from local_test.aws.world import World

SERVICE = "application-autoscaling"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def resource(endpoint: str, variant: str) -> str:
    """The ResourceId of a variant."""
    return f"endpoint/{endpoint}/variant/{variant}"


def registered(
    world: World, region: str, resources: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The scalable targets among these resources; all of the region's variants by default."""
    chosen = {} if resources is None else {"ResourceIds": list(resources)}
    found = world.client(SERVICE, region).describe_scalable_targets(
        ServiceNamespace="sagemaker", ScalableDimension=DIMENSION, **chosen
    )
    return found["ScalableTargets"]


def deregister(world: World, region: str, resources: Sequence[str]) -> None:
    """Forget scalable targets of variants that are no more."""
    client = world.client(SERVICE, region)
    for target in registered(world, region, resources):
        client.deregister_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=target["ResourceId"],
            ScalableDimension=DIMENSION,
        )
