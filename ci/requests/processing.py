"""Processing jobs: data, champion and challenger are judged, an hour of requests is compared."""

from ci.environment import Environment
from ci.requests.parts import Body, Model, Place, Run, short, tags

PROCESSING = "/opt/ml/processing"


def data_job(environment: Environment, place: Place, run: Run, champion: Model | None) -> Body:
    """CreateProcessingJob: is the data usable, has it drifted from what the champion learned?"""
    inputs = [_input(f"channels/{name}", place.uri(data)) for name, data in run.data.items()]
    if champion:
        inputs.append(_input("champion", champion.artifact))
    return _processing(environment, place, run, "data", run.image, inputs, ["data"])


def champion_job(
    environment: Environment, place: Place, run: Run, champion: Model, baseline: str
) -> Body:
    """CreateProcessingJob: the champion answers the held-out rows in its own image.

    Args:
        baseline: S3 URI of the evaluation with which it was released; empty when unknown.
    """
    inputs = [_held_out(environment, place, run), _input("model", champion.artifact)]
    if baseline:
        inputs.append(_input("baseline", baseline))
    return _processing(environment, place, run, "champion", champion.image, inputs, ["model"])


def challenger_job(
    environment: Environment, place: Place, run: Run, artifact: str, judged: bool
) -> Body:
    """CreateProcessingJob: the challenger answers the same rows, and is judged.

    Args:
        judged: whether the champion has answered them before.
    """
    inputs = [_held_out(environment, place, run), _input("model", artifact)]
    if judged:
        inputs.append(_input("champion", place.uri(run.key("champion", "evaluation.json"))))
    arguments = ["model"]
    for name in ("minimum", "margin"):
        value = getattr(environment.evaluation, name)
        if value is not None:
            arguments += [f"--{name}", str(value)]
    return _processing(environment, place, run, "challenger", run.image, inputs, arguments)


def monitor_job(environment: Environment, place: Place, hour: str, champion: Model) -> Body:
    """CreateProcessingJob: an hour's captured requests against what the model was trained on.

    Args:
        hour: yyyy/mm/dd/hh, as data capture files them.
    """
    name = environment.endpoint_name
    captured = f"capture/{name}/{environment.endpoint.variant}/{hour}"
    output = f"monitoring/{name}/{hour}"
    return {
        "ProcessingJobName": short(f"{name}-monitor-{hour}"),
        "AppSpecification": {
            "ImageUri": champion.image,
            "ContainerEntrypoint": ["python", "-m", "framework", "monitor"],
        },
        "ProcessingInputs": [
            _input("endpoint", place.uri(captured)),
            _input("model", champion.artifact),
        ],
        "Environment": {"sagemaker_endpoint_name": name},
        **_resources(environment, place, output, environment.monitoring.instance_type),
        "Tags": tags(environment, {}),
    }


def _processing(  # noqa: PLR0913, PLR0917
    environment: Environment,
    place: Place,
    run: Run,
    step: str,
    image: str,
    inputs: list[Body],
    arguments: list[str],
) -> Body:
    return {
        "ProcessingJobName": short(f"{run.name}-{step}"),
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python", "-m", "framework", "evaluate"],
            "ContainerArguments": arguments,
        },
        "ProcessingInputs": inputs,
        **_resources(environment, place, run.key(step), environment.evaluation.instance_type),
        "Tags": tags(environment, {"run": run.name}),
    }


def _resources(environment: Environment, place: Place, output: str, instance_type: str) -> Body:
    cluster = {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": environment.training.volume_gb,
        **({"VolumeKmsKeyId": place.key} if place.key else {}),
    }
    result = {
        "S3Uri": place.uri(output),
        "LocalPath": f"{PROCESSING}/output",
        "S3UploadMode": "EndOfJob",
    }
    encrypted = {"KmsKeyId": place.key} if place.key else {}
    body: Body = {
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "result", "S3Output": result}],
            **encrypted,
        },
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": environment.evaluation.max_runtime_seconds},
        "RoleArn": place.role,
    }
    training = environment.training
    network: Body = {"EnableNetworkIsolation": training.isolation}
    if training.subnets:
        network["VpcConfig"] = {
            "Subnets": list(training.subnets),
            "SecurityGroupIds": list(training.security_groups),
        }
    return {**body, "NetworkConfig": network}


def _held_out(environment: Environment, place: Place, run: Run) -> Body:
    name = environment.data.held_out
    return _input(f"channels/{name}", place.uri(run.data[name]))


def _input(name: str, uri: str) -> Body:
    return {
        "InputName": name.replace("/", "-"),
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{PROCESSING}/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
