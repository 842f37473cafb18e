"""`destroy`: everything of an environment, in the right order."""

from argparse import Namespace
from typing import Any

from ci.client import ClientError, client, saying
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.stacks import remove, retained, to_stderr

GONE = {"Delay": 2, "MaxAttempts": 900}
PER_RELEASE = ("-errors", "-latency")


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
        kept = [one for one in kept if bucket not in one]
    print("\n".join(["Kept:", *(f"  {one}" for one in kept)]) if kept else "Nothing is left.")
    return EXIT_OK


def _remove_releases(deployment: Deployment) -> None:
    """The endpoint, and the configs, models and alarms that its releases have made."""
    sagemaker = client("sagemaker", deployment.region)
    name = deployment.environment.endpoint_name
    try:
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=GONE)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
    with saying("removing releases"):
        for page in sagemaker.get_paginator("list_endpoint_configs").paginate(
            NameContains=f"{name}-"
        ):
            for one in page["EndpointConfigs"]:
                sagemaker.delete_endpoint_config(EndpointConfigName=one["EndpointConfigName"])
        for page in sagemaker.get_paginator("list_models").paginate(NameContains=f"{name}-"):
            for one in page["Models"]:
                sagemaker.delete_model(ModelName=one["ModelName"])
        _remove_packages(sagemaker, name)
        cloudwatch = client("cloudwatch", deployment.region)
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
        made = [one["AlarmName"] for one in alarms if one["AlarmName"].endswith(PER_RELEASE)]
        if made:
            cloudwatch.delete_alarms(AlarmNames=made)


def _remove_packages(sagemaker: Any, group: str) -> None:
    try:
        listed = sagemaker.list_model_packages(ModelPackageGroupName=group)
    except ClientError:
        return
    for one in listed["ModelPackageSummaryList"]:
        sagemaker.delete_model_package(ModelPackageName=one["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)


def _empty(s3: Any, bucket: str) -> None:
    """Delete every version of every object, and the bucket."""
    with saying(f"emptying {bucket}"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)
