"""Training and tuning jobs."""

from ci.environment import Environment
from ci.requests.parts import Body, Place, Run, short, tags


def training_job(environment: Environment, place: Place, run: Run, subnet: int = 0) -> Body:
    """CreateTrainingJob.

    Args:
        subnet: which of the environment's subnets is tried.
    """
    return {
        "TrainingJobName": short(run.name if subnet == 0 else f"{run.name}-{subnet}"),
        **_training(environment, place, run, subnet),
        "HyperParameters": dict(run.hyperparameters),
        "Tags": tags(environment, {"run": run.name}),
    }


def _training(environment: Environment, place: Place, run: Run, subnet: int) -> Body:
    """What a training job and a tuning job's definition have in common."""
    given = environment.training
    resources: Body = {
        "InstanceType": given.instance_type,
        "InstanceCount": given.instance_count,
        "VolumeSizeInGB": given.volume_gb,
        **({"VolumeKmsKeyId": place.key} if place.key else {}),
    }
    if given.warm_pool_seconds:
        resources["KeepAlivePeriodInSeconds"] = given.warm_pool_seconds
    stopping = {"MaxRuntimeInSeconds": given.max_runtime_seconds}
    if given.spot:
        stopping["MaxWaitTimeInSeconds"] = given.max_wait_seconds
    body: Body = {
        "AlgorithmSpecification": {
            "TrainingImage": run.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": list(run.description.get("metric_definitions", [])),
        },
        "RoleArn": place.role,
        "InputDataConfig": [
            _channel(name, place.uri(prefix))
            for name, prefix in run.data.items()
            if name != environment.data.held_out
        ],
        "OutputDataConfig": _output(place, run.key("model")),
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": given.spot,
        "EnableNetworkIsolation": given.isolation,
    }
    if given.checkpoints:
        body["CheckpointConfig"] = {"S3Uri": place.uri(run.key("checkpoints"))}
    if given.subnets:
        body["VpcConfig"] = {
            "Subnets": [given.subnets[subnet]],
            "SecurityGroupIds": list(given.security_groups),
        }
    return body


def _channel(name: str, uri: str) -> Body:
    """One entry of InputDataConfig."""
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def tuning_job(environment: Environment, place: Place, run: Run) -> Body:
    """CreateHyperParameterTuningJob over the ranges that `describe` printed.

    A hyperparameter that the run or the environment gives is fixed, not searched.

    Raises:
        ValueError: the description has no objective, or leaves nothing to search.
    """
    objectives = run.description.get("objectives", [])
    ranges = {
        kind: [one for one in found if one["Name"] not in run.hyperparameters]
        for kind, found in run.description.get("parameter_ranges", {}).items()
    }
    if not objectives or not any(ranges.values()):
        raise ValueError(
            f"The image {run.image} cannot be tuned: its description names no objective or no "
            "range that is left to search. Give a Metric an objective, and a hyperparameter both "
            "bounds; then `python -m ci point … --description FILE` tells the run."
        )
    given = environment.tuning
    return {
        "HyperParameterTuningJobName": short(run.name, 32),
        "HyperParameterTuningJobConfig": {
            "Strategy": given.strategy,
            "HyperParameterTuningJobObjective": objectives[0],
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": given.max_jobs,
                "MaxParallelTrainingJobs": given.parallel_jobs,
            },
            "ParameterRanges": ranges,
            "TrainingJobEarlyStoppingType": "Auto" if given.early_stopping else "Off",
        },
        "TrainingJobDefinition": {
            **_training(environment, place, run, 0),
            "StaticHyperParameters": dict(run.hyperparameters),
        },
        "Tags": tags(environment, {"run": run.name}),
    }


def _output(place: Place, key: str) -> Body:
    return {
        "S3OutputPath": place.uri(key),
        **({"KmsKeyId": place.key} if place.key else {}),
    }
