"""Around the endpoint: pointer, lock, releases without a good end, and what nobody uses."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ci.client import client
from ci.lineage import BEGUN, FAILED, RELEASED, ROLLBACK, Record
from ci.pointer import Pointer
from ci.status.parts import config_of, endpoint_of, pages, tags_of
from ci.steps.setting import Setting

REJECTED = "rejected/"
NEWEST = 5


def records(setting: Setting) -> list[Record]:
    """Everything that the lineage says, the newest first."""
    prefix = f"lineage/{setting.environment.endpoint_name}/"
    listed = client("s3", setting.environment.region).get_paginator("list_objects_v2")
    found = [
        setting.read_json(one["Key"])
        for page in listed.paginate(Bucket=setting.place.bucket, Prefix=prefix)
        for one in page.get("Contents", [])
    ]
    return sorted(found, key=lambda one: one["time"], reverse=True)


def released(found: list[Record], live: str) -> list[Record]:
    """What was live or is."""
    return [one for one in found if state_of(one) == RELEASED or one["release"] == live]


def state_of(record: Record) -> str:
    """Runs write a record only when they have released."""
    return record.get("state", RELEASED)


def briefly(found: list[Record], state: str) -> list[dict[str, str]]:
    """The releases of a state."""
    names = ("release", "kind", "commit", "time")
    return [
        {name: one.get(name) or "" for name in names} for one in found if state_of(one) == state
    ]


def pointer(setting: Setting, newest: Record) -> dict[str, Any]:
    """What the next run trains with, and whose decision that was.

    Args:
        newest: of the records; a rollback leaves the order of decisions as it was.
    """
    here = Pointer(setting)
    image, decided = here.read(), here.decided_by()
    went_back = newest.get("kind") == ROLLBACK and newest.get("image") == image
    return {
        "image": image,
        "rollback": newest["time"] if went_back else "",
        "commit": decided.commit if decided else "",
        "pipeline": decided.pipeline if decided else None,
        "rejected": bool(image) and setting.rejected(image),
    }


def rejected(setting: Setting) -> list[dict[str, str]]:
    """The images and releases that no run and no release uses."""
    items = pages(
        setting.environment.region,
        "dynamodb",
        "scan",
        "Items",
        TableName=setting.table,
        FilterExpression="begins_with(#name, :rejected)",
        ExpressionAttributeNames={"#name": "name"},
        ExpressionAttributeValues={":rejected": {"S": REJECTED}},
    )
    return [
        {"what": one["name"]["S"].removeprefix(REJECTED), "why": one.get("why", {}).get("S", "")}
        for one in items
    ]


def runs(setting: Setting, machine: str) -> list[dict[str, str]]:
    """The newest."""
    found = client("stepfunctions", setting.environment.region).list_executions(
        stateMachineArn=machine, maxResults=NEWEST
    )["executions"]
    return [
        {"run": one["name"], "state": one["status"], "since": one["startDate"].isoformat()[:16]}
        for one in found
    ]


@dataclass(frozen=True)
class Orphans:
    """What releases have made and none uses.

    Attributes:
        known: what the lineage says.
        live: the endpoint's config; empty when there is none.
        under_way: the runs that have not ended, as tags name them; what they make, they use.
    """

    setting: Setting
    known: list[Record]
    live: str
    under_way: Collection[str]

    def found(self) -> list[dict[str, str]]:
        """Configs, models and alarms, and why each is left."""
        now = self._made_now()
        return [*self._named(now), *self._alarms(now)]

    def _made_now(self) -> set[str]:
        """What runs under way have named: a config is called like its model."""
        name, region = self.setting.environment.endpoint_name, self.setting.environment.region
        models = pages(region, "sagemaker", "list_models", "Models", NameContains=name)
        return {
            one["ModelName"]
            for one in (models if self.under_way else ())
            if tags_of(region, one["ModelArn"]).get("run") in self.under_way
        }

    def _named(self, now: set[str]) -> Iterator[dict[str, str]]:
        name, region = self.setting.environment.endpoint_name, self.setting.environment.region
        kinds = {
            "endpoint config": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfig"),
            "model": ("list_models", "Models", "Model"),
        }
        used = {one["release"] for one in self.known if state_of(one) != FAILED}
        used |= {self.live, *now}
        for kind, (call, field, key) in kinds.items():
            for one in pages(region, "sagemaker", call, field, NameContains=name):
                if one[f"{key}Name"] not in used and endpoint_of(region, one[f"{key}Arn"]) == name:
                    why = self._why(one[f"{key}Name"])
                    yield {"kind": kind, "name": one[f"{key}Name"], "why": why}

    def _alarms(self, now: set[str]) -> Iterator[dict[str, str]]:
        name, region = self.setting.environment.endpoint_name, self.setting.environment.region
        used = {one["release"] for one in self.known if state_of(one) == BEGUN}
        used |= {self.live, *now}
        for one in pages(
            region, "cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=name
        ):
            config = config_of(one, name)
            if config and config not in used:
                why = f"of {config}, which is not live"
                yield {"kind": "alarm", "name": one["AlarmName"], "why": why}

    def _why(self, name: str) -> str:
        failed = any(one["release"] == name for one in self.known)
        return "of a release that failed" if failed else "no release's record names it"
