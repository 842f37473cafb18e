"""What is there in a region: endpoints, jobs, executions, alarms."""

from collections.abc import Callable
from typing import Any

from local_test.aws.page.jobs import JOBS, reason
from local_test.aws.world import REGION, World

NEWEST = 30


def overview(world: World, region: str = "") -> dict[str, Any]:
    """Everything that the page's lists show, the newest first; by default where something is."""
    regions = _regions(world)
    region = region or regions[0]
    return {
        "time": world.clock.now().isoformat(timespec="seconds"),
        "engine": world.engine,
        "url": world.url,
        "region": region,
        "regions": sorted({*regions, region}),
        "endpoints": _endpoints(world, region),
        "executions": _executions(world, region),
        "jobs": _jobs(world, region),
        "alarms": _alarms(world, region),
    }


def _regions(world: World) -> list[str]:
    """Those with a bucket, without which there are no jobs; the oldest first."""
    s3 = world.client("s3")
    buckets = sorted(s3.list_buckets()["Buckets"], key=lambda bucket: bucket["CreationDate"])
    places = (s3.get_bucket_location(Bucket=one["Name"])["LocationConstraint"] for one in buckets)
    return list(dict.fromkeys(place or REGION for place in places)) or [REGION]


def _endpoints(world: World, region: str) -> list[dict[str, Any]]:
    sagemaker = world.client("sagemaker", region)
    found = [
        sagemaker.describe_endpoint(EndpointName=listed["EndpointName"])
        for listed in sagemaker.list_endpoints()["Endpoints"]
    ]
    return [
        _endpoint(described, world.endpoint_story(region, described["EndpointName"]))
        for described in found
    ]


def _endpoint(described: dict[str, Any], story: list[dict[str, Any]]) -> dict[str, Any]:
    shares = {fleet["config"]: fleet["part"] for fleet in story[-1]["fleets"]} if story else {}
    fleets = (described, described.get("PendingDeploymentSummary", {}))
    return {
        "name": described["EndpointName"],
        "status": described["EndpointStatus"],
        "reason": described.get("FailureReason", ""),
        "fleets": [variant for fleet in fleets for variant in _variants(fleet, shares)],
    }


def _variants(fleet: dict[str, Any], shares: dict[str, float]) -> list[dict[str, Any]]:
    """The variants of a config, with their shares of the endpoint's traffic."""
    variants = fleet.get("ProductionVariants", [])
    total = sum(variant.get("CurrentWeight", 0) for variant in variants) or 1
    config = fleet.get("EndpointConfigName", "")
    return [
        {
            "config": config,
            "variant": variant["VariantName"] if len(variants) > 1 else "",
            "instances": variant.get("CurrentInstanceCount", 0),
            "wanted": variant.get("DesiredInstanceCount", 0),
            "share": shares.get(config, 0) * variant.get("CurrentWeight", 0) / total,
        }
        for variant in variants
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
    found = [
        {
            "type": type_,
            "name": summary[f"{kind.word}Name"],
            "status": summary[f"{kind.word}Status"],
            "started": summary["CreationTime"].isoformat(),
        }
        for type_, kind in JOBS.items()
        for summary in kind.listed(sagemaker)
    ]
    newest = _newest(found, lambda job: job["started"])
    return [{**one, "reason": _reason(sagemaker, one)} for one in newest]


def _reason(sagemaker: Any, job: dict[str, Any]) -> str:
    """Why it failed; lists of training jobs do not say it."""
    if job["status"] != "Failed":
        return ""
    return reason(JOBS[job["type"]].described(sagemaker, job["name"]))


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


def _newest(
    found: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]
) -> list[dict[str, Any]]:
    return sorted(found, key=key, reverse=True)[:NEWEST]
