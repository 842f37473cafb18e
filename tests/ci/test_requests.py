"""Every request body over a grid of environments, against AWS' own service models."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from ci import requests
from ci.environment import (
    Capture,
    Deployment,
    Endpoint,
    Environment,
    Scaling,
    Serverless,
    Training,
    Tuning,
    problems_of,
)
from ci.requests import Model, Place, Run
from local_test.aws.service_models import problems_of as refused_by_aws

ROLE = "arn:aws:iam::123456789012:role/execution"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:{'a' * 64}"
NETWORK = {"subnets": ("subnet-1", "subnet-2"), "security_groups": ("sg-1",)}
TRAININGS = (
    Training(),
    Training(spot=True),
    Training(warm_pool_seconds=600, instance_count=3, checkpoints=False),
    Training(isolation=True, **NETWORK),
)
ENDPOINTS = (
    Endpoint(instance_count=2),
    Endpoint(instance_count=4, isolation=True, **NETWORK),
    Endpoint(serverless=Serverless()),
)
DEPLOYMENTS = tuple(
    Deployment(policy=policy, step_percent=percent, latency_ms=latency)
    for policy in ("all-at-once", "canary", "linear", "rolling")
    for percent, latency in ((10, 0.0), (1, 250.0), (50, 0.0))
)
DESCRIPTION = {
    "metric_definitions": [{"Name": "validation:loss", "Regex": "loss=([0-9.]+)"}],
    "objectives": [{"MetricName": "validation:loss", "Type": "Minimize"}],
    "parameter_ranges": {
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "0.1", "MaxValue": "1.0", "ScalingType": "Auto"},
            {"Name": "drop", "MinValue": "0.0", "MaxValue": "0.5", "ScalingType": "Auto"},
        ]
    },
}
MODEL = Model("shop-test-run", IMAGE, "s3://artifacts/m/model.tar.gz", {"run": "run"})


def environments() -> list[Environment]:
    """Every combination that is not refused."""
    base = Environment(project="shop", name="test", region="eu-west-1")
    made = [
        replace(
            base,
            training=training,
            endpoint=endpoint,
            deployment=deployment,
            capture=Capture(0 if endpoint.serverless else 50),
            scaling=scaling,
        )
        for training, endpoint, deployment, scaling in itertools.product(
            TRAININGS, ENDPOINTS, DEPLOYMENTS, (Scaling(), Scaling(2, 6))
        )
    ]
    return [one for one in made if not problems_of(one)]


def run(name: str = "manual-1") -> Run:
    data = {"train": "data/train/", "test": "data/test/"}
    return Run(name, IMAGE, data, {"rounds": "30", "rate": "0.2"}, DESCRIPTION)


def bodies(environment: Environment, place: Place) -> list[tuple[str, str, Any]]:
    alarms = requests.alarms(environment, MODEL, "arn:aws:sns:eu-west-1:123456789012:topic")
    names = [alarm["AlarmName"] for alarm in alarms]
    subnets = range(max(1, len(environment.training.subnets)))
    made = [
        *(
            ("CreateTrainingJob", requests.training_job(environment, place, run(), n))
            for n in subnets
        ),
        ("CreateHyperParameterTuningJob", requests.tuning_job(environment, place, run())),
        ("CreateProcessingJob", requests.data_job(environment, place, run(), MODEL)),
        ("CreateProcessingJob", requests.data_job(environment, place, run(), None)),
        (
            "CreateProcessingJob",
            requests.champion_job(environment, place, run(), MODEL, "s3://b/e.json"),
        ),
        (
            "CreateProcessingJob",
            requests.challenger_job(environment, place, run(), MODEL.artifact, True),
        ),
        ("CreateProcessingJob", requests.monitor_job(environment, place, "2026/11/21/06", MODEL)),
        ("CreateModelPackageGroup", requests.model_package_group(environment)),
        ("CreateModelPackage", requests.model_package(environment, place, run(), MODEL)),
        ("CreateModel", requests.model(environment, place, MODEL)),
        ("CreateEndpointConfig", requests.endpoint_config(environment, place, MODEL, 3)),
        ("CreateEndpoint", requests.create_endpoint(environment, MODEL)),
        ("UpdateEndpoint", requests.update_endpoint(environment, MODEL, names)),
    ]
    found = [("sagemaker", operation, body) for operation, body in made]
    found += [("cloudwatch", "PutMetricAlarm", alarm) for alarm in alarms]
    if target := requests.scalable_target(environment):
        found += [
            ("application-autoscaling", "RegisterScalableTarget", target),
            ("application-autoscaling", "PutScalingPolicy", requests.scaling_policy(environment)),
        ]
    return found


@pytest.mark.parametrize("place", [Place("artifacts", ROLE), Place("artifacts", ROLE, KEY)])
def test_every_body_is_one_that_aws_takes(place: Place) -> None:
    made = environments()
    assert len(made) > 50
    refused = [
        (operation, problem)
        for environment in made
        for service, operation, body in bodies(environment, place)
        for problem in refused_by_aws(service, operation, body)
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"TrainingJobNam": "x"}, "Unknown parameter"),
        ({"StoppingCondition": None}, "StoppingCondition"),
        ({"RoleArn": 7}, "RoleArn"),
        ({"TrainingJobName": "x" * 64}, "TrainingJobName"),
        (
            {
                "ResourceConfig": {
                    "InstanceType": "ml.huge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                }
            },
            "ml.huge",
        ),
    ],
)
def test_a_planted_fault_in_a_body_is_found(change: dict[str, Any], wrong: str) -> None:
    environment = Environment(project="shop", name="test", region="eu-west-1")
    body = requests.training_job(environment, Place("artifacts", ROLE), run()) | change
    body = {key: value for key, value in body.items() if value is not None}
    assert wrong in " ".join(refused_by_aws("sagemaker", "CreateTrainingJob", body))


def test_names_are_the_same_every_time_and_short_enough() -> None:
    long = "upload-" + "x" * 90
    assert requests.short(long) == requests.short(long)
    assert len(requests.short(long)) <= 63
    assert requests.short(long) != requests.short(long + "y")


def test_an_image_without_ranges_cannot_be_tuned() -> None:
    environment = replace(
        Environment(project="shop", name="test", region="eu-west-1"), tuning=Tuning(enabled=True)
    )
    with pytest.raises(ValueError, match="no objective or no range"):
        requests.tuning_job(environment, Place("artifacts", ROLE), replace(run(), description={}))


def test_what_is_given_is_not_searched() -> None:
    environment = Environment(project="shop", name="test", region="eu-west-1")
    given = replace(run(), hyperparameters={"rate": "0.5"})
    body = requests.tuning_job(environment, Place("artifacts", ROLE), given)
    ranges = body["HyperParameterTuningJobConfig"]["ParameterRanges"]["ContinuousParameterRanges"]
    assert [one["Name"] for one in ranges] == ["drop"]
    assert body["TrainingJobDefinition"]["StaticHyperParameters"] == {"rate": "0.5"}


def test_an_update_keeps_the_scaled_out_count_and_rolls_back_on_its_alarms() -> None:
    environment = Environment(project="shop", name="test", region="eu-west-1")
    config = requests.endpoint_config(environment, Place("artifacts", ROLE), MODEL, 5)
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 5
    update = requests.update_endpoint(environment, MODEL, ["errors"])
    assert update["DeploymentConfig"]["AutoRollbackConfiguration"] == {
        "Alarms": [{"AlarmName": "errors"}]
    }
