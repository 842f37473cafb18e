"""State machines are refused when they are made, as Step Functions refuses them.

moto checks the grammar, not where states lead to, forgets the names of its errors, takes Express
machines for standard ones, and answers with the old machine when a new one has its name.
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local_test.aws.world import World

MOTO_CREATES = StepFunctionsParserBackend.create_state_machine
MOTO_VALIDATES = StepFunctionsParserBackend._validate_definition
ENDS = ("Choice", "Fail", "Succeed")


def install(world: World) -> None:
    """Look more closely."""
    for error in vars(api).values():
        named = isinstance(error, type) and issubclass(error, AWSError) and error is not AWSError
        if named and error.TYPE is None:
            error.TYPE = error.__name__
    StepFunctionsParserBackend.create_state_machine = _created
    StepFunctionsParserBackend._validate_definition = staticmethod(_validated)


def reset() -> None:
    """It keeps nothing."""


def problems_of(machine: dict[str, Any], path: str = "") -> Iterator[str]:
    """What is wrong with where the states of a definition lead to, branches included."""
    states, reached = machine["States"], {machine["StartAt"]}
    for target, where in _targets(machine, path):
        reached.add(target)
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {where}"
    for name, state in states.items():
        where = f"{path}/States/{name}"
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {where}'
        if state["Type"] not in ENDS and ("Next" in state) == bool(state.get("End")):
            yield f"SCHEMA_VALIDATION_FAILED: Either 'Next' or 'End' is required. at {where}"
        for number, branch in enumerate(state.get("Branches", [])):
            yield from problems_of(branch, f"{where}/Branches[{number}]")
        for inner in ("ItemProcessor", "Iterator"):
            if inner in state:
                yield from problems_of(state[inner], f"{where}/{inner}")


def _targets(machine: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    yield machine["StartAt"], f"{path}/StartAt"
    for name, state in machine["States"].items():
        where = f"{path}/States/{name}"
        for key in ("Next", "Default"):
            if key in state:
                yield state[key], f"{where}/{key}"
        for key in ("Choices", "Catch"):
            for number, rule in enumerate(state.get(key, [])):
                if "Next" in rule:
                    yield rule["Next"], f"{where}/{key}[{number}]/Next"


def _validated(definition: str) -> None:
    MOTO_VALIDATES(definition=definition)
    if found := list(problems_of(json.loads(definition))):
        raise api.InvalidDefinition(f"Invalid State Machine Definition: '{', '.join(found)}'")


def _created(
    self: StepFunctionsParserBackend, name: str, definition: str, roleArn: str, **more: Any
) -> Any:
    if more.get("sm_type") == "EXPRESS":
        raise api.StateMachineTypeNotSupported("The local AWS runs STANDARD state machines only.")
    former = next((one for one in self.state_machines if one.name == name), None)
    if former and (former.definition, former.roleArn) != (definition, roleArn):
        raise api.StateMachineAlreadyExists(f"State Machine Already Exists: '{former.arn}'")
    return MOTO_CREATES(self, name, definition, roleArn, **more)
