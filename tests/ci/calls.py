"""Calls of AWS as jobs make them, and what IAM is asked for each of them.

Sources: the Service Authorization Reference, and where it is silent the guides named below.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ci.permissions import WITH_A_KEY, action_of
from tests.ci.simulation import Request

RECORDER = Path(__file__).parent / "recording"
NOBODY_IS_ASKED = ("sts",)
SCALING_ROLE = (
    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
FOR_AWS = {"kms:GrantIsForAWSResource": "true"}
# ECR's user guide, "Required IAM permissions for pushing an image".
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


@dataclass(frozen=True)
class Call:
    """One call, with the HTTP status of its answer."""

    service: str
    operation: str
    given: dict[str, Any]
    status: int


def read(file: Path) -> list[Call]:
    """What ``recording/`` has written."""
    return [Call(*json.loads(line)) for line in file.read_text().splitlines()]


@dataclass(frozen=True)
class Account:
    """Where the calls were made.

    Attributes:
        key: ARN of the environment's KMS key.
    """

    number: str
    region: str
    key: str

    def arn(self, service: str, resource: str) -> str:
        place = ":" if service in ("s3", "iam") else f"{self.region}:"
        number = "" if service == "s3" else self.number
        return f"arn:aws:{service}:{place}{number}:{resource}"

    def requests(self, call: Call) -> Iterator[Request]:
        """What IAM is asked; a service that nobody has thought of fails by name."""
        if call.service not in NOBODY_IS_ASKED:
            name = call.service.replace("-", "_")
            yield from getattr(self, f"_{name}")(
                call, action_of(call.service, call.operation), call.given
            )

    def passing(self, role: str, service: str) -> Request:
        return Request("iam:PassRole", role, {"iam:PassedToService": f"{service}.amazonaws.com"})

    def _cloudformation(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        if "StackName" not in given:
            yield Request(action, "*")
            return
        stack = self.arn("cloudformation", f"stack/{given['StackName']}/0c1d")
        context = {}
        if "ChangeSetName" in given:
            context["cloudformation:ChangeSetName"] = given["ChangeSetName"]
        if "RoleARN" in given:
            context["cloudformation:RoleArn"] = given["RoleARN"]
            yield self.passing(given["RoleARN"], "cloudformation")
        if given.get("Tags"):
            made_by = {"cloudformation:CreateAction": call.operation}
            yield Request("cloudformation:TagResource", stack, made_by)
        yield Request(action, stack, context)

    def _s3(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        bucket = self.arn("s3", given["Bucket"])
        if action == "s3:ListBucket":
            yield Request(action, bucket, {"s3:prefix": given["Prefix"]})
            return
        thing = f"{bucket}/{given['Key']}"
        if action == "s3:PutObject":
            yield Request(action, thing)
            yield Request("kms:GenerateDataKey", self.key)
            return
        assert action in ("s3:GetObject", "s3:HeadObject"), action
        yield Request("s3:GetObject", thing)
        if call.status == 404:  # 403 without it ("GetObject", S3's API reference)
            yield Request("s3:ListBucket", bucket)
        yield Request("kms:Decrypt", self.key)

    def _ecr(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        for name in given.get("repositoryNames", [given.get("repositoryName")]):
            yield Request(action, self.arn("ecr", f"repository/{name}") if name else "*")

    def _ssm(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        yield Request(action, self.arn("ssm", f"parameter{given['Name']}"))

    def _dynamodb(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        name = given.get("Key", given.get("Item"))["name"]["S"]
        table = self.arn("dynamodb", f"table/{given['TableName']}")
        yield Request(action, table, {"dynamodb:LeadingKeys": [name]})
        yield Request("kms:Decrypt", self.key)

    def _sagemaker(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        named = [
            self.arn("sagemaker", f"{kind}/{given[key]}")
            for key, kind in (
                ("EndpointName", "endpoint"),
                ("EndpointConfigName", "endpoint-config"),
                ("ModelName", "model"),
            )
            if key in given
        ]
        for thing in [given["ResourceArn"]] if "ResourceArn" in given else named:
            yield Request(action, thing)
            if given.get("Tags"):
                made_by = {"sagemaker:TaggingAction": call.operation}
                yield Request("sagemaker:AddTags", thing, made_by)
        if "ExecutionRoleArn" in given:
            yield self.passing(given["ExecutionRoleArn"], "sagemaker")
        if action in WITH_A_KEY:
            yield Request("kms:CreateGrant", self.key, FOR_AWS)

    _sagemaker_runtime = _sagemaker

    def _cloudwatch(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        names = given.get("AlarmNames") or [given.get("AlarmName", "any")]
        for alarm in (self.arn("cloudwatch", f"alarm:{name}") for name in names):
            yield Request(action, alarm)
            if given.get("Tags"):
                yield Request("cloudwatch:TagResource", alarm)

    def _application_autoscaling(
        self, call: Call, action: str, given: dict[str, Any]
    ) -> Iterator[Request]:
        target = self.arn("application-autoscaling", "scalable-target/0c1d")
        context = {"application-autoscaling:service-namespace": given["ServiceNamespace"]}
        yield Request(action, target, context)
        if call.operation == "RegisterScalableTarget":
            endpoint = self.arn("sagemaker", given["ResourceId"].partition("/variant/")[0])
            yield Request("sagemaker:DescribeEndpoint", endpoint)
            yield Request("sagemaker:UpdateEndpointWeightsAndCapacities", endpoint)
            yield Request("iam:CreateServiceLinkedRole", self.arn("iam", SCALING_ROLE))
        if call.operation == "PutScalingPolicy":
            alarm = self.arn("cloudwatch", f"alarm:TargetTracking-{given['ResourceId']}-High")
            for of_alarm in ("PutMetricAlarm", "DescribeAlarms", "DeleteAlarms"):
                yield Request(f"cloudwatch:{of_alarm}", alarm)

    def _stepfunctions(self, call: Call, action: str, given: dict[str, Any]) -> Iterator[Request]:
        yield Request(action, given.get("stateMachineArn") or given["executionArn"])
