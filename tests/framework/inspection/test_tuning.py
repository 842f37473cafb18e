"""Fields of a Trainer become what SageMaker's requests want."""

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from framework import ChannelSpec, Field, Metric, Trainer
from framework.errors import ConfigurationError
from framework.inspection.tuning import (
    hyperparameters_of,
    metric_definitions,
    objectives,
    parameter_ranges,
    training_channels,
)


class Loss(Enum):
    SQUARED = "squared"
    ABSOLUTE = "absolute"


def trainer_with(annotation: Any, default: Any) -> type[Trainer]:
    fields = {"__annotations__": {"x": annotation}, "x": default, "train": lambda self, job: None}
    return type("SomeTrainer", (Trainer,), {"__module__": __name__, **fields})


def ranges(annotation: Any, default: Any = ...) -> dict[str, list[dict[str, Any]]]:
    schema = hyperparameters_of(trainer_with(annotation, default))["schema"]
    return {kind: found for kind, found in parameter_ranges(schema).items() if found}


@pytest.mark.parametrize(
    ("annotation", "field", "low", "high"),
    [
        (int, Field(3, ge=1, le=9), "1", "9"),
        (int, Field(3, gt=1, lt=9), "2", "8"),
        (int | None, Field(None, ge=-1, le=9), "-1", "9"),
        (Annotated[int, Field(ge=1)], Field(3, le=4), "1", "4"),
        (Annotated[int, Field(ge=1, le=4)] | None, None, "1", "4"),
    ],
)
def test_integers(annotation: Any, field: Any, low: str, high: str) -> None:
    assert ranges(annotation, field) == {
        "IntegerParameterRanges": [
            {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": "Auto"}
        ]
    }


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        (Field(0.1, ge=0.001, le=1), "0.001", "1.0"),
        (Field(0.1, gt=0, le=1), "1e-06", "1.0"),
        (Field(0.1, ge=0, lt=1), "0.0", "0.999999"),
        (Field(0.1, gt=-2, lt=2), "-1.999996", "1.999996"),
    ],
)
def test_floats_and_exclusive_bounds(field: Any, low: str, high: str) -> None:
    assert ranges(float, field) == {
        "ContinuousParameterRanges": [
            {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": "Auto"}
        ]
    }


@pytest.mark.parametrize(
    ("annotation", "default", "values"),
    [
        (Literal["gini", "entropy"], "gini", ["gini", "entropy"]),
        (Literal[8, 16, 32], 8, ["8", "16", "32"]),
        (Literal["a", "b"] | None, None, ["a", "b"]),
        (Loss, Loss.SQUARED, ["squared", "absolute"]),
        (bool, True, ["false", "true"]),
    ],
)
def test_choices(annotation: Any, default: Any, values: list[str]) -> None:
    assert ranges(annotation, default) == {
        "CategoricalParameterRanges": [{"Name": "x", "Values": values}]
    }


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (int, 3),
        (int, Field(3, ge=1)),
        (float, Field(0.1, lt=1)),
        (int, Field(4, ge=0, le=64, multiple_of=4)),
        (str, "a"),
        (Literal["only"], "only"),
        (list[int], [1]),
        (int | str, 1),
        (int, Field(1, gt=0, lt=1, validate_default=False)),
    ],
)
def test_not_tunable(annotation: Any, default: Any) -> None:
    assert ranges(annotation, default) == {}


def test_scaling() -> None:
    field = Field(0.1, ge=0.001, le=1, json_schema_extra={"scaling": "Logarithmic"})
    assert ranges(float, field)["ContinuousParameterRanges"][0]["ScalingType"] == "Logarithmic"


@pytest.mark.parametrize(
    ("scaling", "message"),
    [("Log", "not one of Auto, Linear"), ("Logarithmic", "lower bound above 0")],
)
def test_scaling_that_sagemaker_refuses(scaling: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ranges(float, Field(0.1, ge=0, le=1, json_schema_extra={"scaling": scaling}))


def test_schema_and_defaults() -> None:
    class Example(Trainer):
        """Learns."""

        depth: int = Field(ge=1, description="levels of the tree")
        loss: Loss = Loss.ABSOLUTE
        layers: list[int] = Field(default_factory=lambda: [8, 4])

        def train(self, job: Any) -> None: ...

    found = hyperparameters_of(Example)
    assert found["defaults"] == {"loss": "absolute", "layers": [8, 4]}
    assert found["schema"]["required"] == ["depth"]
    assert found["schema"]["properties"]["depth"]["description"] == "levels of the tree"


def test_a_field_that_json_cannot_express() -> None:
    with pytest.raises(ConfigurationError, match="SomeTrainer cannot be a hyperparameter"):
        hyperparameters_of(trainer_with(Callable[[], int], lambda: 1))


def test_metrics_objectives_channels() -> None:
    class Example(Trainer):
        metrics = (Metric("train:loss"), Metric("validation:auc", objective="Maximize"))
        channels = (ChannelSpec("train"), ChannelSpec("extra", "more", required=False))

        def train(self, job: Any) -> None: ...

    definitions = metric_definitions(Example)
    assert [d["Name"] for d in definitions] == ["train:loss", "validation:auc"]
    assert objectives(Example) == [{"Type": "Maximize", "MetricName": "validation:auc"}]
    assert training_channels(Example)[1] == {
        "Name": "extra",
        "Description": "more",
        "IsRequired": False,
        "SupportedContentTypes": ["text/csv"],
        "SupportedCompressionTypes": ["None"],
        "SupportedInputModes": ["File", "FastFile"],
    }
    assert re.search(definitions[1]["Regex"], "[metric] validation:auc=0.5 step=3")[1] == "0.5"


def test_paths_are_hyperparameters_too() -> None:
    assert hyperparameters_of(trainer_with(Path, Path("a/b")))["defaults"] == {"x": "a/b"}
