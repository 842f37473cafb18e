"""Whether the roles of the stacks allow what the state machines and the Lambda functions call."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore import xform_name

from local_test.aws.service_models import service_model
from tests.ci.asl import Machine, State, api_of, tasks_of

Template = dict[str, Any]

PREFIXES = {"stepfunctions": "states", "sagemaker-runtime": "sagemaker"}
OTHERWISE_CALLED = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
CLIENTS = ("cloudwatch", "dynamodb", "s3", "sagemaker", "ssm")
WAITING = {"events:PutTargets", "events:PutRule", "events:DescribeRule"}
WITH_A_ROLE = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
)
# "Required only if the associated EndpointConfig has a KmsKeyId" (SageMaker's developer guide,
# "API permissions: actions, permissions, and resources reference"), and ours has.
WITH_A_KEY = ("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint")
# Application Auto Scaling asks whether its caller may do what it will do itself
# (its user guide, "Permissions validation for API calls on target resources").
ASKED_BY_SCALING = {
    "application-autoscaling:RegisterScalableTarget": {
        "iam:CreateServiceLinkedRole",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:UpdateEndpointWeightsAndCapacities",
    },
    "application-autoscaling:PutScalingPolicy": {
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricAlarm",
    },
}
# What SageMaker does as the execution role (its developer guide, "How to use execution roles" and
# "Auto-Rollback Configuration").
OF_JOBS_AND_ENDPOINTS = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricData",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
}


def machine_problems(machine: Machine, template: Template) -> Iterator[str]:
    """What the tasks call and the state machine's role does not allow."""
    role, _ = template["Resources"]["StateMachine"]["Properties"]["RoleArn"]["Fn::GetAtt"]
    allowed = allowed_by(template, role)
    for name, state in tasks_of(machine):
        for action in sorted(needed_by(state) - allowed):
            yield f"{name}: {role} does not allow {action}"


def function_problems(files: Iterable[Path], template: Template, role: str) -> Iterator[str]:
    """What the code calls and a Lambda function's role does not allow."""
    allowed = allowed_by(template, role)
    for file in sorted(files):
        for action in sorted(called_in(file.read_text()) - allowed):
            yield f"{file.name}: {role} does not allow {action}"


def execution_problems(template: Template) -> Iterator[str]:
    """What jobs and endpoints need and their role does not allow."""
    for action in sorted(OF_JOBS_AND_ENDPOINTS - allowed_by(template, "ExecutionRole")):
        yield f"ExecutionRole: jobs and endpoints need {action}"


def allowed_by(template: Template, role: str) -> set[str]:
    return {
        action
        for policy in template["Resources"][role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }


def needed_by(state: State) -> set[str]:
    """The actions that a task's role must allow."""
    service, operation = api_of(state)
    action = action_of(service, operation)
    needed = {action, *ASKED_BY_SCALING.get(action, ())}
    if action in WITH_A_ROLE:
        needed.add("iam:PassRole")
    if action in WITH_A_KEY:
        needed.add("kms:CreateGrant")
    if action.startswith("sagemaker:Create"):
        needed.add("sagemaker:AddTags")
    if state["Resource"].endswith(".sync"):
        thing = operation.removeprefix("Create")
        needed |= {f"sagemaker:Describe{thing}", f"sagemaker:Stop{thing}", *WAITING}
    return needed


def called_in(source: str) -> set[str]:
    """The actions behind every call of a client that ``ci.client`` makes."""
    tree = ast.parse(source)
    clients = {name: name for name in CLIENTS}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (service := _service(node.value, {})):
            clients |= {name.id: service for name in node.targets if isinstance(name, ast.Name)}
    calls = [
        (_service(node.func.value, clients), node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return {action_of(service, _operation(service, call)) for service, call in calls if service}


def _service(node: ast.expr, clients: dict[str, str]) -> str:
    """The service of ``client("service")``, or of a variable that holds such a client."""
    if isinstance(node, ast.Call):
        asked = getattr(node.func, "id", getattr(node.func, "attr", "")) == "client"
        return getattr(node.args[0], "value", "") if asked and node.args else ""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return clients.get(name, "")


def _operation(service: str, call: ast.Call) -> str:
    """The operation behind a client's method, or behind a paginator of it."""
    method = call.func.attr
    if method == "get_paginator":
        method = call.args[0].value
    return {xform_name(name): name for name in service_model(service).operation_names}[method]


def action_of(service: str, operation: str) -> str:
    """As IAM calls an operation."""
    action = f"{PREFIXES.get(service, service)}:{operation}"
    return OTHERWISE_CALLED.get(action, action)
