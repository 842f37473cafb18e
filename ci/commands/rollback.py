"""`rollback`: an earlier release again, by one command; the next run does not undo it."""

from argparse import Namespace
from typing import Any

from ci.client import saying
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.holding import holding
from ci.lineage import Lineage, Record
from ci.order import Position
from ci.pointer import Pointer
from ci.release import Release, model_of, released
from ci.stacks import to_stderr
from ci.steps.live import Live, look
from ci.steps.setting import Setting

ROLLBACK = "rollback"
OWN = ("release", "model", "before", "time", "state", "reply")


def run(options: Namespace) -> int:
    """Release an earlier image with its own artifact, and reject what is left.

    Raises:
        CiError: there is no such earlier release, or the endpoint does not take it.
    """
    deployment = Deployment.of(options.environment)
    setting = deployment.setting()
    topic = deployment.outputs("retraining")["TopicArn"]
    with holding(setting, to_stderr) as held:
        with saying(f"looking at {deployment.environment.endpoint_name}"):
            live = look(setting)
        left, target = _chosen(Lineage(setting).released(), live, setting, options.to)
        to_stderr(f"going back from {left['release']} to {target['release']} of {target['time']}")
        _reject(setting, left, target)
        model = model_of(setting, live, target["image"], target["artifact"], _tags(left, target))
        kept = {name: value for name, value in target.items() if name not in OWN}
        released(Release(setting, model, topic, held, to_stderr), live, {**kept, "kind": ROLLBACK})
    print(f"Rolled back: the endpoint serves {target['release']} of {target['time']} again.")
    return EXIT_OK


def _chosen(
    records: list[Record], live: Live, setting: Setting, to: str | None
) -> tuple[Record, Record]:
    """What is left, and what is gone back to: named, or the newest other one that is not rejected.

    Rollbacks are no steps of the way back, so that the same command twice goes back once.
    """
    releases = [one for one in records if one.get("kind") != ROLLBACK]
    if live.champion is None or not releases:
        raise CiError("Nothing was released here yet, so there is nothing to go back from.")
    left, earlier = releases[0], releases[1:]
    others = [one for one in earlier if _made_of(one) != _made_of(left)]
    if to is not None:
        others = [one for one in releases if to in (one["release"], one["run"], one["commit"])]
    else:
        others = [one for one in others if not _rejected(setting, one)]
    if not others:
        known = ", ".join(one["release"] for one in earlier) or "none"
        raise CiError(f"There is no such earlier release to go back to. There are: {known}.")
    return left, others[0]


def _made_of(record: Record) -> tuple[str, str]:
    return record["image"], record["artifact"]


def _rejected(setting: Setting, record: Record) -> bool:
    with saying("looking at what was rejected"):
        return setting.rejected(record["image"]) or setting.rejected(record["release"])


def _reject(setting: Setting, left: Record, target: Record) -> None:
    """What is left is not used again: the release, and its image where that is another.

    The pointer goes to the image that is gone back to; in the order of decisions it stays where
    it is, so that no pipeline that is still under way moves it.
    """
    why = f"rolled back to {target['release']}"
    with saying("rejecting what is left"):
        setting.reject(left["release"], why)
        if left["image"] != target["image"]:
            setting.reject(left["image"], why)
    pointer = Pointer(setting)
    if left["image"] != target["image"] and pointer.read() != target["image"]:
        pointer.put(target["image"], pointer.decided_by() or Position(left["commit"]))


def _tags(left: Record, target: Record) -> dict[str, str]:
    digest = target["image"].rpartition("@")[2]
    evaluation: dict[str, Any] = target.get("evaluation") or {}
    metric = evaluation.get("metric") or {}
    found = {
        **(target.get("model") or {}).get("lineage", {}),
        "run": target["run"],
        "image": digest,
        "trained-by": target.get("trained_by") or digest,
        "training-job": target["training_job"],
        "commit": target["commit"],
        "metric": metric.get("name", ""),
        "rollback-from": left["release"],
    }
    return {name: str(value) for name, value in found.items() if value}
