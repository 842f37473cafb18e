"""Endpoints that are real processes: created, asked, failing, resized, ended."""

import os
import re
import signal
import threading
from pathlib import Path

import docker
import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import Hosting, until
from tests.local_test.conftest import processes

GROUP = "/aws/sagemaker/Endpoints/live"
BAKING = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 600,
    }
}


@pytest.fixture
def hosting(aws: LocalAws) -> Hosting:
    return Hosting(aws)


def containers(hosting: Hosting) -> list[int]:
    """The processes that serve something in this local AWS: the master of each instance."""
    mark = f"SAGEMAKER_BASE_DIR={hosting.aws.world.scratch}/endpoints/"
    found = {process: seen for process, seen in processes().items() if mark in seen}
    parents = {process: _parent(process) for process in found}
    return [process for process in found if parents[process] not in found]


def files(hosting: Hosting) -> list[Path]:
    """What endpoints have on this machine's disk."""
    kept = (hosting.aws.world.scratch / "endpoints").rglob("*")
    return [path for path in kept if path.is_file()]


def _parent(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return int(re.search(r"PPid:\s+(\d+)", status)[1])


def test_an_endpoint_is_created_asked_and_deleted(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        hosting.aws.world,
        "emit",
        lambda region, source, kind, detail, arns: told.append((kind, detail["EndpointStatus"])),
    )
    hosting.config("v3", count=2)
    hosting.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="v3")
    assert hosting.describe()["EndpointStatus"] == "Creating"
    for call in (
        lambda: hosting.update("v3"),
        lambda: hosting.sagemaker.delete_endpoint(EndpointName="live"),
    ):
        with pytest.raises(ClientError, match='Cannot update in-progress endpoint "arn:'):
            call()
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        hosting.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="v3")
    described = hosting.settled()
    assert described["EndpointStatus"] == "InService"
    (variant,) = described["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"] == 2
    assert variant["DeployedImages"][0]["SpecifiedImage"] == hosting.image
    assert len(containers(hosting)) == 2
    answer = hosting.runtime.invoke_endpoint(
        EndpointName="live", ContentType="text/csv", Accept="text/csv", Body=b"1,1\n2,2\n"
    )
    assert answer["Body"].read() == b"6.0\n12.0"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    logs = hosting.aws.world.client("logs")
    streams = until(
        lambda: logs.describe_log_streams(logGroupName=GROUP, orderBy="LogStreamName")["logStreams"]
    )
    assert [stream["logStreamName"][:13] for stream in streams] == ["AllTraffic/i-"] * 2
    hosting.sagemaker.delete_endpoint(EndpointName="live")
    until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])
    assert containers(hosting) == []
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("endpoint ")])
    assert files(hosting) == []
    statuses = [status for kind, status in told if kind == "SageMaker Endpoint State Change"]
    assert statuses == ["CREATING", "IN_SERVICE", "DELETING"]
    events = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert {event["logStreamName"] for event in events} == {s["logStreamName"] for s in streams}, [
        e["message"] for e in events
    ]


def test_errors_of_the_container_reach_the_client_as_model_errors(hosting: Hosting) -> None:
    hosting.create(hosting.config("v3"))
    for body, original, blamed in ((b"[[1", 400, "client"), (b"[[-1, 1]]", 500, "server")):
        with pytest.raises(hosting.runtime.exceptions.ModelError) as failed:
            hosting.ask(body)
        answer = failed.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert answer["OriginalStatusCode"] == original
        assert f"log-group:{GROUP}:log-stream:AllTraffic/i-" in answer["LogStreamArn"]
        assert answer["Error"]["Message"].startswith(
            f"Received {blamed} error ({original}) from primary with message"
        )
    for name, more, said in (
        ("none", {}, "Endpoint none of account 123456789012 not found."),
        ("live", {"TargetVariant": "b"}, "Variant b not found for Request"),
    ):
        with pytest.raises(hosting.runtime.exceptions.ValidationError, match=said):
            hosting.ask(EndpointName=name, **more)
    with pytest.raises(ClientError, match="The local AWS has no async-invocations"):
        hosting.runtime.invoke_endpoint_async(EndpointName="live", InputLocation="s3://b/k")
    metrics = hosting.aws.world.client("cloudwatch")
    until(lambda: _sums(hosting, metrics, "Invocations") == [2.0])
    assert _sums(hosting, metrics, "Invocation4XXErrors") == [1.0]
    assert _sums(hosting, metrics, "Invocation5XXErrors") == [1.0]
    fleet = {"Name": "EndpointConfigName", "Value": "v3"}
    assert _sums(hosting, metrics, "Invocation5XXErrors", fleet) == [1.0]
    latency = _sums(hosting, metrics, "ModelLatency")[0]
    assert 100 < latency < 10e6, "microseconds"


def _sums(hosting: Hosting, metrics: object, name: str, *more: dict[str, str]) -> list[float]:
    now = hosting.aws.world.clock.time()
    found = metrics.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": "live"},
            {"Name": "VariantName", "Value": "AllTraffic"},
            *more,
        ],
        StartTime=now - 3600,
        EndTime=now + 60,
        Period=7200,
        Statistics=["Sum"],
    )
    return [point["Sum"] for point in found["Datapoints"]]


def test_an_endpoint_that_cannot_start_says_why_and_can_be_deleted(hosting: Hosting) -> None:
    hosting.config("unloadable")
    described = hosting.create("unloadable")
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health "
        "check. Please check CloudWatch logs for this endpoint."
    )
    logs = hosting.aws.world.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    assert any("model.json" in event["message"] for event in logs)
    assert containers(hosting) == []
    hosting.config("v1")
    with pytest.raises(ClientError, match="in status Failed"):
        hosting.update("v1")
    hosting.s3.put_object(Bucket="models", Key="v1.tar.gz", Body=b"no archive")
    described = hosting.create("v1", name="other")
    assert described["FailureReason"].startswith(
        'Failed to extract model data archive for container "primary" from URL "s3://models/v1'
    )
    for name in ("live", "other"):
        hosting.sagemaker.delete_endpoint(EndpointName=name)
    until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])


def test_an_instance_that_dies_is_replaced(hosting: Hosting) -> None:
    hosting.create(hosting.config("v3", count=2))
    victim, other = sorted(containers(hosting))
    os.kill(victim, signal.SIGKILL)
    until(lambda: "not healthy any more and was replaced" in hosting.story()[-1])
    assert len(containers(hosting)) == 2
    assert other in containers(hosting)
    assert {hosting.ask() for _ in range(6)} == {6.0}


def test_variants_share_the_traffic_by_weight_and_can_be_named(hosting: Hosting) -> None:
    for name in ("v1", "v3"):
        hosting.model(name)
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="both",
        ProductionVariants=[
            hosting.variant("v1", VariantName="a", InitialVariantWeight=3.0),
            hosting.variant("v3", VariantName="b", InitialVariantWeight=1.0),
        ],
    )
    hosting.create("both")
    answers = [hosting.ask() for _ in range(80)]
    assert abs(answers.count(6.0) - 20) <= 3
    assert hosting.ask(TargetVariant="b") == 6.0
    with pytest.raises(ClientError, match="not present within endpoint configuration both"):
        resize(hosting, {"VariantName": "c", "DesiredWeight": 1.0})
    resize(
        hosting,
        {"VariantName": "a", "DesiredWeight": 0.0},
        {"VariantName": "b", "DesiredInstanceCount": 2},
    )
    described = hosting.settled()
    counts = [variant["CurrentInstanceCount"] for variant in described["ProductionVariants"]]
    assert counts == [1, 2]
    assert {hosting.ask() for _ in range(10)} == {6.0}


def resize(hosting: Hosting, *wanted: dict[str, object]) -> None:
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live", DesiredWeightsAndCapacities=list(wanted)
    )


def test_a_serverless_endpoint_has_one_process_and_takes_4_mb(hosting: Hosting) -> None:
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="serverless",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": hosting.model("v3"),
                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
            }
        ],
    )
    described = hosting.create("serverless")
    (variant,) = described["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["MaxConcurrency"] == 5
    assert len(containers(hosting)) == 1
    assert hosting.ask() == 6.0
    with pytest.raises(hosting.runtime.exceptions.ValidationError, match="serverless takes"):
        hosting.ask(b" " * 5_000_000)
    with pytest.raises(ClientError, match="not supported for serverless endpoints"):
        hosting.update("serverless", BAKING)


def test_a_reset_in_the_middle_of_everything_leaves_nothing(hosting: Hosting) -> None:
    hosting.create(hosting.config("v3"))
    hosting.update(hosting.config("v1"), BAKING)
    hosting.happened("Baking")
    hosting.sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="v3")
    assert len(containers(hosting)) >= 2
    hosting.aws.reset()
    assert containers(hosting) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("endpoint ")]
    assert files(hosting) == []
    assert hosting.aws.world.client("sagemaker").list_endpoints()["Endpoints"] == []


@pytest.mark.docker
def test_an_endpoint_of_containers_is_updated_without_a_lost_request(
    aws: LocalAws, docker_engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.world, "engine", "docker")
    hosting = Hosting(aws)
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="v3",
        ProductionVariants=[hosting.variant(hosting.model("v3", EnableNetworkIsolation=True))],
    )
    described = hosting.create(hosting.config("v1"))
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    with hosting.clients(1) as traffic:
        until(lambda: traffic.answers[2.0])
        hosting.update("v3")
        until(lambda: traffic.answers[6.0])
        assert hosting.settled()["EndpointConfigName"] == "v3"
    assert traffic.errors == []
    hosting.sagemaker.delete_endpoint(EndpointName="live")
    until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])
    mine = [
        container.name
        for container in docker_engine.containers.list(all=True)
        if container.labels.get("local_test", "").startswith(str(aws.world.scratch))
    ]
    assert mine == []
