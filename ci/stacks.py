"""CloudFormation: a change set for every change, shown in words, executed, followed to its end."""

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from ci.changes import in_words
from ci.client import ClientError, WaiterError, client, saying
from ci.errors import StackFailed

TEMPLATES = Path(__file__).parent / "infra"
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
UNMADE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
BEGUN = "User Initiated"  # what CloudFormation says of a stack when its change begins
POLL_SECONDS = {"Delay": 1, "MaxAttempts": 3600}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """One stack: its name, its template's text and the values of its parameters.

    Attributes:
        role: ARN of the role that CloudFormation changes it with; empty: as whoever runs this.
    """

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    region: str
    role: str = ""

    def deploy(self, say: Say) -> dict[str, str]:
        """Make or change the stack, and return its outputs.

        Raises:
            StackFailed: CloudFormation could not; what was there before is there again.
        """
        cloudformation = client("cloudformation", self.region)
        there = _described(cloudformation, self.name)
        if there and there["StackStatus"] in BROKEN:
            say(f"{self.name} is {there['StackStatus']}: removing what is left of it")
            remove(self.name, self.region)
            there = None
        exists = there is not None and there["StackStatus"] not in UNMADE
        change_set = self.change_set(cloudformation, "UPDATE" if exists else "CREATE")
        if change_set is None:
            say(f"{self.name}: nothing to change")
            return outputs_of(cloudformation, self.name)
        for sentence in in_words(change_set):
            say(f"{self.name}: {sentence}")
        with saying(f"executing the change set of {self.name}"):
            cloudformation.execute_change_set(
                StackName=self.name, ChangeSetName=change_set["ChangeSetName"]
            )
        kind = "update" if exists else "create"
        try:
            cloudformation.get_waiter(f"stack_{kind}_complete").wait(
                StackName=self.name, WaiterConfig=POLL_SECONDS
            )
        except WaiterError:
            raise StackFailed(self._why(cloudformation)) from None
        say(f"{self.name}: {kind}d")
        return outputs_of(cloudformation, self.name)

    def change_set(self, cloudformation: Any, kind: str) -> dict[str, Any] | None:
        """A change set that is ready; None when there is nothing to change.

        Raises:
            StackFailed: CloudFormation refuses the change.
        """
        name = f"ci-{int(time.time() * 1000)}"
        known = parameters_of(self.template)
        with saying(f"creating a change set of {self.name}"):
            cloudformation.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType=kind,
                TemplateBody=self.template,
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in self.parameters.items()
                    if key in known
                ],
                Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
                Capabilities=["CAPABILITY_NAMED_IAM"],
                **({"RoleARN": self.role} if self.role else {}),
            )
        while True:
            found = cloudformation.describe_change_set(StackName=self.name, ChangeSetName=name)
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
            time.sleep(1)
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            cloudformation.delete_change_set(StackName=self.name, ChangeSetName=name)
            if any(sentence in reason for sentence in NO_CHANGES):
                return None
            raise StackFailed(f"{self.name}: CloudFormation refuses the change: {reason}")
        return found

    def _why(self, cloudformation: Any) -> str:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name)
        events = (event for page in pages for event in page["StackEvents"])  # the newest first
        of_this_change = takewhile(lambda one: one.get("ResourceStatusReason") != BEGUN, events)
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in of_this_change
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        status = (_described(cloudformation, self.name) or {}).get("StackStatus", "gone")
        why = failed[-1] if failed else "no resource says why"
        return f"{self.name} is {status}. The first that failed: {why}"


def parameters_of(template: str) -> set[str]:
    """The names of a template's parameters, written as in ci/infra: two spaces before each."""
    block = template.partition("\nParameters:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^  (\w+):", block, re.MULTILINE))


def outputs_of(cloudformation: Any, name: str) -> dict[str, str]:
    """The outputs of a stack; empty when there is none."""
    found = _described(cloudformation, name) or {}
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def status_of(cloudformation: Any, name: str) -> str:
    """Its status; empty when there is none."""
    return (_described(cloudformation, name) or {}).get("StackStatus", "")


def remove(name: str, region: str) -> None:
    """Delete a stack and wait until it is gone; harmless when there is none."""
    cloudformation = client("cloudformation", region)
    with saying(f"deleting {name}"):
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig=POLL_SECONDS
        )


def retained(name: str, region: str) -> list[str]:
    """What stays when the stack is deleted: types and physical names."""
    cloudformation = client("cloudformation", region)
    template = cloudformation.get_template(StackName=name, TemplateStage="Processed")[
        "TemplateBody"
    ]
    text = template if isinstance(template, str) else json.dumps(template)
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    kept = {
        one["LogicalResourceId"]: f"{one['ResourceType']} {one['PhysicalResourceId']}"
        for one in resources
        if one.get("PhysicalResourceId")
    }
    return [what for logical, what in kept.items() if _is_retained(text, logical)]


def _is_retained(template: str, logical: str) -> bool:
    """Whether the resource's own block says DeletionPolicy: Retain."""
    _, found, after = template.partition(f"\n  {logical}:\n")
    block = after.partition("\n\n")[0]
    return bool(found) and "DeletionPolicy: Retain" in block


def _described(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def to_stderr(sentence: str) -> None:
    """Progress."""
    print(sentence, file=sys.stderr, flush=True)
