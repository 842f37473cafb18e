"""The body of every SageMaker request, made once: pure functions of environment, place and run.

`python -m ci` sends them with boto3; the state machine's Lambda returns them, and native
tasks of Step Functions send them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ci.environment import Environment

NAME_LIMIT = 63
PROCESSING = "/opt/ml/processing"
TERMINATION_SECONDS = 60
Body = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What only the deployed stack knows.

    Attributes:
        role: ARN of the execution role.
        key: ARN of the KMS key; empty for none.
    """

    bucket: str
    role: str
    key: str = ""

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True)
class Run:
    """One retraining run.

    Attributes:
        name: unique, short enough to prefix job names.
        image: URI of the image, by digest.
        data: channel → prefix in the artifact bucket.
        description: what `framework describe` printed for the image; empty when unknown.
    """

    name: str
    image: str
    data: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    description: Mapping[str, Any]

    def key(self, *parts: str) -> str:
        return "/".join(("runs", self.name, *parts))


@dataclass(frozen=True)
class Model:
    """A model to judge or to serve: an artifact with the image that trained or serves it.

    Attributes:
        artifact: S3 URI of the model.tar.gz.
        lineage: tag → value, on everything that is made of it.
    """

    name: str
    image: str
    artifact: str
    lineage: Mapping[str, str]


def short(name: str, limit: int = NAME_LIMIT) -> str:
    """A name of letters, digits and hyphens, as long as SageMaker allows; the same every time."""
    clean = re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-")
    if len(clean) <= limit:
        return clean
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{clean[: limit - 9].rstrip('-')}-{mark}"


def tags(environment: Environment, lineage: Mapping[str, str]) -> list[dict[str, str]]:
    """Who this belongs to, and what it was made of."""
    found = {
        "project": environment.project,
        "environment": environment.name,
        "endpoint": environment.endpoint_name,
        **lineage,
    }
    return [{"Key": key, "Value": value} for key, value in found.items()]


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
            channel_input(name, place.uri(prefix))
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


def channel_input(name: str, uri: str) -> Body:
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


def _output(place: Place, key: str) -> Body:
    return {
        "S3OutputPath": place.uri(key),
        **({"KmsKeyId": place.key} if place.key else {}),
    }


# The registry


def model_package_group(environment: Environment) -> Body:
    """CreateModelPackageGroup."""
    return {
        "ModelPackageGroupName": environment.endpoint_name,
        "ModelPackageGroupDescription": f"Models of {environment.endpoint_name}.",
        "Tags": tags(environment, {}),
    }


def model_package(environment: Environment, place: Place, run: Run, model: Model) -> Body:
    """CreateModelPackage, with its lineage and its evaluation."""
    approved = environment.registry.approval == "automatic"
    report = {
        "ContentType": "application/json",
        "S3Uri": place.uri(run.key("challenger", "evaluation.json")),
    }
    return {
        "ModelPackageGroupName": environment.endpoint_name,
        "ModelPackageDescription": f"Made by the run {run.name}.",
        "InferenceSpecification": {
            "Containers": [{"Image": model.image, "ModelDataUrl": model.artifact}],
            "SupportedContentTypes": ["text/csv", "application/json"],
            "SupportedResponseMIMETypes": ["application/json", "text/csv"],
        },
        "ModelApprovalStatus": "Approved" if approved else "PendingManualApproval",
        "ModelMetrics": {"ModelQuality": {"Statistics": report}},
        "CustomerMetadataProperties": dict(model.lineage),
    }


# The release


def model(environment: Environment, place: Place, given: Model) -> Body:
    """CreateModel."""
    endpoint = environment.endpoint
    body: Body = {
        "ModelName": given.name,
        "PrimaryContainer": {
            "Image": given.image,
            "ModelDataUrl": given.artifact,
            "Environment": dict(endpoint.environment),
        },
        "ExecutionRoleArn": place.role,
        "EnableNetworkIsolation": endpoint.isolation,
        "Tags": tags(environment, given.lineage),
    }
    if endpoint.subnets:
        body["VpcConfig"] = {
            "Subnets": list(endpoint.subnets),
            "SecurityGroupIds": list(endpoint.security_groups),
        }
    return body


def endpoint_config(
    environment: Environment, place: Place, given: Model, instances: int | None = None
) -> Body:
    """CreateEndpointConfig.

    Args:
        instances: as many as the endpoint has now, so that an update keeps what it scaled to.
    """
    endpoint = environment.endpoint
    variant: Body = {"VariantName": endpoint.variant, "ModelName": given.name}
    if endpoint.serverless:
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": endpoint.serverless.memory_mb,
            "MaxConcurrency": endpoint.serverless.max_concurrency,
        }
    else:
        variant["InstanceType"] = endpoint.instance_type
        variant["InitialInstanceCount"] = instances or endpoint.instance_count
    body: Body = {
        "EndpointConfigName": given.name,
        "ProductionVariants": [variant],
        "Tags": tags(environment, given.lineage),
    }
    if place.key and not endpoint.serverless:
        body["KmsKeyId"] = place.key
    if environment.capture.percent:
        body["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": environment.capture.percent,
            "DestinationS3Uri": place.uri("capture"),
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json", "application/jsonlines"],
            },
        }
    return body


def create_endpoint(environment: Environment, given: Model) -> Body:
    """CreateEndpoint."""
    return {
        "EndpointName": environment.endpoint_name,
        "EndpointConfigName": given.name,
        "Tags": tags(environment, given.lineage),
    }


def update_endpoint(environment: Environment, given: Model, alarms: list[str]) -> Body:
    """UpdateEndpoint by the environment's policy; ``alarms`` bring the old fleet back."""
    body = {"EndpointName": environment.endpoint_name, "EndpointConfigName": given.name}
    if environment.endpoint.serverless:
        return body
    return {**body, "DeploymentConfig": deployment(environment, alarms)}


def deployment(environment: Environment, alarms: list[str]) -> Body:
    """DeploymentConfig."""
    given = environment.deployment
    size = {"Type": "CAPACITY_PERCENT", "Value": given.step_percent}
    bake = given.bake_seconds
    if given.policy == "rolling":
        body: Body = {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {**size, "Value": max(5, given.step_percent)},
                "WaitIntervalInSeconds": bake,
            }
        }
    else:
        routing: Body = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        kept = bake  # all at once bakes while the old fleet waits for its termination
        if given.policy == "canary":
            routing = {"Type": "CANARY", "WaitIntervalInSeconds": bake, "CanarySize": size}
            kept = TERMINATION_SECONDS
        if given.policy == "linear":
            step = {**size, "Value": max(10, given.step_percent)}
            routing = {"Type": "LINEAR", "WaitIntervalInSeconds": bake, "LinearStepSize": step}
            kept = TERMINATION_SECONDS
        body = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": routing,
                "TerminationWaitInSeconds": kept,
            }
        }
    if alarms and given.rollback_on_alarms:
        body["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return body


def alarms(environment: Environment, given: Model, topic: str) -> list[Body]:
    """PutMetricAlarm bodies for one release: they see the new fleet only."""
    if not environment.deployment.alarms or environment.endpoint.serverless:
        return []
    dimensions = [
        {"Name": "EndpointName", "Value": environment.endpoint_name},
        {"Name": "VariantName", "Value": environment.endpoint.variant},
        {"Name": "EndpointConfigName", "Value": given.name},
    ]
    common: Body = {
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic] if topic else [],
        "Namespace": "AWS/SageMaker",
        "Dimensions": dimensions,
        "Period": environment.deployment.alarm_period_seconds,
        "Tags": tags(environment, given.lineage),
    }
    bodies = [
        {
            **common,
            "AlarmName": f"{given.name}-errors",
            "AlarmDescription": f"5xx answers of {given.name}, as a share of its invocations.",
            "MetricName": "Invocation5XXErrors",
            "Statistic": "Average",
            "Threshold": environment.deployment.error_percent / 100,
        }
    ]
    if environment.deployment.latency_ms:
        bodies.append(
            {
                **common,
                "AlarmName": f"{given.name}-latency",
                "AlarmDescription": f"Mean model latency of {given.name}, in microseconds.",
                "MetricName": "ModelLatency",
                "Statistic": "Average",
                "Threshold": environment.deployment.latency_ms * 1000,
            }
        )
    return bodies


def scalable_target(environment: Environment) -> Body | None:
    """RegisterScalableTarget; None when the environment does not scale."""
    given = environment.scaling
    if given.maximum <= given.minimum:
        return None
    return {
        **_scaled(environment),
        "MinCapacity": given.minimum,
        "MaxCapacity": given.maximum,
    }


def scaling_policy(environment: Environment) -> Body | None:
    """PutScalingPolicy; None when the environment does not scale."""
    if scalable_target(environment) is None:
        return None
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {
        **_scaled(environment),
        "PolicyName": f"{environment.endpoint_name}-invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": environment.scaling.invocations_per_minute,
            "PredefinedMetricSpecification": metric,
            "ScaleInCooldown": environment.scaling.scale_in_cooldown_seconds,
            "ScaleOutCooldown": environment.scaling.scale_out_cooldown_seconds,
        },
    }


def _scaled(environment: Environment) -> Body:
    variant = environment.endpoint.variant
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{environment.endpoint_name}/variant/{variant}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
