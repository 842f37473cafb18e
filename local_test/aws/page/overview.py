"""What is there in a region: endpoints, jobs, executions, alarms."""

from collections.abc import Callable
from typing import Any

from local_test.aws.world import World

NEWEST = 30
JOBS = {
    "training": ("list_training_jobs", "TrainingJob", "/aws/sagemaker/TrainingJobs"),
    "processing": ("list_processing_jobs", "ProcessingJob", "/aws/sagemaker/ProcessingJobs"),
}


def overview(world: World, region: str) -> dict[str, Any]:
    """Everything that the page's first screen shows, the newest first."""
    return {
        "time": world.clock.now().isoformat(timespec="seconds"),
        "engine": world.engine,
        "url": world.url,
        "endpoints": _endpoints(world, region),
        "executions": _executions(world, region),
        "jobs": _jobs(world, region),
        "alarms": _alarms(world, region),
    }


def _endpoints(world: World, region: str) -> list[dict[str, Any]]:
    sagemaker = world.client("sagemaker", region)
    names = [found["EndpointName"] for found in sagemaker.list_endpoints()["Endpoints"]]
    return [_endpoint(sagemaker.describe_endpoint(EndpointName=name)) for name in names]


def _endpoint(described: dict[str, Any]) -> dict[str, Any]:
    pending = described.get("PendingDeploymentSummary", {})
    return {
        "name": described["EndpointName"],
        "status": described["EndpointStatus"],
        "config": described.get("EndpointConfigName", ""),
        "reason": described.get("FailureReason", ""),
        "changed": described["LastModifiedTime"].isoformat(),
        "fleets": [
            *_fleets(described.get("EndpointConfigName", ""), described),
            *_fleets(pending.get("EndpointConfigName", ""), pending),
        ],
    }


def _fleets(config: str, described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "config": config,
            "variant": variant["VariantName"],
            "instances": variant.get("CurrentInstanceCount", 0),
            "wanted": variant.get("DesiredInstanceCount", 0),
            "weight": variant.get("CurrentWeight", 0),
        }
        for variant in described.get("ProductionVariants", [])
    ]


def _executions(world: World, region: str) -> list[dict[str, Any]]:
    states = world.client("stepfunctions", region)
    machines = states.list_state_machines()["stateMachines"]
    found = [
        {
            "arn": execution["executionArn"],
            "name": execution["name"],
            "machine": machine["name"],
            "status": execution["status"],
            "started": execution["startDate"].isoformat(),
        }
        for machine in machines
        for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])[
            "executions"
        ]
    ]
    return _newest(found, lambda execution: execution["started"])


def _jobs(world: World, region: str) -> list[dict[str, Any]]:
    sagemaker = world.client("sagemaker", region)
    found = []
    for kind, (call, word, log_group) in JOBS.items():
        listed = getattr(sagemaker, call)()
        summaries = next(value for key, value in listed.items() if key.endswith("Summaries"))
        found += [
            {
                "kind": kind,
                "name": summary[f"{word}Name"],
                "status": summary[f"{word}Status"],
                "reason": summary.get("FailureReason", ""),
                "started": summary["CreationTime"].isoformat(),
                "log_group": log_group,
            }
            for summary in summaries
        ]
    return _newest(found, lambda job: job["started"])


def _alarms(world: World, region: str) -> list[dict[str, Any]]:
    alarms = world.client("cloudwatch", region).describe_alarms()["MetricAlarms"]
    return [
        {
            "name": alarm["AlarmName"],
            "state": alarm["StateValue"],
            "reason": alarm.get("StateReason", ""),
        }
        for alarm in alarms
    ]


def _newest(found: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]) -> list[Any]:
    return sorted(found, key=key, reverse=True)[:NEWEST]
