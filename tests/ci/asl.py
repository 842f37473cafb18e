"""A checker of state machines in the Amazon States Language, and of what they send to AWS.

A rule yields sentences that begin with the name of the state.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from ci.handler import STEPS
from local_test.aws.service_models import problems_of as refused_by_aws
from local_test.aws.service_models import service_model

Machine = dict[str, Any]
State = dict[str, Any]
Rule = Callable[[Machine], Iterator[str]]

FILLED_IN = {
    "Partition": "aws",
    "StepFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-test-steps",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:shop",
    "EndpointName": "shop-test",
    "LeaseSeconds": "400000",
}
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
STRING = re.compile(r"'[^']*'|\"[^\"]*\"")

OF_ALL = {"Type", "Comment", "QueryLanguage", "Output"}
ONWARD = {"Assign", "Next", "End"}
CAREFUL = {"Arguments", "Retry", "Catch", *ONWARD}
FIELDS = {
    "Task": {"Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", *CAREFUL},
    "Parallel": {"Branches", *CAREFUL},
    "Map": {"Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", *CAREFUL},
    "Pass": ONWARD,
    "Wait": {"Seconds", "Timestamp", *ONWARD},
    "Choice": {"Choices", "Default", "Assign"},
    "Succeed": set(),
    "Fail": {"Error", "Cause"},
}
ENDS = ("Succeed", "Fail")
STATES_ERRORS = {
    "States.ALL",
    "States.DataLimitExceeded",
    "States.HeartbeatTimeout",
    "States.ItemReaderFailed",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
}
RESOURCE = re.compile(r"arn:aws:states:::(aws-sdk:)?(\w+):(\w+?)(\.sync)?")
OPTIMIZED = {
    "lambda": ("invoke",),
    "sns": ("publish",),
    "sagemaker": (
        "createEndpoint",
        "createEndpointConfig",
        "createModel",
        "updateEndpoint",
        "createHyperParameterTuningJob.sync",
        "createProcessingJob.sync",
        "createTrainingJob.sync",
        "createTransformJob.sync",
    ),
}
UNCAUGHT = dict.fromkeys(
    ("What was captured?", "Compare", "Measure"),
    "The execution of an hour fails, and the alarm HoursFailed rings.",
)


def read(file: Path) -> Machine:
    """A definition as CloudFormation fills it in."""
    return json.loads(PLACEHOLDER.sub(lambda found: FILLED_IN[found[1]], file.read_text()))


def problems_of(machine: Machine) -> list[str]:
    return [problem for rule in RULES for problem in rule(machine)]


# The graph


def it_ends_in_time(machine: Machine) -> Iterator[str]:
    """Jobs are bounded by their StoppingCondition, and everything by the machine's own limit."""
    if not isinstance(machine.get("TimeoutSeconds"), int):
        yield "the machine: it has no TimeoutSeconds"


def it_speaks_jsonata(machine: Machine) -> Iterator[str]:
    if machine.get("QueryLanguage") != "JSONata":
        yield "the machine: its QueryLanguage is not JSONata"


def names_are_unique(machine: Machine) -> Iterator[str]:
    names = [name for name, _ in states_of(machine)]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{name}: two states have this name"


def fields_are_known(machine: Machine) -> Iterator[str]:
    """Fields of JSONPath, which a JSONata machine refuses, are unknown, too."""
    for name, state in states_of(machine):
        if state.get("Type") not in FIELDS:
            yield f"{name}: its Type {state.get('Type')!r} is unknown"
            continue
        for field in sorted(state.keys() - FIELDS[state["Type"]] - OF_ALL):
            yield f"{name}: a {state['Type']} has no {field}"


def targets_exist(machine: Machine) -> Iterator[str]:
    for owner, graph in graphs_of(machine):
        if graph["StartAt"] not in graph["States"]:
            yield f"{owner}: StartAt names {graph['StartAt']!r}, which does not exist"
        for name, state in graph["States"].items():
            for target in targets_of(state):
                if target not in graph["States"]:
                    yield f"{name}: it leads to {target!r}, which does not exist"


def every_state_is_reached(machine: Machine) -> Iterator[str]:
    for _, graph in graphs_of(machine):
        reached = _closure({graph["StartAt"]}, lambda name, of=graph: _onward(of, name))
        for name in graph["States"].keys() - reached:
            yield f"{name}: no state leads to it"


def every_state_reaches_an_end(machine: Machine) -> Iterator[str]:
    for _, graph in graphs_of(machine):
        ends = {name for name, state in graph["States"].items() if _ends(state)}
        back = _closure(
            ends, lambda name, of=graph: {one for one in of["States"] if name in _onward(of, one)}
        )
        for name in graph["States"].keys() - back:
            yield f"{name}: no end can be reached from it"


def every_state_says_what_follows(machine: Machine) -> Iterator[str]:
    """One of Next and End; a Choice, Succeed or Fail has neither."""
    for name, state in states_of(machine):
        said = ("Next" in state) + (state.get("End") is True)
        if said != (state.get("Type") not in ("Choice", *ENDS)):
            yield f"{name}: it must say exactly one of Next and End, or be a Choice or an end"


def choices_are_complete(machine: Machine) -> Iterator[str]:
    for name, state in states_of(machine):
        if state.get("Type") != "Choice":
            continue
        if "Default" not in state:
            yield f"{name}: it has no Default"
        for choice in state.get("Choices") or [{}]:
            if not choice.keys() >= {"Condition", "Next"}:
                yield f"{name}: a choice lacks its Condition or its Next"


# Errors


def nothing_follows_all(machine: Machine) -> Iterator[str]:
    for name, state in states_of(machine):
        for field in ("Retry", "Catch"):
            listed = [one["ErrorEquals"] for one in state.get(field, [])]
            if any("States.ALL" in errors for errors in listed[:-1]):
                yield f"{name}: its {field} goes on after States.ALL"
            if any("States.ALL" in errors and len(errors) > 1 for errors in listed):
                yield f"{name}: its {field} names States.ALL beside other errors"


def errors_are_known(machine: Machine) -> Iterator[str]:
    for name, state in states_of(machine):
        for one in state.get("Retry", []) + state.get("Catch", []):
            for error in one["ErrorEquals"]:
                if error.startswith("States.") and error not in STATES_ERRORS:
                    yield f"{name}: Step Functions knows no error {error}"


def retries_are_sane(machine: Machine) -> Iterator[str]:
    for name, state in states_of(machine):
        for one in state.get("Retry", []):
            if not 1 <= one.get("MaxAttempts", 0) <= 10:
                yield f"{name}: MaxAttempts is not between 1 and 10"
            if one.get("BackoffRate", 0) < 1:
                yield f"{name}: BackoffRate is below 1"
            if one.get("IntervalSeconds", 0) < 1:
                yield f"{name}: IntervalSeconds is below 1"
            if one.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                yield f"{name}: JitterStrategy is neither FULL nor NONE"


def failures_are_caught(machine: Machine) -> Iterator[str]:
    """By the task, by the Parallel or Map around it, or it is said why not."""
    for owner, graph in graphs_of(machine):
        around = dict(states_of(machine)).get(owner, {})
        for name, state in graph["States"].items():
            caught = "Catch" in state or "Catch" in around or name in UNCAUGHT
            if state.get("Type") in ("Task", "Parallel", "Map") and not caught:
                yield f"{name}: nobody catches its failure"


# Expressions


def expressions_parse(machine: Machine) -> Iterator[str]:
    for name, text in _texts(machine):
        if ("{%" in text or "%}" in text) and not EXPRESSION.fullmatch(text):
            yield f"{name}: {text!r} is only in part an expression"
        for expression in EXPRESSION.findall(text):
            if error := syntax_error(expression):
                yield f"{name}: {expression!r} is not JSONata: {error}"


def variables_are_assigned(machine: Machine) -> Iterator[str]:
    assigned = {"states"}
    for _, state in states_of(machine):
        for one in (state, *state.get("Catch", [])):
            assigned |= one.get("Assign", {}).keys()
    for name, text in _texts(machine):
        for expression in EXPRESSION.findall(text):
            bare = STRING.sub("''", expression)
            own = set(re.findall(r"\$(\w+)(?=[\s,$\w]*\)\s*\{)", bare))
            for variable in re.findall(r"\$(\w+)\b(?!\s*\()", bare):
                if variable not in assigned | own:
                    yield f"{name}: nobody assigns ${variable}"


# Who is asked for what


def resources_are_known(machine: Machine) -> Iterator[str]:
    """A job that is started is waited for, because OPTIMIZED knows it only with .sync."""
    for name, state in tasks_of(machine):
        found = RESOURCE.fullmatch(state["Resource"])
        if not found:
            yield f"{name}: {state['Resource']} is no integration"
        elif not _is_known(*found.groups()):
            yield f"{name}: no integration is called {state['Resource'].rpartition(':::')[2]}"


def questions_have_answers(machine: Machine) -> Iterator[str]:
    """The Lambda function has the step, and the payload all that the step reads."""
    for name, state in tasks_of(machine):
        if not state["Resource"].endswith("lambda:invoke"):
            continue
        payload = state["Arguments"]["Payload"]
        step = STEPS.get(step_of(payload))
        if step is None:
            yield f"{name}: ci/handler.py has no step {step_of(payload)!r}"
        elif missing := keys_read(step) - set(re.findall(r"'(\w+)':", payload)):
            yield f"{name}: {step.__name__} reads {', '.join(sorted(missing))}, which is not sent"


RULES: tuple[Rule, ...] = (
    it_ends_in_time,
    it_speaks_jsonata,
    names_are_unique,
    fields_are_known,
    targets_exist,
    every_state_is_reached,
    every_state_reaches_an_end,
    every_state_says_what_follows,
    choices_are_complete,
    nothing_follows_all,
    errors_are_known,
    retries_are_sane,
    failures_are_caught,
    expressions_parse,
    variables_are_assigned,
    resources_are_known,
    questions_have_answers,
)


# A machine and its stack


def filling_problems(definition: str, template: dict[str, Any]) -> Iterator[str]:
    """Placeholders that the template does not fill in, and values that fill in nothing."""
    wanted = set(PLACEHOLDER.findall(definition))
    given = template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"].keys()
    for name in sorted(wanted - given):
        yield f"the machine: the template does not fill in ${{{name}}}"
    for name in sorted(given - wanted):
        yield f"the machine: nothing in it is called ${{{name}}}"


# What is sent


def request_problems(machine: Machine, variables: dict[str, Any]) -> Iterator[str]:
    """What AWS would refuse in the requests that the tasks send, with these variables."""
    for name, (service, operation), body in requests_of(machine, variables):
        if body is None:
            yield f"{name}: {operation}: its arguments are nothing"
            continue
        sent = {**body, "Payload": json.dumps(body["Payload"])} if service == "lambda" else body
        for problem in refused_by_aws(service, operation, sent):
            yield f"{name}: {operation}: {problem}"


def requests_of(
    machine: Machine, variables: dict[str, Any]
) -> Iterator[tuple[str, tuple[str, str], dict[str, Any] | None]]:
    """Every task's name, the call that it makes, and its evaluated arguments."""
    for owner, graph in graphs_of(machine):
        around = dict(states_of(machine)).get(owner, {})
        states = variables["states"]
        inputs = evaluated(around["Items"], variables) if "Items" in around else [states["input"]]
        for name, state in graph["States"].items():
            for given in inputs if state["Type"] == "Task" else ():
                bound = {**variables, "states": {**states, "input": given}}
                yield name, api_of(state), evaluated(state["Arguments"], bound)


def evaluated(value: Any, variables: dict[str, Any]) -> Any:
    """A value with its expressions evaluated, as Step Functions does."""
    if isinstance(value, dict):
        return {key: evaluated(one, variables) for key, one in value.items()}
    if not isinstance(value, str) or not (found := EXPRESSION.fullmatch(value)):
        return value
    expression = Jsonata(found[1])
    frame = expression.create_frame()
    for name, bound in variables.items():
        frame.bind(name, bound)
    return expression.evaluate(None, frame)


# Walking through a machine


def graphs_of(machine: Machine, owner: str = "the machine") -> Iterator[tuple[str, Machine]]:
    """The machine, and each branch and item processor in it, with the state that owns it."""
    yield owner, machine
    for name, state in machine["States"].items():
        inner = [*state.get("Branches", [])]
        inner += [state["ItemProcessor"]] if "ItemProcessor" in state else []
        for graph in inner:
            yield from graphs_of(graph, name)


def states_of(machine: Machine) -> Iterator[tuple[str, State]]:
    for _, graph in graphs_of(machine):
        yield from graph["States"].items()


def tasks_of(machine: Machine) -> Iterator[tuple[str, State]]:
    return ((name, state) for name, state in states_of(machine) if state["Type"] == "Task")


def targets_of(state: State) -> list[str]:
    ways = (state, *state.get("Choices", []), *state.get("Catch", []))
    found = [way["Next"] for way in ways if "Next" in way]
    return found + ([state["Default"]] if "Default" in state else [])


def api_of(state: State) -> tuple[str, str]:
    """The service, by its boto3 name, and the operation that a task calls."""
    found = RESOURCE.fullmatch(state["Resource"])
    assert found, state["Resource"]
    _, service, operation, _ = found.groups()
    return boto3_names().get(service, service), operation[0].upper() + operation[1:]


def step_of(payload: str) -> str:
    found = re.search(r"'step': '(\w+)'", payload)
    return found[1] if found else ""


@cache
def syntax_error(expression: str) -> str:
    try:
        Jsonata(expression)
    except JException as error:
        return str(error)
    return ""


@cache
def keys_read(step: Callable[..., Any]) -> set[str]:
    """The keys that a step of the Lambda function reads of its event."""
    return {
        node.slice.value
        for node in ast.walk(ast.parse(inspect.getsource(step)))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "event"
        and isinstance(node.slice, ast.Constant)
    }


@cache
def boto3_names() -> dict[str, str]:
    """What Step Functions calls a service → what boto3 calls it."""
    names = botocore.session.get_session().get_available_services()
    return {name.replace("-", ""): name for name in names}


def _is_known(sdk: str | None, service: str, operation: str, sync: str | None) -> bool:
    if not sdk:
        return f"{operation}{sync or ''}" in OPTIMIZED.get(service, ())
    if sync or service not in boto3_names():
        return False
    known = service_model(boto3_names()[service]).operation_names
    return operation[0].islower() and operation[0].upper() + operation[1:] in known


def _ends(state: State) -> bool:
    return state.get("Type") in ENDS or state.get("End") is True


def _onward(graph: Machine, name: str) -> set[str]:
    return set(targets_of(graph["States"].get(name, {})))


def _closure(found: set[str], onward: Callable[[str], set[str]]) -> set[str]:
    """All that can be reached from what was found."""
    new = found
    while new:
        new = {target for name in new for target in onward(name)} - found
        found = found | new
    return found


def _texts(machine: Machine) -> Iterator[tuple[str, str]]:
    """Every text in a state, with the state's name; states inside of it have their own."""
    for name, state in states_of(machine):
        waiting = [
            value for key, value in state.items() if key not in ("Branches", "ItemProcessor")
        ]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                yield name, value
            waiting += value.values() if isinstance(value, dict) else ()
            waiting += value if isinstance(value, list) else ()
