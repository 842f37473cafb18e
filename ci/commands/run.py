"""`run`: start a retraining run and follow it."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from ci.client import client, saying
from ci.deployment import Deployment
from ci.errors import EXIT_OK, RunFailed

POLL_SECONDS = 1.0
QUIET = ("Choice", "Pass")


def run(options: Namespace) -> int:
    """Start one run, print its states as it enters them, and what became of it.

    Raises:
        RunFailed: it ended otherwise than SUCCEEDED.
    """
    deployment = Deployment.of(options.environment)
    given = {"cause": "manual", **_values(options.input)}
    machine = deployment.outputs("retraining")["StateMachineArn"]
    named = {"name": options.name} if options.name else {}
    with saying("starting a run"):
        started = client("stepfunctions", deployment.region).start_execution(
            stateMachineArn=machine, input=json.dumps(given), **named
        )
    return follow(deployment, started["executionArn"], options.json)


def follow(deployment: Deployment, execution: str, as_json: bool) -> int:
    """Print the states of an execution until it ends, and then its outcome.

    Args:
        as_json: print all of its output, drift included, and not its outcome alone.

    Raises:
        RunFailed: it ended otherwise than SUCCEEDED.
    """
    states = client("stepfunctions", deployment.region)
    print(f"Run {execution.rpartition(':')[2]}", file=sys.stderr)
    began, shown = time.monotonic(), 0
    while True:
        with saying("following the run"):
            described = states.describe_execution(executionArn=execution)
            entered = list(_entered(states, execution))
        for number, name in enumerate(entered[shown:], shown):
            if name not in entered[max(0, number - 2) : number]:  # loops are told once
                print(f"{time.monotonic() - began:6.1f} s  {name}", file=sys.stderr, flush=True)
        shown = len(entered)
        if described["status"] != "RUNNING":
            output = _output(described)
            print(json.dumps(output, indent=2) if as_json else output["outcome"]["message"])
            return EXIT_OK
        time.sleep(POLL_SECONDS)


def _output(described: dict[str, Any]) -> dict[str, Any]:
    if described["status"] != "SUCCEEDED":
        error, cause = described.get("error", ""), described.get("cause", "")
        raise RunFailed(f"The run ended as {described['status']} ({error}). {cause}")
    return json.loads(described["output"])


def _entered(states: Any, execution: str) -> Iterator[str]:
    """The states that do something, in order."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    for page in pages:
        for event in page["events"]:
            kind = event["type"].removesuffix("StateEntered")
            if kind != event["type"] and kind not in QUIET:
                yield event["stateEnteredEventDetails"]["name"]


def _values(pairs: list[str]) -> dict[str, Any]:
    """``hyperparameters.rounds=30`` → {"hyperparameters": {"rounds": 30}}."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        *groups, last = name.split(".")
        table = found
        for group in groups:
            table = table.setdefault(group, {})
        try:
            table[last] = json.loads(text)
        except ValueError:
            table[last] = text
    return found
