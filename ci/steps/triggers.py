"""What starts a run: uploads, collected for a while; and drift, once until something changes."""

import hashlib
import json
import os
from datetime import datetime
from typing import Any

from ci.client import ClientError, code_of
from ci.steps.setting import Setting


def trigger(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Start a run for an event of EventBridge, or say why not: ``{"started", "message"}``."""
    if event["source"] == "aws.s3":
        return _upload(setting, event)
    return _drift(setting, event)


def collect(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """From now on an upload starts another run, because this one begins to read."""
    key = {"name": {"S": _pending(setting)}}
    setting.client("dynamodb").delete_item(TableName=setting.table, Key=key)
    return {}


def _upload(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    key = event["detail"]["object"]["key"]
    prefixes = setting.environment.data.channels.values()
    if not any(key.startswith(prefix) for prefix in prefixes):
        return _not_started(f"{key} belongs to no channel.")
    wait = setting.environment.triggers.debounce_seconds
    begun = _seconds(event)
    item = {
        "name": {"S": _pending(setting)},
        "until": {"N": str(begun + 2 * wait + 60)},
    }
    if not _put_unless_there(setting, item, begun):
        return _not_started(f"{key} joins the run that is collecting uploads.")
    return _start(setting, event, {"cause": f"upload of {key}", "wait": wait})


def _drift(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    environment = setting.environment
    begun = _seconds(event)
    item = {
        "name": {"S": f"drift/{environment.endpoint_name}/{_data_state(setting)}"},
        "until": {"N": str(begun + 3600 * environment.monitoring.cool_down_hours)},
    }
    if not _put_unless_there(setting, item, begun):
        return _not_started(
            "A run was started for drift on this data less than "
            f"{environment.monitoring.cool_down_hours} h ago."
        )
    return _start(setting, event, {"cause": "drift of the live requests", "wait": 0})


def _put_unless_there(setting: Setting, item: dict[str, Any], now: float) -> bool:
    try:
        setting.client("dynamodb").put_item(
            TableName=setting.table,
            Item=item,
            ConditionExpression="attribute_not_exists(#name) OR #until < :now",
            ExpressionAttributeNames={"#name": "name", "#until": "until"},
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _start(setting: Setting, event: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Named after the event, so that a second delivery of it starts nothing."""
    started = setting.client("stepfunctions").start_execution(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"],
        name=f"{event['source'].removeprefix('aws.')}-{event['id']}",
        input=json.dumps(given),
    )
    return {"started": started["executionArn"], "message": given["cause"]}


def _not_started(message: str) -> dict[str, Any]:
    return {"started": None, "message": message}


def _pending(setting: Setting) -> str:
    return f"pending/{setting.environment.endpoint_name}"


def _data_state(setting: Setting) -> str:
    """A hash of the newest objects of all channels: it changes with new data."""
    s3 = setting.client("s3")
    found = [
        (one["Key"], one["ETag"])
        for prefix in setting.environment.data.channels.values()
        for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket=setting.place.bucket, Prefix=prefix
        )
        for one in page.get("Contents", [])
    ]
    return hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()[:16]


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
