"""What the Trainer declares, in the shapes of SageMaker's own requests."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import PydanticUserError
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_jsonable_python

from framework.errors import ConfigurationError
from framework.metrics import metric_regex
from framework.trainer import Trainer

SCALINGS = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
STEP_INSIDE = 1e-6  # of a range's width: how far an exclusive bound of a float moves inwards


def hyperparameters_of(trainer: type[Trainer]) -> dict[str, Any]:
    """The JSON schema of the hyperparameters, and the default of each that has one.

    Raises:
        ConfigurationError: a field has a type or a default that JSON cannot express.
    """
    try:
        defaults = {
            name: to_jsonable_python(default)
            for name, field in trainer.model_fields.items()
            if (default := field.get_default(call_default_factory=True)) is not PydanticUndefined
        }
        return {"schema": trainer.model_json_schema(), "defaults": defaults}
    except (PydanticUserError, PydanticSerializationError) as error:
        raise ConfigurationError(
            f"A field of {trainer.__name__} cannot be a hyperparameter: {error}. SageMaker sends "
            "strings: use int, float, bool, str, Literal, Enum, or lists and dicts of them."
        ) from None


def parameter_ranges(schema: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """SageMaker's ParameterRanges: what a tuning job may vary, and between which values.

    A number is tunable when both its bounds are declared, a choice always. Bounds are
    inclusive there, so an exclusive one moves inwards: an integer by one, a float by a
    millionth of the range. ``json_schema_extra={"scaling": "Logarithmic"}`` sets ScalingType.
    """
    integers, floats, choices = [], [], []
    for name, declared in schema.get("properties", {}).items():
        field = {**declared, **_resolved(declared, schema.get("$defs", {}))}
        values = _choices(field)
        if values:
            choices.append({"Name": name, "Values": values})
        elif "multipleOf" not in field and field.get("type") in ("integer", "number"):
            whole = field["type"] == "integer"
            bounds = _bounds(field, whole)
            if bounds:
                low, high = bounds
                (integers if whole else floats).append(
                    {
                        "Name": name,
                        "MinValue": str(low),
                        "MaxValue": str(high),
                        "ScalingType": _scaling(name, field, low),
                    }
                )
    return {
        "IntegerParameterRanges": integers,
        "ContinuousParameterRanges": floats,
        "CategoricalParameterRanges": choices,
    }


def metric_definitions(trainer: type[Trainer]) -> list[dict[str, str]]:
    """SageMaker's MetricDefinitions, one per declared metric."""
    return [{"Name": metric.name, "Regex": metric_regex(metric.name)} for metric in trainer.metrics]


def objectives(trainer: type[Trainer]) -> list[dict[str, str]]:
    """The metrics that a tuning job may aim at, as HyperParameterTuningJobObjective."""
    return [
        {"Type": metric.objective, "MetricName": metric.name}
        for metric in trainer.metrics
        if metric.objective
    ]


def training_channels(trainer: type[Trainer]) -> list[dict[str, Any]]:
    """SageMaker's TrainingChannels (ChannelSpecification), one per declared channel."""
    return [
        {
            "Name": channel.name,
            "Description": channel.description,
            "IsRequired": channel.required,
            "SupportedContentTypes": list(channel.content_types),
            "SupportedCompressionTypes": ["None"],
            "SupportedInputModes": ["File", "FastFile"],
        }
        for channel in trainer.channels
    ]


def _resolved(declared: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a value: behind a reference, and without "or null"."""
    if "$ref" in declared:
        return definitions[declared["$ref"].rpartition("/")[2]]
    options = [option for option in declared.get("anyOf", ()) if option.get("type") != "null"]
    return _resolved(options[0], definitions) if len(options) == 1 else declared


def _choices(field: Mapping[str, Any]) -> list[str]:
    if field.get("type") == "boolean":
        return ["false", "true"]
    values = [value for value in field.get("enum", ()) if value is not None]
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _bounds(field: Mapping[str, Any], whole: bool) -> tuple[float, float] | None:
    low, high = field.get("minimum"), field.get("maximum")
    above, below = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    start = max((bound for bound in (low, above) if bound is not None), default=None)
    end = min((bound for bound in (high, below) if bound is not None), default=None)
    if start is None or end is None:
        return None
    step = 1 if whole else (end - start) * STEP_INSIDE
    start = start + step if start == above else start
    end = end - step if end == below else end
    if not whole:
        start, end = float(start), float(end)
    return (start, end) if start <= end else None


def _scaling(name: str, field: Mapping[str, Any], low: float) -> str:
    scaling = field.get("scaling", "Auto")
    if scaling not in SCALINGS:
        raise ConfigurationError(
            f"Hyperparameter '{name}': scaling {scaling!r} is not one of {', '.join(SCALINGS)}."
        )
    if scaling == "Logarithmic" and low <= 0:
        raise ConfigurationError(
            f"Hyperparameter '{name}': Logarithmic scaling needs a lower bound above 0, "
            f"but it is {low}. Raise the bound (ge=…) or use another scaling."
        )
    return scaling
