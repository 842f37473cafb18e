"""One thing closely: an execution as a graph, a job's log, metrics over time."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from local_test.aws.page import history
from local_test.aws.page.graph import draw
from local_test.aws.page.jobs import JOBS, LOGS, reason
from local_test.aws.page.metrics import Metric, Window, drawn
from local_test.aws.world import World

LINES = 400
STREAMS = 8
ALARM_PERIODS = 60
ENDPOINT_METRICS = (
    ("Invocations", "Sum", "", 1.0),
    ("ModelLatency", "Average", "ms", 1e-3),
    ("Invocation4XXErrors", "Sum", "", 1.0),
    ("Invocation5XXErrors", "Sum", "", 1.0),
)


def execution(world: World, region: str, arn: str) -> dict[str, Any]:
    """Its graph, what each state has come to, and the ways that were taken."""
    states = world.client("stepfunctions", region)
    described = states.describe_execution(executionArn=arn)
    machine = states.describe_state_machine_for_execution(executionArn=arn)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    graph = draw(json.loads(machine["definition"]))
    within = {name: node.within for name, node in graph.nodes.items()}
    told = history.read(events, described["status"] != "RUNNING", within)
    return {
        "name": described["name"],
        "machine": machine["name"],
        "status": described["status"],
        "error": described.get("error", ""),
        "cause": described.get("cause", ""),
        "input": described.get("input", ""),
        "output": described.get("output", ""),
        "seconds": _seconds(described.get("startDate"), described.get("stopDate")),
        "states": told.states,
        "steps": told.steps,
        "nodes": [vars(node) for node in graph.nodes.values()],
        "edges": [
            {
                **vars(edge),
                "taken": any(
                    (source, edge.target) in told.ways
                    for source in (edge.source, *history.around(edge.source, within))
                )
                and edge.source in told.states,
            }
            for edge in graph.edges
        ],
    }


def job(world: World, region: str, kind: str, name: str) -> dict[str, Any]:
    """What it was given, what has become of it, its metrics and its log."""
    found = JOBS[kind]
    described = found.described(world.client("sagemaker", region), name)
    began = described["CreationTime"]
    ended = next((value for key, value in described.items() if key.endswith("EndTime")), None)
    window = Window.between(began, ended or world.clock.now(), finest=1)
    return {
        "name": name,
        "status": described[f"{found.word}Status"],
        "doing": described.get("SecondaryStatus", ""),
        "reason": reason(described),
        "began": began.isoformat(),
        "seconds": _seconds(began, ended),
        "settings": described.get("HyperParameters") or described.get("Environment") or {},
        "log": _log(world, region, found.log_group, f"{name}/") if found.log_group else [],
        "window": window.as_dict(),
        "charts": _charts(world, region, _job_metrics(world, region, name), window),
    }


def endpoint(world: World, region: str, name: str, hours: int = 0) -> dict[str, Any]:
    """What has happened to it, its log, and its metrics in the last hours, or since it is there."""
    described = world.client("sagemaker", region).describe_endpoint(EndpointName=name)
    now, begin = world.clock.now(), described["CreationTime"]
    window = Window.between(max(begin, now - timedelta(hours=hours)) if hours else begin, now)
    metrics = [
        Metric(
            "AWS/SageMaker",
            metric,
            (("EndpointName", name), ("VariantName", variant["VariantName"])),
            statistic,
            unit,
            factor,
        )
        for variant in described.get("ProductionVariants", [])
        for metric, statistic, unit, factor in ENDPOINT_METRICS
    ]
    return {
        "story": world.endpoint_story(region, name),
        "log": _log(world, region, f"{LOGS}/Endpoints/{name}"),
        "window": window.as_dict(),
        "charts": _charts(world, region, metrics, window),
    }


def alarm(world: World, region: str, name: str) -> dict[str, Any]:
    """What it watches."""
    described = world.client("cloudwatch", region).describe_alarms(AlarmNames=[name])
    found = next(iter(described["MetricAlarms"]), {})
    if "Statistic" not in found:  # gone, or of a percentile or of several metrics
        return {"watches": "", "charts": []}
    now, period = world.clock.now(), found["Period"]
    window = Window.between(now - timedelta(seconds=ALARM_PERIODS * period), now, period)
    dimensions = tuple((one["Name"], one["Value"]) for one in found.get("Dimensions", []))
    metric = Metric(found["Namespace"], found["MetricName"], dimensions, found["Statistic"])
    return {
        "watches": f"{found['Statistic']} of {metric.name} in {metric.namespace}, "
        f"{found['ComparisonOperator']} {found['Threshold']:g}, "
        f"{found['EvaluationPeriods']} x {period} s",
        "window": window.as_dict(),
        "charts": [
            {**one, "threshold": found["Threshold"]}
            for one in _charts(world, region, [metric], window)
        ],
    }


def _charts(
    world: World, region: str, metrics: Iterable[Metric], window: Window
) -> list[dict[str, Any]]:
    charts = [drawn(world, region, metric, window) for metric in metrics]
    return [chart for chart in charts if chart["points"]]


def _job_metrics(world: World, region: str, job: str) -> list[Metric]:
    namespace = f"{LOGS}/TrainingJobs"
    dimension = ("TrainingJobName", job)
    pages = (
        world.client("cloudwatch", region)
        .get_paginator("list_metrics")
        .paginate(Namespace=namespace, Dimensions=[{"Name": dimension[0], "Value": dimension[1]}])
    )
    names = {metric["MetricName"] for page in pages for metric in page["Metrics"]}
    return [Metric(namespace, name, (dimension,)) for name in sorted(names)]


def _log(world: World, region: str, group: str, prefix: str = "") -> list[dict[str, Any]]:
    """The last lines of every host, the newest hosts of many."""
    logs = world.client("logs", region)
    given = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        streams = logs.describe_log_streams(logGroupName=group, **given)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    newest = sorted(streams, key=lambda stream: stream["creationTime"])[-STREAMS:]
    return [
        {
            "host": stream["logStreamName"].removeprefix(prefix),
            "lines": [
                event["message"].rstrip("\n")
                for event in logs.get_log_events(
                    logGroupName=group, logStreamName=stream["logStreamName"], limit=LINES
                )["events"]
            ],
        }
        for stream in newest
    ]


def _seconds(began: datetime | None, ended: datetime | None) -> float | None:
    return (ended - began).total_seconds() if began and ended else None
