"""The model registry, models, endpoint configs and the endpoint."""

import hashlib
import json
from dataclasses import replace

from ci.environment import Environment
from ci.requests.parts import Body, Model, Place, Run, tags


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


def named(
    environment: Environment, place: Place, given: Model, instances: int | None = None
) -> Model:
    """The model with a name made of all that will run: equal things have equal names."""
    bodies = [
        model(environment, place, replace(given, name="", lineage={})),
        endpoint_config(environment, place, replace(given, name="", lineage={}), instances),
    ]
    mark = hashlib.sha256(json.dumps(bodies, sort_keys=True).encode()).hexdigest()[:12]
    return replace(given, name=f"{environment.endpoint_name}-{mark}")


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
