"""Between training and release: is the data usable, is the model good enough?"""

from dataclasses import asdict
from typing import Any

from ci import requests
from ci.client import ClientError
from ci.requests import Model, Run
from ci.steps.setting import Setting, StepFault


def judge_data(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """What the data job found: ``{"usable", "message", "drift"}``."""
    found = setting.read_json(Run(**event["run"]).key("data", "data.json"))
    if found is None:
        raise StepFault("The data job wrote no data.json: see its log.")
    problems = [
        f"{one['channel']}{'.' + one['column'] if one.get('column') else ''}: {one['problem']}"
        for one in found["problems"]
    ]
    return {
        "usable": found["usable"],
        "message": "The data cannot be used. " + " ".join(problems),
        "drift": found.get("drift"),
    }


def challenger(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """The request that lets the new model answer the held-out rows."""
    run = Run(**event["run"])
    judged = event["champion"] is not None
    return {
        "request": requests.challenger_job(
            setting.environment, setting.place, run, event["artifact"], judged
        )
    }


def judge(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """The verdict, and the model with its lineage, registered whatever the verdict is.

    Returns:
        ``{"accepted", "approved", "message", "model", "package"}``.
    """
    run = Run(**event["run"])
    key = run.key("challenger", "evaluation.json")
    found = setting.read_json(key)
    if found is None:
        raise StepFault("The evaluation wrote no evaluation.json: see its log.")
    verdict, metric = found["verdict"], found["metric"]
    champion = setting.read_json(run.key("champion", "evaluation.json")) or {}
    drift = champion.get("concept_drift")
    lineage = {
        "run": run.name,
        "image": run.image.rpartition("@")[2],
        "training-job": event["training_job"],
        "evaluation": setting.place.uri(key),
        "metric": metric["name"],
        "value": f"{metric['value']:.6g}",
    }
    model = Model(
        name=requests.short(f"{setting.environment.endpoint_name}-{run.name}", 50),
        image=run.image,
        artifact=event["artifact"],
        lineage=lineage,
    )
    package = _registered(setting, run, model) if verdict["accepted"] else ""
    return {
        "accepted": verdict["accepted"],
        "approved": setting.environment.registry.approval == "automatic",
        "message": " ".join([*verdict["reasons"], *_drift_told(drift, metric["name"])]),
        "concept_drift": drift,
        "metric": metric,
        "model": asdict(model),
        "package": package,
    }


def _drift_told(drift: dict[str, Any] | None, metric: str) -> list[str]:
    if not drift or not drift["drifted"]:
        return []
    return [
        f"Concept drift: the live model's {metric} was {drift['before']:.4g} when it was released "
        f"and is {drift['now']:.4g} on these rows."
    ]


def _registered(setting: Setting, run: Run, model: Model) -> str:
    """The ARN of the model package."""
    sagemaker = setting.client("sagemaker")
    try:
        sagemaker.create_model_package_group(**requests.model_package_group(setting.environment))
    except ClientError as error:
        if "already exists" not in str(error):
            raise
    body = requests.model_package(setting.environment, setting.place, run, model)
    return sagemaker.create_model_package(**body)["ModelPackageArn"]
