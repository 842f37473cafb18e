"""The beginning of a run: which image, which data, which champion; and the first requests."""

import json
from dataclasses import asdict
from typing import Any

from ci import requests
from ci.requests import Run
from ci.steps.live import look
from ci.steps.setting import Setting, StepFault

NOTHING = ("", "none")


def lock(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Queue up for the endpoint: ``{"held", "holder"}``."""
    held, holder = setting.lock.acquire(event["holder"], event["lease"])
    return {"held": held, "holder": holder}


def unlock(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Let the next one go on."""
    setting.lock.release(event["holder"])
    return {}


def resolve(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """What this run is made of.

    Args:
        event: ``run`` is the execution's name, ``input`` what it was started with: any of
            image, data {channel: prefix}, hyperparameters, tune.

    Raises:
        StepFault: no image is at the pointer, it was rejected, or a channel holds nothing.
    """
    given = event["input"]
    environment = setting.environment
    image = given.get("image") or _pointed(setting)
    digest = image.rpartition("@")[2]
    if setting.rejected(image):
        raise StepFault(
            f"The image {image} was rejected: a release of it failed or was rolled back. Push a "
            "mended one; the pointer then moves on."
        )
    run = Run(
        name=requests.run_name(event["run"]),
        image=image,
        data={**environment.data.channels, **given.get("data", {})},
        hyperparameters={
            **environment.training.hyperparameters,
            **{name: _text(value) for name, value in given.get("hyperparameters", {}).items()},
        },
        description=setting.read_json(f"images/{digest.removeprefix('sha256:')}.json") or {},
    )
    champion = look(setting).champion
    versions = {name: _versions(setting, name, prefix) for name, prefix in run.data.items()}
    setting.write_json(run.key("data-versions.json"), versions)
    tune = bool(given.get("tune", environment.tuning.enabled))
    place = setting.place
    return {
        "run": asdict(run),
        "champion": asdict(champion) if champion else None,
        "tune": tune,
        "requests": {
            "data": requests.data_job(environment, place, run, champion),
            "champion": champion
            and requests.champion_job(
                environment, place, run, champion, champion.lineage.get("evaluation", "")
            ),
            "training": [
                requests.training_job(environment, place, run, subnet)
                for subnet in range(max(1, len(environment.training.subnets)))
            ],
            "tuning": requests.tuning_job(environment, place, run) if tune else None,
        },
    }


def _text(value: Any) -> str:
    """A hyperparameter as SageMaker takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def _pointed(setting: Setting) -> str:
    found = setting.client("ssm").get_parameter(Name=setting.pointer)["Parameter"]["Value"]
    if found in NOTHING:
        raise StepFault(
            f"No image is at the training pointer {setting.pointer}. Push one, or put the URI of "
            "an image, by digest, there."
        )
    return found


def _versions(setting: Setting, channel: str, prefix: str) -> list[dict[str, Any]]:
    """Every object of a channel, exactly: key, version, ETag, bytes."""
    pages = (
        setting.client("s3")
        .get_paginator("list_object_versions")
        .paginate(Bucket=setting.place.bucket, Prefix=prefix)
    )
    found = [
        {
            "key": one["Key"],
            "version": one["VersionId"],
            "etag": one["ETag"].strip('"'),
            "bytes": one["Size"],
        }
        for page in pages
        for one in page.get("Versions", [])
        if one["IsLatest"]
    ]
    if not found:
        raise StepFault(
            f"Channel '{channel}' has no data: there is no object below "
            f"s3://{setting.place.bucket}/{prefix}. Upload some, or mend [data.channels]."
        )
    return found
