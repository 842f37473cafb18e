"""Strings as SageMaker sends them, raw or JSON-encoded, become typed fields."""

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import model_validator

from framework import Field, HyperparameterError, Trainer
from framework.training.hyperparameters import build_trainer


class Kernel(Enum):
    linear = "linear"
    rbf = "rbf"


class Everything(Trainer):
    epochs: int = Field(3, ge=1, le=100)
    rate: float = Field(0.1, gt=0, lt=1)
    optimizer: str = "adam"
    shuffle: bool = False
    layers: list[int] = Field([8])
    flags: list[bool] = Field([])
    weights: dict[str, float] = Field({})
    depth: int | None = 4
    note: str | None = "none"
    loss: Literal["mse", "mae"] = "mse"
    kernel: Kernel = Kernel.rbf
    size: int | str = "auto"
    code: str = Field("aa", pattern="^[a-z]+$")

    def train(self, job: Any) -> Any:
        return None

    @model_validator(mode="after")
    def depth_fits_epochs(self) -> "Everything":
        if self.depth == 99 and self.epochs == 99:
            raise ValueError("depth and epochs must not both be 99")
        return self


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("epochs", "8", 8),
        ("epochs", '"8"', 8),
        ("epochs", "8.0", 8),
        ("epochs", " 8 ", 8),
        ("rate", "0.5", 0.5),
        ("rate", '"0.5"', 0.5),
        ("rate", "1e-3", 0.001),
        ("optimizer", "sgd", "sgd"),
        ("optimizer", '"sgd"', "sgd"),
        ("optimizer", '"\\"sgd\\""', '"sgd"'),
        ("optimizer", "", ""),
        ("optimizer", '""', ""),
        ("optimizer", "12", "12"),
        ("optimizer", '"12"', "12"),
        ("optimizer", "true", "true"),
        ("optimizer", "null", "null"),
        ("optimizer", "[1, 2]", "[1, 2]"),
        ("optimizer", '"unclosed', '"unclosed'),
        ("optimizer", "a b$(c);'d", "a b$(c);'d"),
        ("shuffle", "true", True),
        ("shuffle", "True", True),
        ("shuffle", '"true"', True),
        ("shuffle", '"True"', True),
        ("shuffle", "1", True),
        ("shuffle", "false", False),
        ("layers", "[1, 2]", [1, 2]),
        ("layers", '"[1, 2]"', [1, 2]),
        ("flags", "[true, false]", [True, False]),
        ("weights", '{"a": 1}', {"a": 1.0}),
        ("depth", "null", None),
        ("depth", "7", 7),
        ("note", "null", None),
        ("note", "words", "words"),
        ("loss", "mae", "mae"),
        ("loss", '"mae"', "mae"),
        ("kernel", "linear", Kernel.linear),
        ("kernel", '"linear"', Kernel.linear),
        ("size", "7", 7),
        ("size", "auto", "auto"),
        ("size", '"auto"', "auto"),
    ],
)
def test_each_way_of_sending_gives_the_value(name, sent, value):
    assert getattr(build_trainer(Everything, {name: sent}), name) == value


@pytest.mark.parametrize(
    ("name", "sent", "reason"),
    [
        ("epochs", "many", "valid integer"),
        ("epochs", "3.5", "integer"),
        ("epochs", "true", "valid integer"),
        ("epochs", "", "valid integer"),
        ("epochs", "null", "integer"),
        ("epochs", "9" * 5000, "integer"),
        ("epochs", "101", "less than or equal to 100"),
        ("rate", "NaN", "finite"),
        ("rate", "Infinity", "finite"),
        ("rate", "0", "greater than 0"),
        ("layers", "[" * 3000, "list"),
        ("layers", '[1, "a"]', "valid"),
        ("loss", "mape", "'mse' or 'mae'"),
        ("kernel", "poly", "'linear' or 'rbf'"),
        ("code", "12", "pattern"),
        ("shuffle", "maybe", "boolean"),
    ],
)
def test_a_refused_value_is_named_with_its_reason(name, sent, reason):
    with pytest.raises(HyperparameterError) as refusal:
        build_trainer(Everything, {name: sent})

    assert f"'{name}' = " in str(refusal.value)
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_what_the_field_takes_is_part_of_the_message():
    with pytest.raises(HyperparameterError, match='maximum 100, minimum 1, type "integer"'):
        build_trainer(Everything, {"epochs": "0"})


def test_fields_that_do_not_fit_together_are_explained():
    with pytest.raises(HyperparameterError, match="depth and epochs must not both be 99"):
        build_trainer(Everything, {"depth": "99", "epochs": "99"})


def test_reserved_names_are_ignored():
    sent = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": '"s3://bucket/code"',
        "_tuning_objective_metric": "validation:accuracy",
        "epochs": "5",
    }

    assert build_trainer(Everything, sent).epochs == 5


def test_unknown_names_are_refused_together():
    with pytest.raises(HyperparameterError) as refusal:
        build_trainer(Everything, {"epoch": "5", "colour": "red"})

    assert "'epoch'. Did you mean 'epochs'?" in str(refusal.value)
    assert "'colour'" in str(refusal.value)


def test_a_required_field_that_was_not_sent_is_named():
    class Demanding(Everything):
        target: str

    with pytest.raises(HyperparameterError, match="'target': Field required"):
        build_trainer(Demanding, {})


def test_an_alias_is_the_name_that_is_sent():
    class Aliased(Everything):
        n_epochs: int = Field(1, alias="n-epochs")

    assert build_trainer(Aliased, {"n-epochs": "7"}).n_epochs == 7
