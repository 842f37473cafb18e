"""An hour of captured requests: the job that looks at it, and what it found as a metric."""

from datetime import datetime, timedelta
from typing import Any

from ci import requests
from ci.steps.live import look
from ci.steps.setting import Setting

METRIC = "Drift"


def monitor(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """The request for the hour before ``time``; null when nothing was captured in it."""
    hour = (_time(event) - timedelta(hours=1)).strftime("%Y/%m/%d/%H")
    environment = setting.environment
    champion = look(setting).champion
    prefix = f"capture/{environment.endpoint_name}/{environment.endpoint.variant}/{hour}/"
    found = setting.client("s3").list_objects_v2(
        Bucket=setting.place.bucket, Prefix=prefix, MaxKeys=1
    )
    if champion is None or not found.get("Contents"):
        return {"hour": hour, "request": None}
    body = requests.monitor_job(environment, setting.place, hour, champion)
    return {"hour": hour, "request": body}


def measured(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Put 1 when the hour has drifted, else 0: the drift alarm watches it."""
    name = setting.environment.endpoint_name
    found = setting.read_json(f"monitoring/{name}/{event['hour']}/drift.json") or {}
    drifted = bool(found.get("drifted"))
    setting.client("cloudwatch").put_metric_data(
        Namespace=setting.environment.project,
        MetricData=[
            {
                "MetricName": METRIC,
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
                "Timestamp": _time(event),
                "Value": float(drifted),
            }
        ],
    )
    columns = [one["column"] for one in found.get("columns", []) if one.get("drifted")]
    return {"drifted": drifted, "columns": sorted(set(columns))}


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
