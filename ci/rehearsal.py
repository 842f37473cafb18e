"""What a deploy would do, without doing it: a change set of every stack, described and deleted.

A stack that is not there is read from its template instead: a change set would leave an empty
stack behind, which a merge request's role must not be able to delete.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ci.changes import in_words
from ci.client import client, saying
from ci.deployment import STACKS, Deployment
from ci.environment import stack_parameters
from ci.stacks import BROKEN, UNMADE, Stack, outputs_of, parameters_of, status_of

LATER = "made-by-a-stack-before"
RESOURCE = re.compile(r"^  (\w+):\n((?:    .*\n|\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Rehearsed:
    """What would become of one stack.

    Attributes:
        changes: sentences; none when there is nothing to change.
        notes: what cannot be known before the deploy.
    """

    stack: str
    is_new: bool
    changes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """For people."""
        if not self.changes:
            yield f"{self.stack}: nothing to change"
            return
        new = "not there yet, all of it is made" if self.is_new else f"{len(self.changes)} changes"
        yield f"{self.stack}: {new if len(self.changes) > 1 else 'one change'}"
        yield from (f"  {sentence}" for sentence in self.changes)
        yield from (f"  Note: {note}" for note in self.notes)


def rehearse(deployment: Deployment) -> list[Rehearsed]:
    """What `deploy` would do to each stack; nothing of the account is changed.

    Raises:
        StackFailed: CloudFormation refuses the change.
        AwsFault: it refuses the template.
    """
    deployment.check_account()
    return [_rehearsed(name, made) for name, made in _stacks(deployment)]


def _stacks(deployment: Deployment) -> Iterator[tuple[str, Stack]]:
    """Each stack with the values that are known now; a role is only needed to execute."""
    cloudformation = client("cloudformation", deployment.region)
    known = stack_parameters(deployment.environment)
    for name in STACKS:
        known |= {parameter: key for parameter, (key, _) in deployment.contents(name).items()}
        yield name, replace(deployment.stack(name, known), role="")
        with saying(f"looking at {deployment.stack_name(name)}"):
            known |= outputs_of(cloudformation, deployment.stack_name(name))


def _rehearsed(name: str, stack: Stack) -> Rehearsed:
    cloudformation = client("cloudformation", stack.region)
    with saying(f"looking at {stack.name}"):
        status = status_of(cloudformation, stack.name)
    missing = sorted(_required(stack.template) - stack.parameters.keys())
    notes = [f"{one} comes from a stack that is deployed before." for one in missing]
    if status in BROKEN:
        notes.append(f"It is {status}: what is left of it is removed first.")
    if status in ("", *UNMADE, *BROKEN):
        with saying(f"reading the template of {name}"):
            cloudformation.get_template_summary(TemplateBody=stack.template)
        return Rehearsed(name, True, tuple(_made(stack.template)), tuple(notes))
    given = {**stack.parameters, **dict.fromkeys(missing, LATER)}
    return Rehearsed(name, False, _changes(replace(stack, parameters=given)), tuple(notes))


def _changes(stack: Stack) -> tuple[str, ...]:
    cloudformation = client("cloudformation", stack.region)
    change_set = stack.change_set(cloudformation, "UPDATE")
    if change_set is None:
        return ()
    with saying(f"deleting the change set of {stack.name}"):
        cloudformation.delete_change_set(
            StackName=stack.name, ChangeSetName=change_set["ChangeSetName"]
        )
    return tuple(in_words(change_set)) or ("change its tags, or what it puts out",)


def _made(template: str) -> Iterator[str]:
    """A sentence a resource of a template, written as in ci/infra."""
    resources = template.partition("\nResources:\n")[2].partition("\nOutputs:\n")[0]
    for name, block in RESOURCE.findall(resources):
        kind = re.search(r"^    Type: AWS::(\S+)", block, re.MULTILINE)
        condition = re.search(r"^    Condition: (\w+)", block, re.MULTILINE)
        only = f", if {condition[1]}" if condition else ""
        yield f"make {name} ({kind[1]}){only}"


def _required(template: str) -> set[str]:
    """The parameters without a default."""
    block = template.partition("\nParameters:\n")[2].partition("\n\n")[0]
    parts = re.split(r"^  (\w+):", block, flags=re.MULTILINE)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name for name in parameters_of(template) if "Default:" not in texts[name]}


def as_json(rehearsed: list[Rehearsed]) -> list[Mapping[str, Any]]:
    """For machines."""
    return [
        {"stack": one.stack, "new": one.is_new, "changes": one.changes, "notes": one.notes}
        for one in rehearsed
    ]


def write_markdown(environment: str, rehearsed: list[Rehearsed], file: Path) -> None:
    """For a merge request."""
    changed = [line for one in rehearsed if one.changes for line in [*one.lines(), ""]]
    title = f"### {environment}: {'the stacks change' if changed else 'no stack changes'}"
    fenced = ["", "```", *changed[:-1], "```"] if changed else []
    file.write_text("\n".join([title, *fenced]) + "\n", encoding="utf-8")
