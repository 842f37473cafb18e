"""JSONata and JSONPath in state machines, with AWS' names of their errors.

moto has no engine for JSONata, answers $hash and $uuid with a sentence, and calls every error
States.Runtime. A JSONPath that names one thing gets a list when an index is in it.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsics
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator
from moto.stepfunctions.parser.asl.utils import json_path

from local_test.aws.world import World

NOWHERE = "Failed to transition out of the state. The state does not point to a next state."
KNOWN = "known_before"  # a function of ours, by which expressions get their variables
SEVERAL = re.compile(r"\*|\.\.|\?|:|,")
MOTO_PARSES = json_path.parse
MOTO_QUERIES = StringJSONata._eval_body
MOTO_CHOOSES = StateChoice._eval_state


def install(world: World) -> None:
    """Evaluate for real."""
    evaluator._eval_jsonata = _evaluate
    states.encode_jsonata_variable_declarations = _declarations
    variable_store.encode_jsonata_variable_declarations = _declarations
    for name in ("$hash", "$uuid"):
        intrinsics._DECLARATION_BY_VARIABLE_REFERENCE.pop(name, None)
    json_path.parse = _parsed
    StringJSONata._eval_body = _named(
        MOTO_QUERIES, evaluator.JSONataException, StatesErrorNameType.StatesQueryEvaluationError
    )
    StateChoice._eval_state = _named(
        MOTO_CHOOSES, RuntimeError, StatesErrorNameType.StatesNoChoiceMatched, NOWHERE
    )


def reset() -> None:
    """It keeps nothing."""


def _evaluate(expression: str) -> Any:
    try:
        engine = jsonata.Jsonata(expression)
        engine.register_lambda("hash", _hash)
        engine.register_lambda("uuid", lambda: str(uuid.uuid4()))
        engine.register_lambda(KNOWN, lambda text: _with_null(json.loads(text)))
        found = engine.evaluate(None)
    except (jsonata.JException, ValueError) as error:
        raise evaluator.JSONataException("UNKNOWN", str(error)) from None
    return json.loads(json.dumps(found, default=str))


def _hash(content: Any, algorithm: str) -> str:
    text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def _declarations(bindings: dict[str, Any]) -> str:
    """``$name := value;`` for each; moto's own does not quote strings.

    The value is one text to the parser of JSONata, to which a large object would take a second.
    """
    return "".join(
        f"{name} := ${KNOWN}({json.dumps(json.dumps(value, default=str))});"
        for name, value in bindings.items()
    )


def _with_null(value: Any) -> Any:
    """JSON with JSONata's null, because None is its word for what is not there."""
    if isinstance(value, dict):
        return {name: _with_null(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_null(item) for item in value]
    return Utils.NULL_VALUE if value is None else value


def _parsed(path: str) -> Any:
    """A JSONPath whose matches do not look like those of an index, unless it has several."""
    expression = MOTO_PARSES(path)
    if SEVERAL.search(path):
        return expression

    def find(data: Any) -> list[Any]:
        return [
            SimpleNamespace(value=match.value, path=None, context=None)
            for match in expression.find(data)
        ]

    return SimpleNamespace(find=find)


def _named(
    evaluate: Callable[[Any, Any], None],
    kind: type[Exception],
    name: StatesErrorNameType,
    cause: str = "",
) -> Callable[[Any, Any], None]:
    """The same, with an error of this kind under AWS' name."""

    def evaluated(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except kind as error:
            told = EvaluationFailedEventDetails(
                error=StatesErrorName(name).error_name, cause=cause or str(error.args[-1])
            )
            raise FailureEventException(
                FailureEvent(
                    env=env,
                    error_name=StatesErrorName(name),
                    event_type=HistoryEventType.EvaluationFailed,
                    event_details=EventDetails(evaluationFailedEventDetails=told),
                )
            ) from error

    return evaluated
