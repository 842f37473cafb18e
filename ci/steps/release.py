"""The release of a model: which requests follow, and whether the endpoint really runs it."""

import json
from dataclasses import asdict, replace
from typing import Any

from ci import requests
from ci.environment import Environment
from ci.requests import Model, Run
from ci.steps.golden import golden_of
from ci.steps.live import Live, look
from ci.steps.setting import Setting, StepFault

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


def release(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Does the endpoint exist, in what state, and which requests follow?

    Returns:
        ``{"action": "create" | "update" | "wait", "requests": …}``.

    Raises:
        StepFault: the endpoint is in a state that nothing can be released to.
    """
    live = look(setting)
    if live.status in (*BUSY, "Deleting"):
        return {"action": "wait", "status": live.status}
    if live.status not in ("Absent", "InService"):
        raise StepFault(
            f"Endpoint {setting.environment.endpoint_name} is {live.status} ({live.reason}), and "
            "AWS lets such an endpoint only be deleted. Delete it and start the run again: the "
            "run creates it anew."
        )
    environment, model = setting.environment, Model(**event["model"])
    if live.status == "InService":
        _check_variant(environment.endpoint.variant, live)
        _free_of_scaling(setting, live)
    alarms = requests.alarms(environment, model, event["topic"])
    names = [alarm["AlarmName"] for alarm in alarms]
    return {
        "action": "create" if live.status == "Absent" else "update",
        "before": live.config,
        "requests": {
            "model": requests.model(environment, setting.place, model),
            "config": requests.endpoint_config(
                environment, setting.place, model, instances_kept(environment, live)
            ),
            "alarms": alarms if live.status == "InService" else [],
            "create": requests.create_endpoint(environment, model),
            "update": requests.update_endpoint(environment, model, names),
        },
    }


def verify(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Whether the endpoint runs the new config and answers as the training job said it would.

    Args:
        event: ``model``; and ``reply``, the JSON that a proof has seen, where there was one.

    The golden requests are sent while it still updates, too, so that alarms of an otherwise
    idle endpoint have something to see.

    Returns:
        ``{"state": "busy" | "released" | "rolled back" | "failed", "message"}``.
    """
    model, live = Model(**event["model"]), look(setting)
    golden = golden_of(setting, model.artifact)
    if golden and (reply := event.get("reply")) is not None:
        golden = replace(golden, reply=reply)
    name = setting.environment.endpoint_name
    wrong = golden.ask(setting) if golden and live.status not in ("Creating", "Failed") else ""
    if live.status in BUSY:
        return {"state": "busy", "message": f"{name} is {live.status}."}
    if live.status != "InService":
        return {"state": "failed", "message": f"{name} is {live.status}: {live.reason}"}
    if live.config != model.name:
        why = f" SageMaker says: {live.reason}" if live.reason else ""
        return {
            "state": "rolled back",
            "message": f"{name} says InService, but runs {live.config} and not {model.name}: "
            f"the update was rolled back.{why}",
        }
    if wrong:
        return {"state": "failed", "message": f"{name} runs {model.name}, but {wrong}"}
    return {"state": "released", "message": f"{name} runs {model.name} and answers as it should."}


def instances_kept(environment: Environment, live: Live) -> int | None:
    """As many instances as it has scaled to; None where it does not scale, or is not there."""
    scaling = environment.scaling
    if scaling.maximum <= scaling.minimum or not live.instances:
        return None
    return min(max(live.instances, scaling.minimum), scaling.maximum)


def scale(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """The scaling that the endpoint is to have: ``{"target", "policy"}``, each may be null."""
    return {
        "target": requests.scalable_target(setting.environment),
        "policy": requests.scaling_policy(setting.environment),
    }


def finish(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """Write down what is live now and what it was made of; remove the former release's alarms."""
    run, model = Run(**event["run"]), Model(**event["model"])
    endpoint = setting.environment.endpoint_name
    training_job = model.lineage["training-job"]
    lineage = {
        "release": model.name,
        "run": run.name,
        "execution": event["execution"],
        "time": event["time"],
        "image": run.image,
        "commit": run.description.get("commit", ""),
        "artifact": model.artifact,
        "data": run.data,
        "data_versions": setting.read_json(run.key("data-versions.json")),
        "hyperparameters": _hyperparameters(setting, training_job),
        "training_job": training_job,
        "evaluation": setting.read_json(run.key("challenger", "evaluation.json")),
        "drift": event["drift"],
        "concept_drift": event["concept_drift"],
        "package": event["package"],
        "before": event["before"],
    }
    setting.write_json(f"lineage/{endpoint}/{model.name}.json", lineage)
    remove_former_alarms(setting, model)
    return {"release": model.name, "model": asdict(model)}


def remove_former_alarms(setting: Setting, model: Model) -> None:
    """Those of the releases before this one."""
    if former := _alarms_of_others(setting, model):
        setting.client("cloudwatch").delete_alarms(AlarmNames=former)


def _alarms_of_others(setting: Setting, model: Model) -> list[str]:
    """The alarms of earlier releases, of those too that never went live."""
    endpoint = setting.environment.endpoint_name
    pages = (
        setting.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=endpoint)
    )
    return [
        alarm["AlarmName"]
        for page in pages
        for alarm in page["MetricAlarms"]
        if {"EndpointName": endpoint}.items() <= _dimensions(alarm).items()
        and _dimensions(alarm).get("EndpointConfigName", model.name) != model.name
    ]


def _dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}


def _hyperparameters(setting: Setting, training_job: str) -> dict[str, str]:
    """What the model was trained with: in a tuned run, what the search found."""
    found = setting.client("sagemaker").describe_training_job(TrainingJobName=training_job)
    given = found.get("HyperParameters", {})
    return {name: value for name, value in given.items() if not name.startswith("_tuning_")}


def _check_variant(wanted: str, live: Live) -> None:
    if wanted != live.variant:
        raise StepFault(
            f"endpoint.variant is '{wanted}', but the live endpoint's variant is '{live.variant}', "
            "and an update cannot rename it. Put the old name back, or use another project name."
        )


def _free_of_scaling(setting: Setting, live: Live) -> None:
    """A new instance type needs the scalable target deregistered; `scale` registers it again."""
    if live.instance_type in ("", setting.environment.endpoint.instance_type):
        return
    scaling = setting.client("application-autoscaling")
    resource = f"endpoint/{setting.environment.endpoint_name}/variant/{live.variant}"
    dimension = "sagemaker:variant:DesiredInstanceCount"
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
    if found["ScalableTargets"]:
        scaling.deregister_scalable_target(
            ServiceNamespace="sagemaker", ResourceId=resource, ScalableDimension=dimension
        )


def explain(setting: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """What went wrong, for a person: ``{"kind", "message"}``.

    Args:
        event: ``error`` and ``cause`` as Step Functions caught them. A job that `.sync` waited
            for is described, as JSON, in its cause.
    """
    told = event.get("cause") or ""
    try:
        cause = json.loads(told)
    except ValueError:
        cause = {}
    if not isinstance(cause, dict):
        cause = {}
    if "errorMessage" in cause:  # of a Lambda function
        return {"kind": cause.get("errorType", ""), "message": cause["errorMessage"]}
    name = next((value for key, value in cause.items() if key.endswith("JobName")), "")
    if not name:
        return {"kind": event["error"], "message": f"{event['error']}: {told}"[:1500]}
    said = cause.get("ExitMessage") or cause.get("FailureReason", "")
    reason = said.partition("\n\n")[0]  # the traceback is in the log
    status = next(value for key, value in cause.items() if key.endswith("JobStatus"))
    secondary = cause.get("SecondaryStatus", "")
    if reason.startswith("CapacityError"):
        return {"kind": "capacity", "message": f"{name}: {reason}"}
    if "MaxRuntimeExceeded" in (secondary, reason) or "MaxRuntimeInSeconds" in reason:
        return {
            "kind": "max runtime",
            "message": f"{name} ran out of time. Raise max_runtime_seconds in the environment "
            "file, or train less.",
        }
    if status == "Stopped":
        return {"kind": "stopped", "message": f"{name} was stopped."}
    return {"kind": "failed", "message": f"{name} failed: {reason or event['error']}"}
