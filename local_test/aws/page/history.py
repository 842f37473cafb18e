"""What the events of an execution say of its states and of the ways between them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REASONS = (
    "FailureReason",
    "ExitMessage",
    "errorMessage",
    "SecondaryStatus",
    "ProcessingJobStatus",
    "TransformJobStatus",
)
BAD_ENDS = ("Failed", "TimedOut", "Aborted")


@dataclass
class History:
    """What has happened until now.

    Attributes:
        states: name → "running", "done" or "failed"; states that were not entered are left out.
        ways: (source, target) of every change from one state to another.
        steps: what happened, an entry each: states entered, and what failed and why.
    """

    states: dict[str, str] = field(default_factory=dict)
    ways: set[tuple[str, str]] = field(default_factory=set)
    steps: list[dict[str, Any]] = field(default_factory=list)


def read(events: Iterable[dict[str, Any]], ended: bool, within: Mapping[str, str]) -> History:
    """Read the events of an execution.

    Args:
        within: the Parallel or Map around a state, for states that are in one.
    """
    history = History()
    types: dict[int, str] = {}
    owners: dict[int, str] = {}  # the state that an event belongs to
    began: datetime | None = None
    for event in events:
        began = began or event["timestamp"]
        number, before, kind = event["id"], event.get("previousEventId", 0), event["type"]
        types[number], owner = kind, owners.get(before, "")
        if kind in ("ParallelStateFailed", "MapStateFailed"):
            owner = within.get(owner, owner)
        entered, left = kind.endswith("StateEntered"), kind.endswith("StateExited")
        details = next((value for key, value in event.items() if key.endswith("Details")), {})
        owners[number] = details["name"] if entered or left else owner
        if entered:
            history.ways.add((owner, details["name"]))
            history.states[details["name"]] = "running"
        elif left:
            _leave(history.states, details["name"], types.get(before, ""), within)
        if entered or kind.endswith(BAD_ENDS):
            history.steps.append(
                {
                    "seconds": (event["timestamp"] - began).total_seconds(),
                    "event": kind,
                    "name": owners[number],
                    "error": details.get("error", ""),
                    "cause": _readable(details.get("cause", "")),
                }
            )
    if ended:
        _fail_running(history.states, history.states)
    return history


def _readable(cause: str) -> str:
    """The reason in a cause that is a job or an error of a function as JSON."""
    try:
        told = json.loads(cause)
        return next(str(told[key]) for key in REASONS if told.get(key))
    except (ValueError, AttributeError, StopIteration):
        return cause


def _leave(states: dict[str, str], name: str, before: str, within: Mapping[str, str]) -> None:
    """A state is left: well, or with an error that was caught; what is in it does not go on."""
    states[name] = "failed" if before.endswith(BAD_ENDS) else "done"
    _fail_running(states, [inner for inner in states if name in around(inner, within)])


def _fail_running(states: dict[str, str], names: Iterable[str]) -> None:
    for name in names:
        if states[name] == "running":
            states[name] = "failed"


def around(name: str, within: Mapping[str, str]) -> list[str]:
    """Every Parallel and Map around a state, the innermost first."""
    found = []
    while name := within.get(name, ""):
        found.append(name)
    return found
