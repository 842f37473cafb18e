"""What each part of the status is told as, and who changed a thing last."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ci.client import ClientError, client, saying
from ci.errors import CiError

T = TypeVar("T")
UNKNOWN = "unknown"
NOT_CHECKED = "not checked"
NOT_THERE = "not there"


@dataclass(frozen=True)
class Thing:
    """One thing of the account.

    Attributes:
        state: as AWS says it.
        commit: that made it what it is; empty where nobody knows.
        since: when that was.
        drift: how it differs from what that commit made.
        unchecked: why some of that is not known; empty when all is.
        by: who changed it last.
    """

    kind: str
    name: str
    state: str
    commit: str = ""
    since: str = ""
    drift: tuple[str, ...] = ()
    unchecked: str = ""
    by: str = UNKNOWN

    def row(self) -> tuple[str, ...]:
        """For a table."""
        drift = "drifted" if self.drift else NOT_CHECKED if self.unchecked else "as made"
        if self.state == NOT_THERE:
            return self.kind, self.name, self.state, "", "", "drifted" if self.drift else "", ""
        commit, _, changed = self.commit.partition("-")
        mark = f"{commit[:8]}{'+' if changed else ''}" or "?"
        return self.kind, self.name, self.state, mark, self.since[:16] or "?", drift, self.by


def last_changed(region: str, name: str) -> str:
    """Who changed what has this name last, as CloudTrail says; empty where it does not."""
    wanted = [{"AttributeKey": "ResourceName", "AttributeValue": name}]
    try:
        found = client("cloudtrail", region).lookup_events(LookupAttributes=wanted)["Events"]
    except ClientError:
        return ""
    for one in sorted(found, key=lambda event: event["EventTime"], reverse=True):
        if one.get("ReadOnly") == "false":
            who = one.get("Username", UNKNOWN)
            return f"{who} ({one['EventName']}, {one['EventTime']:%Y-%m-%d %H:%M})"
    return ""


def pages(
    region: str, service: str, call: str, field: str, **given: Any
) -> Iterator[dict[str, Any]]:
    """Everything that a call lists, page by page."""
    for page in client(service, region).get_paginator(call).paginate(**given):
        yield from page[field]


def tried(what: str, read: Callable[[], T], nothing: T, unknown: dict[str, str]) -> T:
    """What was read, or ``nothing`` with the reason among the unknown."""
    try:
        with saying(what):
            return read()
    except CiError as error:
        unknown[what] = str(error)
        return nothing


def tags_of(region: str, arn: str) -> dict[str, str]:
    """The tags of something of SageMaker's."""
    tags = client("sagemaker", region).list_tags(ResourceArn=arn)["Tags"]
    return {one["Key"]: one["Value"] for one in tags}


def endpoint_of(region: str, arn: str) -> str:
    """The endpoint that a model or config was made for, by its tags; empty when it has none."""
    return tags_of(region, arn).get("endpoint", "")


def config_of(alarm: Mapping[str, Any], endpoint: str) -> str:
    """The config of an endpoint that an alarm watches; empty when it watches something else."""
    of = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
    return of.get("EndpointConfigName", "") if of.get("EndpointName") == endpoint else ""
