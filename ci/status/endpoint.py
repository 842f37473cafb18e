"""The endpoint: which release it runs, and whether one of ours put it there."""

from ci.lineage import Record
from ci.status.parts import NOT_THERE, UNKNOWN, Thing, last_changed
from ci.steps.live import Live
from ci.steps.setting import Setting

ABSENT = "Absent"


def thing(setting: Setting, live: Live, released: list[Record]) -> Thing:
    """The endpoint as it is.

    Args:
        released: what was live or is, the newest first.
    """
    name = setting.environment.endpoint_name
    if live.status == ABSENT:
        return Thing("endpoint", name, NOT_THERE)
    record = next((one for one in released if one["release"] == live.config), {})
    tags = live.champion.lineage if live.champion else {}
    drift = tuple(_drift(name, live, record, released))
    return Thing(
        kind="endpoint",
        name=name,
        state=f"{live.status} {live.config}",
        commit=record.get("commit") or tags.get("commit", ""),
        since=record.get("time", ""),
        drift=drift,
        by=last_changed(setting.environment.region, name)
        or (UNKNOWN if drift else _by(record, tags)),
    )


def _drift(name: str, live: Live, record: Record, released: list[Record]) -> list[str]:
    if live.champion is None:
        return ["It has no model that can be told."]
    lineage = live.champion.lineage
    if not record:
        if lineage.get("endpoint") != name:
            return [f"No release knows {live.config}: it was changed by hand."]
        return [f"{live.config} is ours, but its release or run has not come to its end."]
    found = []
    newest = released[0]["release"]
    if newest != live.config:
        found.append(f"The newest release is {newest}: it was changed by hand.")
    for what in ("image", "artifact"):
        if record[what] != getattr(live.champion, what):
            found.append(f"Its {what} is not that of the release {live.config}.")
    return found


def _by(record: Record, tags: dict[str, str]) -> str:
    """As our own record says it."""
    if pipeline := tags.get("pipeline"):
        return f"pipeline {pipeline}"
    if record.get("run") and record.get("kind", "run") == "run":
        return f"run {record['run']}"
    return record.get("kind", UNKNOWN)
