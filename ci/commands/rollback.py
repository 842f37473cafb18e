"""`rollback`: an earlier release again, by one command; the next run does not undo it."""

from argparse import Namespace
from typing import Any

from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.holding import holding
from ci.lineage import RELEASED, ROLLBACK, Lineage, Record
from ci.order import Position
from ci.pointer import Pointer
from ci.release import Release, model_of, released, settled
from ci.stacks import to_stderr
from ci.steps.live import Live
from ci.steps.setting import Setting

OWN = ("release", "model", "before", "time", "state", "reply", "plan", "proof", "override")


def run(options: Namespace) -> int:
    """Release an earlier image with its own artifact, and reject what is left.

    Raises:
        CiError: there is no such earlier release, or the endpoint does not take it.
    """
    deployment = Deployment.of(options.environment)
    setting = deployment.setting()
    topic = deployment.outputs("retraining")["TopicArn"]
    with holding(setting, to_stderr) as held:
        live = settled(setting, to_stderr)
        records = Lineage(setting).released(live.config)
        left, target = _chosen(records, live, setting, options.to)
        if _is_done(records, live, target):
            print(
                f"The endpoint serves {target['release']} of {target['time']} already: it was gone "
                "back to, and nothing was released since. `--to` goes elsewhere."
            )
            return EXIT_OK
        to_stderr(f"going back from {left['release']} to {target['release']} of {target['time']}")
        _reject(setting, left, target)
        model = model_of(setting, live, target["image"], target["artifact"], _tags(left, target))
        record = {
            **{name: value for name, value in target.items() if name not in OWN},
            "kind": ROLLBACK,
            "left": {name: left[name] for name in ("release", "image", "commit")},
            "target": target["release"],
            "doomed": "",
        }
        released(Release(setting, model, topic, held, to_stderr), live, record)
    print(
        f"Rolled back: the endpoint serves {target['release']} of {target['time']} again. "
        "`--to` goes elsewhere; `python -m ci history` lists where."
    )
    return EXIT_OK


def _chosen(
    records: list[Record], live: Live, setting: Setting, to: str | None
) -> tuple[Record, Record]:
    """What is left, and what is gone back to: named, or the newest other one that is not rejected.

    Where the newest thing that happened is this rollback, it is that once more.
    """
    if live.status != "InService":
        raise CiError(
            f"The endpoint is {live.status}, so it cannot go back. {live.reason} Delete it where "
            "it is there, and start a run: the run creates it anew."
        )
    releases = [one for one in records if one.get("kind") != ROLLBACK]
    if (done := _newest_rollback(records, live)) is not None:
        target = next(one for one in releases if one["release"] == done["target"])
        if to is None or _is_called(target, to):
            return done["left"], target
    left = next((one for one in records if one["release"] == live.config), _unrecorded(live))
    earlier = [one for one in releases if _made_of(one) != _made_of(left)]
    if to is not None:
        others = [one for one in earlier if _is_called(one, to)]
    else:
        others = [one for one in earlier if not _rejected(setting, one)]
    if not others:
        known = ", ".join(one["release"] for one in earlier) or "none"
        raise CiError(f"There is no such earlier release to go back to. There are: {known}.")
    return left, others[0]


def _newest_rollback(records: list[Record], live: Live) -> Record | None:
    """The rollback that has made what is live, if nothing was released after it."""
    newest = next(iter(records), {})
    made = newest.get("kind") == ROLLBACK and newest["release"] == live.config
    return newest if made else None


def _is_done(records: list[Record], live: Live, target: Record) -> bool:
    """Whether a rollback to the target has come to its end, and is the newest thing."""
    newest = _newest_rollback(records, live)
    return newest is not None and (newest["target"], newest["state"]) == (
        target["release"],
        RELEASED,
    )


def _unrecorded(live: Live) -> Record:
    """What is live, where a run died before it wrote its record."""
    champion = live.champion
    return {
        "release": live.config,
        "image": champion.image,
        "artifact": champion.artifact,
        "commit": champion.lineage.get("commit", ""),
    }


def _is_called(record: Record, name: str) -> bool:
    return name in (record["release"], record.get("run"), record.get("commit"))


def _made_of(record: Record) -> tuple[str, str]:
    return record["image"], record["artifact"]


def _rejected(setting: Setting, record: Record) -> bool:
    return setting.rejected(record["image"]) or setting.rejected(record["release"])


def _reject(setting: Setting, left: Record, target: Record) -> None:
    """What is left is not used again: the release, and its image where that is another.

    The pointer goes to the image that is gone back to; in the order of decisions it stays where
    it is, so that no pipeline that is still under way moves it.
    """
    why = f"rolled back to {target['release']}"
    setting.reject(left["release"], why)
    if left["image"] == target["image"]:
        return
    setting.reject(left["image"], why)
    pointer = Pointer(setting)
    if pointer.read() != target["image"]:
        pointer.put(target["image"], pointer.decided_by() or Position(left["commit"]))


def _tags(left: Record, target: Record) -> dict[str, str]:
    digest = target["image"].rpartition("@")[2]
    evaluation: dict[str, Any] = target.get("evaluation") or {}
    metric = evaluation.get("metric") or {}
    found = {
        **(target.get("model") or {}).get("lineage", {}),
        "run": target.get("run"),
        "image": digest,
        "trained-by": target.get("trained_by") or digest,
        "training-job": target.get("training_job"),
        "commit": target.get("commit"),
        "metric": metric.get("name", ""),
        "rollback-from": left["release"],
    }
    return {name: str(value) for name, value in found.items() if value}
