"""`status`: what an environment is, of which commits, and what has become of it since."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from ci.deployment import Deployment
from ci.errors import EXIT_OK
from ci.lineage import BEGUN, FAILED
from ci.requests import run_name
from ci.status import endpoint, releases, stacks
from ci.status.parts import Thing, tried
from ci.steps.live import Live, look
from ci.table import columns

HEAD = ("", "name", "state", "commit", "since", "drift", "changed by")
Found = dict[str, Any]


def run(options: Namespace) -> int:
    """Print what there is, as a table or as JSON; it changes nothing."""
    found = status_of(Deployment.of(options.environment))
    print(json.dumps(found, indent=2) if options.json else "\n".join(_told(found)))
    return EXIT_OK


def status_of(deployment: Deployment) -> Found:
    """Everything, shaped as `status --json` prints it; what is not known is under ``unknown``."""
    deployment.check_account()
    unknown: dict[str, str] = {}
    things = tried("looking at the stacks", partial(stacks.things, deployment), [], unknown)
    found: Found = {"environment": deployment.environment.name, "region": deployment.region}
    if deployment.is_deployed():
        endpoint_thing, more = _around(deployment, unknown)
        things = [*things, *endpoint_thing]
        found |= more
    return {**found, "things": [asdict(one) for one in things], "unknown": unknown}


def _around(deployment: Deployment, unknown: dict[str, str]) -> tuple[list[Thing], Found]:
    setting = deployment.setting()
    live = tried("looking at the endpoint", partial(look, setting), Live("?"), unknown)
    known = tried("reading the lineage", partial(releases.records, setting), [], unknown)
    here = endpoint.thing(setting, live, releases.released(known, live.config))
    machine = deployment.outputs("retraining")["StateMachineArn"]
    runs = tried("listing runs", partial(releases.runs, setting, machine), [], unknown)
    under_way = [run_name(one["run"]) for one in runs if one["state"] == "RUNNING"]
    orphans = releases.Orphans(setting, known, live.config, under_way)
    pointer = partial(releases.pointer, setting, next(iter(known), {}))
    return [here], {
        "pointer": tried("reading the pointer", pointer, {}, unknown),
        "queue": tried("reading the lock", setting.lock.queue, [], unknown),
        "unfinished": releases.briefly(known, BEGUN),
        "failed": releases.briefly(known, FAILED),
        "rejected": tried("listing rejected", partial(releases.rejected, setting), [], unknown),
        "orphans": tried("looking for orphans", orphans.found, [], unknown),
        "runs": runs,
    }


def _told(found: Found) -> Iterator[str]:
    things = [_thing(one) for one in found["things"]]
    yield f"{found['environment']} in {found['region']}"
    if things:
        yield from columns([HEAD, *(one.row() for one in things)])
    for one in things:
        yield from (f"  Drift of {one.name}: {sentence}" for sentence in one.drift)
        if one.unchecked:
            yield f"  Not checked of {one.name}: {one.unchecked}"
    if "pointer" in found:
        yield from _told_around(found)
    yield from (f"Not known: {why}" for why in found["unknown"].values())


def _told_around(found: Found) -> Iterator[str]:
    pointed = found["pointer"]
    if pointed:
        yield f"The next run trains with {pointed['image'] or 'nothing yet'}{_decided(pointed)}"
    holder, *waiting = found["queue"] or ["nobody"]
    yield f"The endpoint's lock is held by {holder}; {len(waiting) or 'nobody'} waiting"
    yield from (f"  waits: {one}" for one in waiting)
    lists = {
        "Begun and not finished": ("unfinished", ("time", "kind", "release", "commit")),
        "Failed releases": ("failed", ("time", "kind", "release", "commit")),
        "Rejected": ("rejected", ("what", "why")),
        "Used by no release": ("orphans", ("kind", "name", "why")),
        "Newest runs": ("runs", ("since", "run", "state")),
    }
    for title, (name, keys) in lists.items():
        if found[name]:
            yield f"{title}:"
            yield from columns([one[key] for key in keys] for one in found[name])


def _decided(pointed: Found) -> str:
    if pointed["rejected"]:
        return ", which is REJECTED: no run uses it"
    if pointed["rollback"]:
        return f", put back by the rollback of {pointed['rollback']}"
    if not pointed["commit"]:
        return ", put there by hand" if pointed["image"] else ""
    number = f" of pipeline {pointed['pipeline']}" if pointed["pipeline"] is not None else ""
    return f", decided by commit {pointed['commit'][:8]}{number}"


def _thing(given: Found) -> Thing:
    return Thing(**{**given, "drift": tuple(given["drift"])})
