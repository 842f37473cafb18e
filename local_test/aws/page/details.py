"""One thing closely: an execution as a graph, a job's log and metrics, an endpoint's metrics."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from local_test.aws.page.graph import draw
from local_test.aws.world import World

LINES = 400
SHOWN = timedelta(hours=1)
ENDPOINT_METRICS = {
    "Invocations": "Sum",
    "Invocation4XXErrors": "Sum",
    "Invocation5XXErrors": "Sum",
    "ModelLatency": "Average",
}
BAD_ENDS = ("Failed", "TimedOut", "Aborted")


def execution(world: World, region: str, arn: str) -> dict[str, Any]:
    """Its graph, with what each state has come to: "running", "done" or "failed"."""
    states = world.client("stepfunctions", region)
    described = states.describe_execution(executionArn=arn)
    machine = states.describe_state_machine_for_execution(executionArn=arn)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    return {
        "name": described["name"],
        "status": described["status"],
        "error": described.get("error", ""),
        "cause": described.get("cause", ""),
        "input": described.get("input", ""),
        "output": described.get("output", ""),
        "states": states_of(events, described["status"]),
        "steps": list(_steps(events)),
        "graph": draw(json.loads(machine["definition"])).as_dict(),
    }


def states_of(events: Iterable[dict[str, Any]], status: str) -> dict[str, str]:
    """State name → what it has come to; states that were never entered are left out."""
    found: dict[str, str] = {}
    for event in events:
        if entered := event.get("stateEnteredEventDetails"):
            found[entered["name"]] = "running"
        elif left := event.get("stateExitedEventDetails"):
            found[left["name"]] = "done"
    if status != "RUNNING":
        return {name: "failed" if was == "running" else was for name, was in found.items()}
    return found


def _steps(events: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """What happened, a line each: states entered, and what failed and why."""
    for event in events:
        details = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
        entered = event["type"].endswith("StateEntered")
        if entered or event["type"].endswith(BAD_ENDS):
            yield {
                "time": event["timestamp"].isoformat(),
                "event": event["type"],
                "name": details.get("name", ""),
                "error": details.get("error", ""),
                "cause": details.get("cause", ""),
            }


def job_log(world: World, region: str, group: str, job: str) -> list[str]:
    """The last lines that the job has logged, one host after the other."""
    logs = world.client("logs", region)
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")
    except logs.exceptions.ResourceNotFoundException:
        return []
    lines = []
    for stream in streams["logStreams"]:
        events = logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], limit=LINES
        )["events"]
        lines += [event["message"].rstrip("\n") for event in events]
    return lines[-LINES:]


def job_metrics(world: World, region: str, job: str) -> dict[str, list[list[float]]]:
    """Metric name → points [seconds since the epoch, value] of a training job."""
    cloudwatch = world.client("cloudwatch", region)
    listed = cloudwatch.list_metrics(Namespace="/aws/sagemaker/TrainingJobs")["Metrics"]
    found = [metric for metric in listed if _is_of(metric, job)]
    return {metric["MetricName"]: _points(world, region, metric, "Average") for metric in found}


def endpoint_metrics(world: World, region: str, name: str) -> dict[str, list[list[float]]]:
    """Metric name → points [seconds since the epoch, value] of an endpoint's first variant."""
    described = world.client("sagemaker", region).describe_endpoint(EndpointName=name)
    dimensions = [
        {"Name": "EndpointName", "Value": name},
        {"Name": "VariantName", "Value": described["ProductionVariants"][0]["VariantName"]},
    ]
    metric = {"Namespace": "AWS/SageMaker", "Dimensions": dimensions}
    return {
        name: _points(world, region, {**metric, "MetricName": name}, statistic)
        for name, statistic in ENDPOINT_METRICS.items()
    }


def _is_of(metric: dict[str, Any], job: str) -> bool:
    return any(dimension["Value"] == job for dimension in metric.get("Dimensions", []))


def _points(world: World, region: str, metric: dict[str, Any], statistic: str) -> list[list[float]]:
    now = world.clock.now()
    found = world.client("cloudwatch", region).get_metric_statistics(
        **metric,
        StartTime=now - SHOWN,
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return sorted([point["Timestamp"].timestamp(), point[statistic]] for point in found)
