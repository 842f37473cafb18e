"""Turns the strings that SageMaker sends into a Trainer with typed, checked fields.

Step Functions and boto3 send values raw (adam, 0.1), the Python SDK JSON-encoded ("adam", 0.1),
so each value has several readings: what its JSON says, what a JSON string inside it says, and
the text itself. The first reading that the field accepts is taken.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from framework.errors import HyperparameterError, did_you_mean
from framework.trainer import Trainer

RESERVED_PREFIXES = ("sagemaker_", "_tuning_")


def build_trainer(trainer_class: type[Trainer], sent: Mapping[str, str]) -> Trainer:
    """Make the trainer from the hyperparameters as they were sent.

    SageMaker's own (sagemaker_*, _tuning_*) are ignored.

    Raises:
        HyperparameterError: a name is unknown, or a value has the wrong type or is out of bounds.
    """
    readings = {
        name: _readings(text)
        for name, text in sent.items()
        if not name.startswith(RESERVED_PREFIXES)
    }
    _refuse_unknown(trainer_class, readings)
    refusals: dict[str, list[ErrorDetails]] = {name: [] for name in readings}
    while True:
        try:
            return trainer_class(**{name: values[0] for name, values in readings.items()})
        except ValidationError as error:
            problems = {
                str(problem["loc"][0]) if problem["loc"] else "": problem
                for problem in error.errors()
            }
            retry = [name for name in problems if len(readings.get(name, [])) > 1]
            for name in refusals.keys() & problems.keys():
                refusals[name].append(problems[name])
            if not retry:
                raise HyperparameterError(
                    " ".join(
                        _explanation(trainer_class, name, sent, refusals.get(name) or [problem])
                        for name, problem in problems.items()
                    )
                ) from None
            for name in retry:
                readings[name].pop(0)


def _readings(text: str) -> list[Any]:
    """What a value may mean, the likeliest first; the text itself is always the last."""
    decoded = _decoded(text)
    readings = [decoded]
    if isinstance(decoded, str) and decoded != text:
        readings.append(_decoded(decoded))
    readings.append(text)
    # A bare true or false stays text, which bool fields accept and number fields refuse.
    return [value for value in readings if not isinstance(value, bool)]


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _refuse_unknown(trainer_class: type[Trainer], sent: Mapping[str, Any]) -> None:
    known = _declared(trainer_class)
    unknown = [name for name in sent if name not in known]
    if unknown:
        raise HyperparameterError(
            " ".join(
                f"Unknown hyperparameter '{name}'. {did_you_mean(name, known)}" for name in unknown
            )
            + f" The fields of {trainer_class.__name__} declare the hyperparameters."
        )


def _declared(trainer_class: type[Trainer]) -> dict[str, dict[str, Any]]:
    """JSON schema of each hyperparameter by the name under which it is sent."""
    properties: dict[str, dict[str, Any]] = trainer_class.model_json_schema()["properties"]
    return properties


def _explanation(
    trainer_class: type[Trainer], name: str, sent: Mapping[str, str], refusals: list[ErrorDetails]
) -> str:
    """One sentence about a refused value, and one about what the field takes."""
    telling = [r for r in refusals if not r["type"].endswith(("_type", "_parsing"))] or refusals
    reason = telling[0]["msg"].removeprefix("Value error, ")
    if not name:
        return f"The hyperparameters do not fit together: {reason}."
    declared = {
        key: value
        for key, value in _declared(trainer_class).get(name, {}).items()
        if key not in ("title", "description")
    }
    allowed = ", ".join(f"{key} {json.dumps(value)}" for key, value in declared.items())
    given = f" = {sent[name]!r:.100}" if name in sent else ""
    return (
        f"Hyperparameter '{name}'{given}: {reason}. "
        f"{trainer_class.__name__} declares it as: {allowed or 'any value'}."
    )
