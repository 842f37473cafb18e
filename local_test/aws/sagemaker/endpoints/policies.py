"""Deployment policies: in which steps the traffic goes from the old fleet to the new one.

Nothing here runs anything: ``policy_of`` turns an UpdateEndpoint's DeploymentConfig into steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from local_test.aws.sagemaker.errors import Refused

LONGEST_SECONDS = 28800
DEFAULT = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    }
}
LIMITS = {"CanarySize": (0, 50), "LinearStepSize": (10, 50), "MaximumBatchSize": (5, 50)}


@dataclass(frozen=True)
class Step:
    """The new fleet gets this much, and is watched.

    Attributes:
        part: of the traffic, 0 to 1.
        counts: variant name → how many new instances take part.
        bake_seconds: how long alarms are looked at before what comes next.
        bake_setting: the parameter that says so.
        capacity: "canary", "linear", "batch" or "full", as status messages say it.
    """

    part: float
    counts: Mapping[str, int]
    bake_seconds: int
    bake_setting: str
    capacity: str


@dataclass(frozen=True)
class Policy:
    """How one deployment goes.

    Attributes:
        rolling: the old fleet gives instances back at each step, not at the end.
        rollback_counts: variant name → how many old instances come back at once.
    """

    steps: tuple[Step, ...]
    rolling: bool
    rollback_counts: Mapping[str, int]
    alarms: tuple[str, ...]
    longest_seconds: int


def policy_of(deployment: Mapping[str, Any] | None, counts: Mapping[str, int]) -> Policy:
    """The steps of a deployment to a fleet with these instance counts.

    A share by percentage is that percentage of the traffic, on as many instances as it takes
    (rounded up); a share by instances is their part of the new fleet.

    Raises:
        Refused: SageMaker would not take the config for this fleet.
    """
    deployment = deployment or DEFAULT
    rolling, blue_green = (
        deployment.get(name) for name in ("RollingUpdatePolicy", "BlueGreenUpdatePolicy")
    )
    if rolling and blue_green:
        raise _refused("Only one update policy may be specified in DeploymentConfig.")
    chosen = rolling or blue_green or DEFAULT["BlueGreenUpdatePolicy"]
    steps = _rolling(rolling, counts) if rolling else _blue_green(chosen, counts)
    longest = chosen.get("MaximumExecutionTimeoutInSeconds", LONGEST_SECONDS)
    if (waiting := sum(step.bake_seconds for step in steps)) >= longest:
        raise _refused(
            f"MaximumExecutionTimeoutInSeconds ({longest}) must be larger than the total waiting "
            f"time of the deployment ({waiting} seconds)."
        )
    alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    return Policy(
        steps=tuple(steps),
        rolling=bool(rolling),
        rollback_counts=_sizes(chosen.get("RollbackMaximumBatchSize"), counts),
        alarms=tuple(alarm["AlarmName"] for alarm in alarms),
        longest_seconds=longest,
    )


def _blue_green(policy: Mapping[str, Any], counts: Mapping[str, int]) -> list[Step]:
    routing = policy["TrafficRoutingConfiguration"]
    wait = routing["WaitIntervalInSeconds"]
    last = Step(
        1.0, counts, policy.get("TerminationWaitInSeconds", 0), "TerminationWaitInSeconds", "full"
    )
    if routing["Type"] == "ALL_AT_ONCE":
        return [last]
    canary = routing["Type"] == "CANARY"
    name = "CanarySize" if canary else "LinearStepSize"
    if name not in routing:
        raise _refused(f"{name} is required for traffic routing of type {routing['Type']}.")
    size = routing[name]
    part = _part(name, size, counts)
    before = 1 if canary else _up(1 / part) - 1
    word = "canary" if canary else "linear step"
    steps = [
        Step(n * part, _sizes(size, counts, n), wait, "WaitIntervalInSeconds", word)
        for n in range(1, before + 1)
    ]
    return [*steps, last]


def _rolling(policy: Mapping[str, Any], counts: Mapping[str, int]) -> list[Step]:
    if len(counts) > 1:
        raise _refused("Rolling deployments support one production variant only.")
    size, wait = policy["MaximumBatchSize"], policy["WaitIntervalInSeconds"]
    _part("MaximumBatchSize", size, counts)
    ((name, total),) = counts.items()
    batch = _sizes(size, counts)[name]
    return [
        Step(done / total, {name: done}, wait, "WaitIntervalInSeconds", "batch")
        for done in [*range(batch, total, batch), total]
    ]


def _part(name: str, size: Mapping[str, Any], counts: Mapping[str, int]) -> float:
    """The share of one step of this size, 0 to 1. Raises Refused outside of its limits."""
    part = sum(_exact(size, count) for count in counts.values()) / sum(counts.values())
    least, most = LIMITS[name]
    if min(counts.values()) < 2 or not least <= round(100 * part, 6) <= most:
        limit = f"{least}-{most}%" if least else f"at most {most}%"
        fleet = ", ".join(f"{variant} has {count}" for variant, count in counts.items())
        raise _refused(
            f"{name} must be {limit} of the variant's total instance count, and the variant must "
            f"have at least 2 instances; it is {100 * part:.0f}%, and {fleet}."
        )
    return part


def _exact(size: Mapping[str, Any], count: int) -> float:
    """How many instances a step takes, before rounding."""
    if size["Type"] == "INSTANCE_COUNT":
        return min(size["Value"], count)
    return count * size["Value"] / 100


def _sizes(
    size: Mapping[str, Any] | None, counts: Mapping[str, int], steps: int = 1
) -> dict[str, int]:
    """Whole instances of each variant after some steps; all of them when no size is given."""
    if size is None:
        return dict(counts)
    return {name: min(count, _up(steps * _exact(size, count))) for name, count in counts.items()}


def _up(number: float) -> int:
    """Rounded up, but not for the last bits of a float."""
    return ceil(round(number, 6))


def _refused(message: str) -> Refused:
    return Refused("ValidationException", message)
