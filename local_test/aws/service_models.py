"""AWS' own service models: which call a request makes, and whether its parameters are valid."""

from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service by its boto3 name, for example "sagemaker".

    Raises:
        botocore.exceptions.UnknownServiceError: there is none.
    """
    return botocore.session.get_session().get_service_model(service)


def problems_of(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """What AWS would refuse in the parameters of a call: types, names, enums, limits, patterns."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return []
    report = ParamValidator().validate(parameters, shape).generate_report()
    return [line for line in report.splitlines() if line] + _beyond_types(parameters, shape, "")


def _beyond_types(value: Any, shape: Shape, path: str) -> list[str]:
    """Enums, which botocore's own validator does not look at."""
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
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        return [f"{path}: {value!r} is none of {', '.join(enum)}"]
    return []
