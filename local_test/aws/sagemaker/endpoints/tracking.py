"""Target tracking: how many instances a variant should have, by what it was asked per minute.

As Application Auto Scaling does for SageMakerVariantInvocationsPerInstance: out when three
one-minute sums in a row are above the target, to as many instances as bring them back to it; in
when fifteen in a row are below 90 % of it. A minute in which nothing was asked has no value at
all, so that an endpoint without any traffic stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

MINUTES_ABOVE = 3
MINUTES_BELOW = 15
BELOW = 0.9
COOLDOWN_SECONDS = 300


@dataclass(frozen=True)
class Tracking:
    """A registered target with its target-tracking policy.

    Attributes:
        target: invocations per instance and minute.
    """

    name: str
    target: float
    least: int
    most: int
    out_cooldown: int
    in_cooldown: int
    scales_in: bool
    suspended: frozenset[str]

    @classmethod
    def of(cls, scalable: dict[str, Any], policy: dict[str, Any]) -> "Tracking":
        """From DescribeScalableTargets and DescribeScalingPolicies."""
        settings = policy["TargetTrackingScalingPolicyConfiguration"]
        suspended = scalable.get("SuspendedState", {})
        return cls(
            name=policy["PolicyName"],
            target=float(settings["TargetValue"]),
            least=int(scalable["MinCapacity"]),
            most=int(scalable["MaxCapacity"]),
            out_cooldown=int(settings.get("ScaleOutCooldown", COOLDOWN_SECONDS)),
            in_cooldown=int(settings.get("ScaleInCooldown", COOLDOWN_SECONDS)),
            scales_in=not settings.get("DisableScaleIn", False),
            suspended=frozenset(name for name, value in suspended.items() if value),
        )

    def wanted(self, sums: Sequence[float | None], now: int) -> int:
        """How many instances there should be.

        Args:
            sums: invocations per instance in each of the last minutes, the newest last.
            now: how many there are.
        """
        if not self.least <= now <= self.most:
            return self._within(now)
        above = sums[-MINUTES_ABOVE:]
        if len(above) == MINUTES_ABOVE and all(v is not None and v > self.target for v in above):
            return self._within(ceil(now * above[-1] / self.target))
        below = sums[-MINUTES_BELOW:]
        if (
            self.scales_in
            and len(below) == MINUTES_BELOW
            and all(value is not None and value < BELOW * self.target for value in below)
        ):
            return self._within(ceil(now * max(below) / self.target))
        return now

    def _within(self, count: int) -> int:
        return min(max(count, self.least), self.most)
