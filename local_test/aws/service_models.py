"""AWS' own service models: which call a request makes, and whether its parameters are valid."""

import re
from functools import cache
from math import inf
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

# What SageMaker demands although its model calls it optional (API reference, "CreateTrainingJob").
DEMANDED = {"CreateTrainingJob": ("StoppingCondition", "ResourceConfig")}


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service by its boto3 name, for example "sagemaker".

    Raises:
        botocore.exceptions.UnknownServiceError: there is none.
    """
    return botocore.session.get_session().get_service_model(service)


@cache
def services() -> tuple[str, ...]:
    """The boto3 names of all services."""
    return tuple(botocore.session.get_session().get_available_services())


@cache
def regions(service: str) -> frozenset[str]:
    """Where AWS has a service, in all partitions."""
    session = botocore.session.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    )


def problems_of(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """What AWS would refuse in the parameters of a call: types, names, enums, limits, patterns."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return []
    report = ParamValidator().validate(parameters, shape).generate_report()
    missing = [
        f"Missing required parameter in input: {name}"
        for name in DEMANDED.get(operation, ())
        if name not in parameters
    ]
    problems = [line for line in report.splitlines() if line] + missing
    return problems + _beyond_types(parameters, shape, "")


def _beyond_types(value: Any, shape: Shape, path: str) -> list[str]:
    """Enums, upper limits and patterns, which botocore's own validator does not look at."""
    own = _unsatisfied(value, shape, path)
    return own if own else _of_members(value, shape, path)


def _of_members(value: Any, shape: Shape, path: str) -> list[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return [
            problem
            for name, item in value.items()
            if name in members
            for problem in _beyond_types(item, members[name], f"{path}.{name}".lstrip("."))
        ]
    if shape.type_name == "list" and isinstance(value, list):
        return [
            problem
            for number, item in enumerate(value)
            for problem in _beyond_types(item, shape.member, f"{path}[{number}]")
        ]
    if shape.type_name == "map" and isinstance(value, dict):
        return [
            problem
            for key, item in value.items()
            for problem in _beyond_types(item, shape.value, f"{path}.{key}")
        ]
    return []


def _unsatisfied(value: Any, shape: Shape, path: str) -> list[str]:
    """The constraint of a shape that its value does not satisfy, as AWS words it."""
    limits = shape.metadata
    if shape.type_name == "string" and limits.get("enum") and value not in limits["enum"]:
        return [f"{path}: {value!r} is none of {', '.join(limits['enum'])}"]
    said = f"Value {value!r} at '{path}' failed to satisfy constraint: Member must"
    most, pattern = limits.get("max", inf), limits.get("pattern")
    if isinstance(value, str | list | dict) and len(value) > most:
        return [f"{said} have length less than or equal to {most}"]
    if isinstance(value, int | float) and value > most:
        return [f"{said} have value less than or equal to {most}"]
    if isinstance(value, str) and pattern and not _matches(pattern, value):
        return [f"{said} satisfy regular expression pattern: {pattern}"]
    return []


def _matches(pattern: str, value: str) -> bool:
    """Patterns that only Java knows are passed over."""
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True
