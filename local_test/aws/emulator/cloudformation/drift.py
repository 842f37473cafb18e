"""Drift of stacks: functions, rules, alarms and parameters as they are, against the template.

moto has none of it. Detection is done at once; other types are not checked, as some are on AWS.
"""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from local_test.aws.world import World

Read = Callable[[Any, str], dict[str, Any]]
DETECTED = "DETECTION_COMPLETE"


def _alarm(client: Any, name: str) -> dict[str, Any]:
    return next(iter(client.describe_alarms(AlarmNames=[name])["MetricAlarms"]), {})


READERS: dict[str, tuple[str, Read, tuple[str, ...]]] = {
    "AWS::Lambda::Function": (
        "lambda",
        lambda client, name: client.get_function(FunctionName=name)["Configuration"],
        ("Handler", "MemorySize", "Runtime", "Timeout"),
    ),
    "AWS::Events::Rule": (
        "events",
        lambda client, name: {"State": "ENABLED", **client.describe_rule(Name=name)},
        ("ScheduleExpression", "State"),
    ),
    "AWS::CloudWatch::Alarm": (
        "cloudwatch",
        _alarm,
        ("EvaluationPeriods", "MetricName", "Period", "Threshold"),
    ),
    "AWS::SSM::Parameter": (
        "ssm",
        lambda client, name: client.get_parameter(Name=name)["Parameter"],
        ("Type", "Value"),
    ),
}
DEFAULTS = {"AWS::Events::Rule": {"State": "ENABLED"}}


def install(world: World) -> None:
    """Answer the three calls, for this world."""
    detections: dict[str, tuple[str, list[dict[str, Any]]]] = {}

    def detect(self: CloudFormationResponse) -> ActionResult:
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        identity = str(uuid.uuid4())
        detections[identity] = (stack.stack_id, _drifts(world, stack, self.region))
        return ActionResult({"StackDriftDetectionId": identity})

    def status(self: CloudFormationResponse) -> ActionResult:
        identity = self._get_param("StackDriftDetectionId")
        if identity not in detections:
            raise ValidationError(message=f"Drift detection {identity} does not exist")
        stack, drifts = detections[identity]
        drifted = sum(one["StackResourceDriftStatus"] != "IN_SYNC" for one in drifts)
        return ActionResult(
            {
                "StackId": stack,
                "StackDriftDetectionId": identity,
                "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
                "DetectionStatus": DETECTED,
                "DriftedStackResourceCount": drifted,
                "Timestamp": datetime.now(UTC),
            }
        )

    def resources(self: CloudFormationResponse) -> ActionResult:
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        wanted = self._get_param("StackResourceDriftStatusFilters", [])
        found = [drifts for identity, drifts in detections.values() if identity == stack.stack_id]
        shown = [
            one
            for one in (found[-1] if found else [])
            if not wanted or one["StackResourceDriftStatus"] in wanted
        ]
        return ActionResult({"StackResourceDrifts": shown})

    CloudFormationResponse.detect_stack_drift = detect
    CloudFormationResponse.describe_stack_drift_detection_status = status
    CloudFormationResponse.describe_stack_resource_drifts = resources


def _drifts(world: World, stack: Any, region: str) -> list[dict[str, Any]]:
    made = stack.resource_map
    return [
        _drift(world, stack, name, made._resource_json_map[name], region)
        for name, resource in made.items()
        if resource is not None
        and name in made._resource_json_map
        and made._resource_json_map[name]["Type"] in READERS
    ]


def _drift(world: World, stack: Any, name: str, given: Any, region: str) -> dict[str, Any]:
    service, read, compared = READERS[given["Type"]]
    wanted = parsing.clean_json(given.get("Properties", {}), stack.resource_map)
    wanted = {**DEFAULTS.get(given["Type"], {}), **wanted}
    physical = stack.resource_map[name].physical_resource_id
    try:
        there = read(world.client(service, region), physical)
    except ClientError:
        there = {}
    differences = [
        {
            "PropertyPath": f"/{key}",
            "ExpectedValue": str(wanted[key]),
            "ActualValue": str(there.get(key)),
            "DifferenceType": "NOT_EQUAL",
        }
        for key in compared
        if there and key in wanted and not _equal(wanted[key], there.get(key))
    ]
    status = "MODIFIED" if differences else "IN_SYNC" if there else "DELETED"
    return {
        "StackId": stack.stack_id,
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceType": given["Type"],
        "ExpectedProperties": json.dumps({key: str(wanted.get(key)) for key in compared}),
        "PropertyDifferences": differences,
        "StackResourceDriftStatus": status,
        "Timestamp": datetime.now(UTC),
    }


def _equal(wanted: Any, there: Any) -> bool:
    """Templates write numbers as they like."""
    try:
        return float(wanted) == float(there)
    except (TypeError, ValueError):
        return wanted == there
