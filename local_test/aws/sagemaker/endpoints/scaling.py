"""Makes what Application Auto Scaling was told act on endpoints."""

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_test.aws.sagemaker.endpoints import targets
from local_test.aws.sagemaker.endpoints.endpoint import LiveEndpoint
from local_test.aws.sagemaker.endpoints.lifecycle import Lifecycle
from local_test.aws.sagemaker.endpoints.metering import NAMESPACE
from local_test.aws.sagemaker.endpoints.tracking import MINUTES_BELOW, Tracking
from local_test.aws.world import World

METRIC = "SageMakerVariantInvocationsPerInstance"
MINUTE = timedelta(minutes=1)

Activity = dict[str, Any]


class Scaling:
    """Looks at every registered variant once a minute of the clock."""

    def __init__(self, world: World, lifecycle: Lifecycle):
        self._world = world
        self._lifecycle = lifecycle
        self._lock = threading.Lock()
        self._looked: datetime | None = None
        self._rested: dict[tuple[str, str], datetime] = {}
        self._activities: dict[str, list[Activity]] = {}

    def activities(self, region: str) -> list[Activity]:
        """What DescribeScalingActivities shows of a region, the newest first."""
        with self._lock:
            return self._activities.get(region, [])[::-1]

    def look(self, now: datetime) -> None:
        """Scale what has to be scaled, when a minute has begun since the last look."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            if self._looked == minute:
                return
            self._looked = minute
        for region in {endpoint.region for endpoint in self._lifecycle.all()}:
            try:
                self._look_at(region, minute)
            except (ClientError, BotoCoreError):  # what it looked at has just been removed
                continue

    def _look_at(self, region: str, minute: datetime) -> None:
        for target in targets.registered(self._world, region):
            _, name, _, variant = target["ResourceId"].split("/")
            endpoint = self._lifecycle.find(region, name)
            if endpoint is None or endpoint.fleet is None or variant not in endpoint.fleet.groups:
                continue
            policies = self._world.client(targets.SERVICE, region).describe_scaling_policies(
                ServiceNamespace="sagemaker", ResourceId=target["ResourceId"]
            )
            for policy in filter(_tracks, policies["ScalingPolicies"]):
                if not endpoint.journal.in_progress:
                    self._follow(endpoint, variant, Tracking.of(target, policy), minute)

    def _follow(
        self, endpoint: LiveEndpoint, variant: str, tracking: Tracking, minute: datetime
    ) -> None:
        now = endpoint.fleet.groups[variant].desired
        sums = self._sums(endpoint, variant, minute)
        wanted = tracking.wanted(sums, now)
        direction = "Out" if wanted > now else "In"
        if wanted == now or f"DynamicScaling{direction}Suspended" in tracking.suspended:
            return
        cooldown = tracking.out_cooldown if wanted > now else tracking.in_cooldown
        last = self._rested.get((endpoint.region, targets.resource(endpoint.name, variant)))
        if last is not None and (self._world.clock.now() - last).total_seconds() < cooldown:
            return
        cause = (
            f"{METRIC} of policy {tracking.name} was {_shown(sums)} in the last minute, its target "
            f"is {tracking.target:g}; the variant had {now} instance(s)."
        )
        self._scale(endpoint, variant, wanted, cause)

    def _scale(self, endpoint: LiveEndpoint, variant: str, wanted: int, cause: str) -> None:
        clock = self._world.clock
        which = (endpoint.region, targets.resource(endpoint.name, variant))
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": which[1],
            "ScalableDimension": targets.DIMENSION,
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": cause,
            "StartTime": clock.now(),
            "StatusCode": "InProgress",
            "StatusMessage": f"Setting desired instance count to {wanted}.",
        }

        def done(failed: str) -> None:
            self._rested[which] = clock.now()
            message = failed or (
                f"Successfully set desired instance count to {wanted}. Change successfully "
                "fulfilled by sagemaker."
            )
            activity.update(
                EndTime=clock.now(),
                StatusCode="Failed" if failed else "Successful",
                StatusMessage=message,
            )

        if self._lifecycle.scale(endpoint, {variant: wanted}, done):
            with self._lock:
                self._activities.setdefault(endpoint.region, []).append(activity)

    def _sums(self, endpoint: LiveEndpoint, variant: str, minute: datetime) -> list[float | None]:
        """Invocations per instance in each of the last minutes; None where there is no datum."""
        begin = minute - MINUTES_BELOW * MINUTE
        found = self._world.client("cloudwatch", endpoint.region).get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="InvocationsPerInstance",
            Dimensions=[
                {"Name": "EndpointName", "Value": endpoint.name},
                {"Name": "VariantName", "Value": variant},
            ],
            StartTime=begin,
            EndTime=minute,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        sums = {point["Timestamp"]: point["Sum"] for point in found}
        return [sums.get(begin + n * MINUTE) for n in range(MINUTES_BELOW)]


def _tracks(policy: dict[str, Any]) -> bool:
    settings = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    metric = settings.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    return policy["PolicyType"] == "TargetTrackingScaling" and metric == METRIC


def _shown(sums: list[float | None]) -> str:
    return "unknown" if sums[-1] is None else f"{sums[-1]:.1f}"
