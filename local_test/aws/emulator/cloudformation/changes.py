"""What a change set tells of itself: properties, what makes them change, and what is replaced.

moto names resources and verbs only.
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.cloudformation import models, parsing

from local_test.aws.emulator.cloudformation.stacks import differences

REPLACED_FOR = {  # beside names: what AWS replaces these types for
    "AWS::DynamoDB::Table": {"KeySchema"},
    "AWS::ECR::Repository": {"EncryptionConfiguration"},
}


def install() -> None:
    """Replace what moto lists."""
    models.ChangeSet.diff = _listed


def _listed(self: Any) -> list[Any]:
    """What a change set would do."""
    there = self.stack.resource_map
    before, after = there._resource_json_map, self.template_dict["Resources"]
    changes = []
    for action, names in differences(there, self.template_dict, self.parameters).items():
        for name in names:
            resource = after.get(name) or before[name]
            change = models.Change(action, name, resource["Type"])
            change.physical_resource_id = getattr(there.get(name), "physical_resource_id", None)
            replaces = False
            if action == "Modify":
                change.details = list(_details(self, before[name], after[name]))
                replaces = any(
                    one["Target"]["RequiresRecreation"] == "Always" for one in change.details
                )
                change.replacement = str(replaces)
            if replaces or action == "Remove":
                change.policy_action = _policy(resource, replaces)
            changes.append(change)
    return changes


def _details(change_set: Any, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Any]:
    """A detail for each property that is written otherwise, or whose parameter is."""
    old, new = before.get("Properties", {}), after.get("Properties", {})
    replacing = _replacing(after["Type"])
    for name in sorted(old.keys() | new.keys()):
        causes = _changed_parameters(change_set, new.get(name))
        if old.get(name) == new.get(name) and not causes:
            continue
        target = {
            "Attribute": "Tags" if name == "Tags" else "Properties",
            "Name": name,
            "RequiresRecreation": "Always" if name in replacing else "Never",
        }
        for cause in causes or [None]:
            source = {"ChangeSource": "DirectModification"}
            if cause:
                source = {"ChangeSource": "ParameterReference", "CausingEntity": cause}
            yield {"Target": target, "Evaluation": "Static", **source}


def _changed_parameters(change_set: Any, value: Any) -> list[str]:
    text, now = json.dumps(value), change_set.stack.resource_map.resolved_parameters
    return [
        name
        for name, given in change_set.parameters.items()
        if now.get(name) != given and (f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text)
    ]


def _replacing(kind: str) -> set[str]:
    """The properties that AWS makes a new resource for."""
    named = parsing.get_model_map().get(kind)
    name = named.cloudformation_name_type() if named else None
    return {*REPLACED_FOR.get(kind, ()), *([name] if name else [])}


def _policy(resource: dict[str, Any], replaces: bool) -> str:
    kept = resource.get("UpdateReplacePolicy" if replaces else "DeletionPolicy") == "Retain"
    verb = "Retain" if kept else "Delete"
    return f"ReplaceAnd{verb}" if replaces else verb
