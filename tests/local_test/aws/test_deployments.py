"""Deployments: in which order fleets get the traffic, and what brings everything back."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.sagemaker.endpoints.policies import policy_of
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import Hosting, until

OLD, NEW = 2.0, 6.0
ALARM = "new-fleet-errors"


@pytest.fixture
def hosting(aws: LocalAws) -> Hosting:
    return Hosting(aws)


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def instances(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def blue_green(kind: str, wait: int = 60, last: int = 0, **size: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": last,
        }
    }


def rolling(size: dict[str, Any], wait: int = 60, **more: Any) -> dict[str, Any]:
    return {
        "RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait, **more}
    }


ALL_AT_ONCE = blue_green("ALL_AT_ONCE", wait=0)


@pytest.mark.parametrize(
    ("deployment", "count", "expected"),
    [
        (None, 1, [(1.0, 1, 0)]),
        (blue_green("ALL_AT_ONCE", last=300), 3, [(1.0, 3, 300)]),
        (
            blue_green("CANARY", last=300, CanarySize=percent(10)),
            2,
            [(0.1, 1, 60), (1.0, 2, 300)],
        ),
        (blue_green("CANARY", CanarySize=instances(1)), 4, [(0.25, 1, 60), (1.0, 4, 0)]),
        (
            blue_green("LINEAR", LinearStepSize=percent(40)),
            5,
            [(0.4, 2, 60), (0.8, 4, 60), (1.0, 5, 0)],
        ),
        (
            blue_green("LINEAR", LinearStepSize=instances(1)),
            3,
            [(1 / 3, 1, 60), (2 / 3, 2, 60), (1.0, 3, 0)],
        ),
        (rolling(percent(50)), 3, [(2 / 3, 2, 60), (1.0, 3, 60)]),
        (rolling(instances(1)), 3, [(1 / 3, 1, 60), (2 / 3, 2, 60), (1.0, 3, 60)]),
    ],
)
def test_a_policy_is_these_steps(
    deployment: dict[str, Any] | None, count: int, expected: list[tuple[float, int, int]]
) -> None:
    steps = policy_of(deployment, {"AllTraffic": count}).steps
    assert [(step.counts["AllTraffic"], step.bake_seconds) for step in steps] == [
        (opened, wait) for _, opened, wait in expected
    ]
    assert [step.part for step in steps] == pytest.approx([part for part, _, _ in expected])


@pytest.mark.parametrize(
    ("deployment", "counts", "said"),
    [
        (blue_green("CANARY", CanarySize=percent(10)), {"a": 1}, "at least 2 instances"),
        (blue_green("CANARY", CanarySize=percent(60)), {"a": 4}, "at most 50%"),
        (blue_green("CANARY", CanarySize=instances(3)), {"a": 4}, "it is 75%"),
        (blue_green("CANARY"), {"a": 4}, "CanarySize is required"),
        (blue_green("LINEAR", LinearStepSize=percent(5)), {"a": 4}, "10-50%"),
        (blue_green("LINEAR", LinearStepSize=percent(50)), {"a": 1}, "at least 2 instances"),
        (rolling(percent(4)), {"a": 4}, "5-50%"),
        (rolling(instances(1)), {"a": 1}, "at least 2 instances"),
        (rolling(instances(1)), {"a": 2, "b": 2}, "one production variant only"),
        (rolling(instances(1)) | ALL_AT_ONCE, {"a": 2}, "Only one update policy"),
        (
            rolling(instances(1), wait=600, MaximumExecutionTimeoutInSeconds=1200),
            {"a": 2},
            "must be larger than the total waiting time",
        ),
    ],
)
def test_a_policy_that_sagemaker_does_not_take_is_refused(
    deployment: dict[str, Any], counts: dict[str, int], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        policy_of(deployment, counts)


def advance(hosting: Hosting, seconds: float) -> None:
    hosting.aws.world.clock.advance(timedelta(seconds=seconds))


def test_all_at_once_loses_no_request(hosting: Hosting) -> None:
    hosting.config("v3")
    hosting.create(hosting.config("v1"))
    with hosting.clients() as traffic:
        until(lambda: traffic.answers[OLD])
        hosting.update("v3")
        until(lambda: traffic.answers[NEW])
        described = hosting.settled()
    assert traffic.errors == []
    assert described["EndpointConfigName"] == "v3"
    assert "FailureReason" not in described
    assert "LastDeploymentConfig" not in described
    assert hosting.ask() == NEW
    assert hosting.shares() == [{}, {"v1": 1.0}, {"v1": 0.0, "v3": 1.0}, {"v3": 1.0}][1:]


def test_a_canary_gets_its_share_and_then_everything(hosting: Hosting) -> None:
    hosting.config("v3", count=2)
    hosting.create(hosting.config("v1", count=2))
    hosting.update("v3", blue_green("CANARY", last=120, CanarySize=percent(30)))
    hosting.happened("Baking for 60 seconds (WaitIntervalInSeconds)")
    pending = hosting.describe()["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "v3"
    (variant,) = pending["ProductionVariants"]
    assert variant["VariantStatus"][0]["Status"] == "Baking"
    assert "on canary capacity of 1 instance(s)" in variant["VariantStatus"][0]["StatusMessage"]
    answers = [hosting.ask() for _ in range(300)]
    assert abs(answers.count(NEW) / 300 - 0.3) < 0.03
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        hosting.update("v3")
    advance(hosting, 61)
    hosting.happened("Baking for 120 seconds (TerminationWaitInSeconds)")
    assert hosting.describe()["EndpointConfigName"] == "v1"
    assert {hosting.ask() for _ in range(10)} == {NEW}
    advance(hosting, 121)
    described = hosting.settled()
    assert described["EndpointConfigName"] == "v3"
    assert described["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"]
    assert hosting.shares() == [
        {"v1": 1.0},
        {"v1": 0.7, "v3": 0.3},
        {"v1": 0.0, "v3": 1.0},
        {"v3": 1.0},
    ]


def test_linear_and_rolling_go_step_by_step(hosting: Hosting) -> None:
    for name in ("v1", "v3"):
        hosting.config(name, count=2)
    hosting.create("v1")
    hosting.update("v3", blue_green("LINEAR", LinearStepSize=percent(50)))
    hosting.happened("Baking for 60 seconds")
    advance(hosting, 61)
    assert hosting.settled()["EndpointConfigName"] == "v3"
    assert hosting.shares()[1:] == [{"v1": 0.5, "v3": 0.5}, {"v1": 0.0, "v3": 1.0}, {"v3": 1.0}]
    before = len(hosting.story())
    hosting.update("v1", rolling(instances(1)))
    for step in (1, 2):
        until(lambda step=step: sum("Baking" in told for told in hosting.story()[before:]) == step)
        advance(hosting, 61)
    assert hosting.settled()["EndpointConfigName"] == "v1"
    assert [told for told in hosting.story()[before:] if "Baking" not in told] == [
        "Updating",
        "Launching 1 instance(s).",
        "Activating traffic on batch capacity of 1 instance(s).",
        "Terminating 1 instance(s).",
        "Launching 1 instance(s).",
        "Activating traffic on batch capacity of 2 instance(s).",
        "Terminating 1 instance(s).",
        "InService",
    ]


def put_alarm(hosting: Hosting, config: str) -> dict[str, Any]:
    """An alarm on the new fleet's 5xx, and the AutoRollbackConfiguration with it."""
    dimensions = {"EndpointName": "live", "VariantName": "AllTraffic", "EndpointConfigName": config}
    hosting.aws.world.client("cloudwatch").put_metric_alarm(
        AlarmName=ALARM,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}


@pytest.mark.parametrize(
    "policy",
    [blue_green("CANARY", wait=600, CanarySize=percent(50)), rolling(instances(1), wait=600)],
    ids=["canary", "rolling"],
)
def test_an_alarm_brings_the_old_fleet_back_silently(
    hosting: Hosting, policy: dict[str, Any]
) -> None:
    hosting.config("broken", count=2)
    hosting.create(hosting.config("v1", count=2))
    rollback = put_alarm(hosting, "broken")
    with hosting.clients(1) as traffic:
        until(lambda: traffic.answers[OLD])
        hosting.update("broken", policy | rollback)
        until(lambda: traffic.errors)
        hosting.aws.world.client("cloudwatch").set_alarm_state(
            AlarmName=ALARM, StateValue="ALARM", StateReason="too many 5xx"
        )
        described = hosting.settled()
        failed = len(traffic.errors)
        answered = traffic.answers[OLD]
        until(lambda: traffic.answers[OLD] > answered + 10)
    assert all("server error (500)" in error for error in traffic.errors)
    assert len(traffic.errors) <= failed + 1
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "v1"
    assert ALARM in described["FailureReason"]
    assert described["LastDeploymentConfig"] == policy | rollback
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert hosting.shares()[-1] == {"v1": 1.0}


def test_a_fleet_that_does_not_start_changes_nothing(hosting: Hosting) -> None:
    hosting.config("unloadable")
    hosting.create(hosting.config("v1"))
    with hosting.clients(1) as traffic:
        hosting.update("unloadable")
        described = hosting.settled()
    assert traffic.errors == []
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "v1"
    assert "did not pass the ping health check" in described["FailureReason"]
    hosting.update(hosting.config("v3"))
    assert "FailureReason" not in hosting.settled()


def test_a_deployment_that_takes_too_long_goes_back(hosting: Hosting) -> None:
    hosting.config("v3", count=2)
    hosting.create(hosting.config("v1", count=2))
    policy = rolling(instances(1), wait=500, MaximumExecutionTimeoutInSeconds=1200)
    hosting.update("v3", policy)
    hosting.happened("Baking")
    advance(hosting, 1300)
    described = hosting.settled()
    assert "MaximumExecutionTimeoutInSeconds (1200)" in described["FailureReason"]
    assert described["EndpointConfigName"] == "v1"
    assert {hosting.ask() for _ in range(10)} == {OLD}


def test_a_rollback_that_cannot_be_done_is_said(hosting: Hosting) -> None:
    hosting.config("v3", count=2)
    hosting.create(hosting.config("v1", count=2))
    policy = rolling(instances(1)) | put_alarm(hosting, "v3")
    hosting.update("v3", policy)
    hosting.happened("Baking")
    advance(hosting, 61)
    hosting.happened("Activating traffic on batch capacity of 2")
    hosting.s3.delete_object(Bucket="models", Key="v1.tar.gz")
    hosting.aws.world.client("cloudwatch").set_alarm_state(
        AlarmName=ALARM, StateValue="ALARM", StateReason="too many 5xx"
    )
    described = hosting.settled()
    assert described["EndpointStatus"] == "UpdateRollbackFailed"
    assert ALARM in described["FailureReason"]
    assert "The rollback failed, too: Failed to download model data" in described["FailureReason"]
    assert described["EndpointConfigName"] == "v1"
    assert {hosting.ask() for _ in range(4)} == {OLD}, "what is left of the old fleet answers"


def test_what_is_retained_is_kept(hosting: Hosting) -> None:
    for name in ("v1", "v2", "v3", "v4"):
        hosting.config(name)
    hosting.create("v1", DeploymentConfig=ALL_AT_ONCE)
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
    )
    hosting.settled()
    hosting.update("v2", RetainAllVariantProperties=True, RetainDeploymentConfig=True)
    described = hosting.settled()
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert described["LastDeploymentConfig"] == ALL_AT_ONCE
    hosting.update(
        "v3",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    assert hosting.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    for config, policy, said in (
        ("none", None, "Could not find endpoint configuration"),
        (
            "v4",
            ALL_AT_ONCE
            | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "no-such-alarm"}]}},
            r"Unable to find the auto-rollback alarm\(s\) no-such-alarm",
        ),
        ("v4", blue_green("CANARY", CanarySize=percent(10)), "at least 2 instances"),
    ):
        with pytest.raises(ClientError, match=said):
            hosting.update(config, policy)
    assert hosting.describe()["EndpointStatus"] == "InService"
