"""`destroy`: everything of an environment, in the right order."""

from argparse import Namespace
from typing import Any

from ci.client import ClientError, client, saying
from ci.deployment import Deployment
from ci.environment import Environment
from ci.errors import EXIT_OK, CiError
from ci.stacks import remove, retained, to_stderr
from ci.status.parts import config_of, endpoint_of, pages

GONE = {"Delay": 2, "MaxAttempts": 900}
ALARMS_AT_ONCE = 100
REPOSITORY = "AWS::ECR::Repository"


def run(options: Namespace) -> int:
    """Remove endpoint, models, alarms and stacks; say what stays.

    Raises:
        CiError: the environment's name was not given a second time, as `--yes NAME`.
    """
    deployment = Deployment.of(options.environment)
    if options.yes != deployment.environment.name:
        raise CiError(
            f"This removes the endpoint {deployment.environment.endpoint_name} and all stacks. "
            f"Say so with `--yes {deployment.environment.name}`."
        )
    deployment.check_account()
    bucket = deployment.outputs("foundation")["ArtifactBucket"]
    if deployment.is_deployed():
        _stop_runs(deployment)
    _remove_releases(deployment)
    for stack in ("monitoring", "retraining"):
        to_stderr(f"removing {deployment.stack_name(stack)}")
        remove(deployment.stack_name(stack), deployment.region)
    foundation = deployment.stack_name("foundation")
    kept = retained(foundation, deployment.region)
    to_stderr(f"removing {foundation}")
    remove(foundation, deployment.region)
    if options.with_data:
        _empty(client("s3", deployment.region), bucket)
        gone = [bucket, *_without_repositories(deployment.region, kept)]
        kept = [one for one in kept if one.partition(" ")[2] not in gone]
    print("\n".join(["Kept:", *(f"  {one}" for one in kept)]) if kept else "Nothing is left.")
    return EXIT_OK


def _stop_runs(deployment: Deployment) -> None:
    """Those that are under way would make the endpoint anew."""
    machine = deployment.outputs("retraining")["StateMachineArn"]
    with saying("stopping runs"):
        states = client("stepfunctions", deployment.region)
        found = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        for one in [one for page in found for one in page["executions"]]:
            to_stderr(f"stopping the run {one['name']}")
            states.stop_execution(executionArn=one["executionArn"], cause="destroy")


def _remove_releases(deployment: Deployment) -> None:
    """How it scales, the endpoint, and the configs, models and alarms that releases have made.

    What belongs to another endpoint is told by tags and dimensions, not by the name: an
    endpoint shop-test has nothing to do with shop-test-2.
    """
    environment, region = deployment.environment, deployment.region
    sagemaker, name = client("sagemaker", region), environment.endpoint_name
    with saying(f"removing {name}"):
        _stop_scaling(environment, region)
        _remove_endpoint(sagemaker, name)
    with saying("removing releases"):
        for one in pages(
            region, "sagemaker", "list_endpoint_configs", "EndpointConfigs", NameContains=name
        ):
            if endpoint_of(region, one["EndpointConfigArn"]) == name:
                sagemaker.delete_endpoint_config(EndpointConfigName=one["EndpointConfigName"])
        for one in pages(region, "sagemaker", "list_models", "Models", NameContains=name):
            if endpoint_of(region, one["ModelArn"]) == name:
                sagemaker.delete_model(ModelName=one["ModelName"])
        _remove_packages(sagemaker, name)
        _remove_alarms(region, name)


def _stop_scaling(environment: Environment, region: str) -> None:
    """Its target outlives the endpoint, and its own alarms with it."""
    scaling = client("application-autoscaling", region)
    resource = f"endpoint/{environment.endpoint_name}/variant/{environment.endpoint.variant}"
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
    for one in found["ScalableTargets"]:
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        scaling.deregister_scalable_target(**{key: one[key] for key in names})


def _remove_endpoint(sagemaker: Any, name: str) -> None:
    try:
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=GONE)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise


def _remove_alarms(region: str, name: str) -> None:
    """Those of releases; the stacks' own go with the stacks."""
    made = [
        one["AlarmName"]
        for one in pages(
            region, "cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{name}-"
        )
        if config_of(one, name)
    ]
    for start in range(0, len(made), ALARMS_AT_ONCE):
        client("cloudwatch", region).delete_alarms(AlarmNames=made[start : start + ALARMS_AT_ONCE])


def _remove_packages(sagemaker: Any, group: str) -> None:
    """There is no group before a run has judged a model."""
    listed = sagemaker.get_paginator("list_model_packages")
    try:
        for page in listed.paginate(ModelPackageGroupName=group):
            for one in page["ModelPackageSummaryList"]:
                sagemaker.delete_model_package(ModelPackageName=one["ModelPackageArn"])
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise


def _without_repositories(region: str, kept: list[str]) -> list[str]:
    """The names of those among what is kept, which are deleted with their images."""
    names = [name for kind, _, name in (one.partition(" ") for one in kept) if kind == REPOSITORY]
    with saying("removing images"):
        for name in names:
            client("ecr", region).delete_repository(repositoryName=name, force=True)
    return names


def _empty(s3: Any, bucket: str) -> None:
    """Delete every version of every object, and the bucket."""
    with saying(f"emptying {bucket}"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)
