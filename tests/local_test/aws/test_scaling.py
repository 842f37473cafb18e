"""Automatic scaling: instances that come and go with the traffic, by the minutes of the clock."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.sagemaker.endpoints.tracking import Tracking
from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import Hosting, until

RESOURCE = "endpoint/live/variant/AllTraffic"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def tracking(**changes: Any) -> Tracking:
    given = {
        "name": "p",
        "target": 10.0,
        "least": 1,
        "most": 4,
        "out_cooldown": 0,
        "in_cooldown": 0,
        "scales_in": True,
        "suspended": frozenset(),
    }
    return Tracking(**(given | changes))


@pytest.mark.parametrize(
    ("sums", "now", "changes", "wanted"),
    [
        ([25.0] * 3, 1, {}, 3),
        ([25.0] * 2, 1, {}, 1),
        ([25.0, None, 25.0], 1, {}, 1),
        ([90.0] * 3, 1, {}, 4),
        ([10.0] * 15, 2, {}, 2),
        ([4.0] * 15, 3, {}, 2),
        ([4.0] * 14, 3, {}, 3),
        ([None] * 15, 3, {}, 3),
        ([0.0] * 15, 3, {"least": 2}, 2),
        ([4.0] * 15, 3, {"scales_in": False}, 3),
        ([], 1, {"least": 2}, 2),
        ([], 6, {}, 4),
    ],
)
def test_the_number_of_instances_follows_the_minutes(
    sums: list[float | None], now: int, changes: dict[str, Any], wanted: int
) -> None:
    assert tracking(**changes).wanted(sums, now) == wanted


@pytest.fixture
def hosting(aws: LocalAws) -> Hosting:
    hosting = Hosting(aws)
    hosting.create(hosting.config("v3"))
    return hosting


def register(hosting: Hosting, target: float = 10.0) -> Any:
    scaling = hosting.aws.world.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
        },
    )
    return scaling


def minutes(hosting: Hosting, count: int, requests: int) -> None:
    """So many minutes of the clock with so many requests in each."""
    for _ in range(count):
        for _ in range(requests):
            hosting.ask()
        hosting.aws.world.clock.advance(timedelta(minutes=1))
        hosting.settled()


def instances(hosting: Hosting) -> int:
    return hosting.settled()["ProductionVariants"][0]["CurrentInstanceCount"]


def test_instances_follow_the_traffic_out_and_in_and_survive_an_update(hosting: Hosting) -> None:
    scaling = register(hosting)
    minutes(hosting, 4, requests=25)
    assert instances(hosting) == 3
    hosting.update(hosting.config("v1"), RetainAllVariantProperties=True)
    assert instances(hosting) == 3
    minutes(hosting, 17, requests=3)
    assert instances(hosting) == 1
    assert hosting.ask() == 2.0
    activities = scaling.describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=RESOURCE
    )["ScalingActivities"]
    assert [activity["Description"] for activity in activities] == [
        "Setting desired instance count to 1.",
        "Setting desired instance count to 3.",
    ]
    assert {activity["StatusCode"] for activity in activities} == {"Successful"}
    assert "policy invocations was 25.0 in the last minute" in activities[1]["Cause"]


def test_another_instance_type_needs_the_target_deregistered(hosting: Hosting) -> None:
    scaling = register(hosting)
    hosting.model("v1")
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="bigger",
        ProductionVariants=[hosting.variant("v1", InstanceType="ml.m5.xlarge")],
    )
    with pytest.raises(ClientError, match="Deregister the scalable target"):
        hosting.update("bigger")
    scaling.deregister_scalable_target(**TARGET)
    hosting.update("bigger")
    assert hosting.settled()["EndpointConfigName"] == "bigger"
    register(hosting)
    hosting.sagemaker.delete_endpoint(EndpointName="live")
    until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])
    left = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert left == []
