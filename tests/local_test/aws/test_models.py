"""Models and endpoint configs: kept, listed, and refused in SageMaker's words."""

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import BUCKET, ROLE, Hosting

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
SERVERLESS = {"MemorySizeInMB": 1024, "MaxConcurrency": 5}


@pytest.fixture
def hosting(aws: LocalAws) -> Hosting:
    return Hosting(aws)


def test_models_and_configs_are_described_listed_and_deleted(hosting: Hosting) -> None:
    sagemaker = hosting.sagemaker
    for name in ("v1", "v2", "v3"):
        hosting.config(name)
    described = sagemaker.describe_model(ModelName="v1")
    assert described["ModelArn"] == f"{ARN}:model/v1"
    assert described["PrimaryContainer"]["ModelDataUrl"] == f"s3://{BUCKET}/v1.tar.gz"
    page = sagemaker.list_models(SortBy="Name", SortOrder="Ascending", MaxResults=2)
    assert [model["ModelName"] for model in page["Models"]] == ["v1", "v2"]
    page = sagemaker.list_models(
        SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=page["NextToken"]
    )
    assert [model["ModelName"] for model in page["Models"]] == ["v3"]
    assert "NextToken" not in page
    config = sagemaker.describe_endpoint_config(EndpointConfigName="v2")
    assert config["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    found = sagemaker.list_endpoint_configs(NameContains="3")["EndpointConfigs"]
    assert [config["EndpointConfigArn"] for config in found] == [f"{ARN}:endpoint-config/v3"]
    sagemaker.delete_endpoint_config(EndpointConfigName="v2")
    sagemaker.delete_model(ModelName="v2")
    for call, name in (
        (lambda: sagemaker.describe_model(ModelName="v2"), "model"),
        (
            lambda: sagemaker.describe_endpoint_config(EndpointConfigName="v2"),
            "endpoint configuration",
        ),
    ):
        with pytest.raises(ClientError, match=f"Could not find {name} .*v2"):
            call()


def test_each_region_has_its_own(hosting: Hosting) -> None:
    hosting.config("v1")
    elsewhere = hosting.aws.world.client("sagemaker", "eu-west-1")
    assert elsewhere.list_models()["Models"] == []
    with pytest.raises(ClientError, match="arn:aws:sagemaker:eu-west-1:123456789012:endpoint-conf"):
        elsewhere.describe_endpoint_config(EndpointConfigName="v1")


def test_what_a_model_needs_must_be_there(hosting: Hosting) -> None:
    hosting.model("v1")
    container = {"Image": hosting.image, "ModelDataUrl": f"s3://{BUCKET}/v1.tar.gz"}
    for name, given, said in (
        ("v1", {"PrimaryContainer": container}, "Cannot create already existing model"),
        (
            "v2",
            {"PrimaryContainer": {**container, "ModelDataUrl": f"s3://{BUCKET}/none.tar.gz"}},
            f"Could not find model data at s3://{BUCKET}/none.tar.gz",
        ),
        (
            "v2",
            {"PrimaryContainer": {**container, "Image": f"{hosting.image[:-4]}ffff"}},
            "Requested image .* not found",
        ),
        ("v2", {"Containers": [container, container]}, "no pipelines"),
        ("v2", {}, "Exactly one of PrimaryContainer and Containers"),
        ("v_2", {}, "Value 'v_2' at 'ModelName' failed to satisfy .* regular expression"),
        (
            "v2",
            {"PrimaryContainer": {**container, "ContainerHostname": "h" * 64}},
            "at 'PrimaryContainer.ContainerHostname' .* length less than or equal to 63",
        ),
    ):
        with pytest.raises(ClientError, match=said) as refused:
            hosting.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **given)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_configs_are_refused_for_what_sagemaker_does_not_take(hosting: Hosting) -> None:
    hosting.config("v1")
    good = hosting.variant("v1")
    serverless = {"VariantName": "AllTraffic", "ModelName": "v1", "ServerlessConfig": SERVERLESS}
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    for name, variants, more, said in (
        ("v1", [good], {}, 'Cannot create already existing endpoint configuration "arn:'),
        ("c", [hosting.variant("none")], {}, 'Could not find model "arn:'),
        ("c", [good, good], {}, "Duplicate production variant name AllTraffic"),
        ("c", [{**good, "ServerlessConfig": SERVERLESS}], {}, "Exactly one of InstanceType"),
        ("c", [serverless], {"DataCaptureConfig": capture}, "do not support data capture"),
        ("c", [serverless], {"VpcConfig": vpc}, "do not support VPC configuration"),
        ("c", [serverless], {"EnableNetworkIsolation": True}, "network isolation"),
        ("c", [serverless, {**serverless, "VariantName": "b"}], {}, "more than one production"),
        ("c", [{**good, "InstanceType": "ml.none.large"}], {}, "'ml.none.large' is none of"),
        (
            "c",
            [{**good, "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}}],
            {},
            "no RoutingStrategy LEAST_OUTSTANDING_REQUESTS",
        ),
        ("c", [{**good, "VolumeSizeInGB": 513}], {}, "value less than or equal to 512"),
        (
            "c",
            [good],
            {"AsyncInferenceConfig": {"OutputConfig": {}}},
            "The local AWS has no AsyncInferenceConfig",
        ),
    ):
        with pytest.raises(ClientError, match=said) as refused:
            hosting.sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=variants, **more
            )
        assert refused.value.response["Error"]["Code"] == "ValidationException"
