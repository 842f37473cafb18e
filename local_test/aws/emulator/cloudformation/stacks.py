"""Stacks as CloudFormation changes them.

moto skips a type that it does not know with a warning, compares templates without their
conditions, and leaves a stack half made when something fails. Here an unknown type fails the
stack by name, a resource whose condition turns false is removed, a create that fails is
undone, and an update that fails is followed by the way back to what was there before.
"""

import json
from typing import Any

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse


class InvalidChangeSetStatus(ValidationError):
    """As CloudFormation names it."""

    code = "InvalidChangeSetStatus"


UPDATE, DECIDE = parsing.ResourceMap.update, parsing.parse_condition


def install() -> None:
    """Replace what moto does."""
    parsing.resource_class_from_type = _known_class
    parsing.parse_condition = _decided
    parsing.ResourceMap.build_resource_diff = differences
    parsing.ResourceMap.update = _updated
    models.Stack.stack_resources = property(_made)
    models.Stack.parameter_list = property(_parameters)
    models.CloudFormationBackend.execute_change_set = _executed
    CloudFormationResponse._validate_different_update = _compared


def _known_class(resource_type: str) -> Any:
    found = parsing.get_model_map().get(resource_type)
    if found is None:
        raise ValidationError(
            message=f"The local AWS cannot make {resource_type}. docs/local-aws.md lists its types."
        )
    return found


def _decided(condition: Any, resources: Any, conditions: Any) -> Any:
    """moto reads !Condition in another condition as a function that it does not know: false."""
    if isinstance(condition, dict) and "Fn::Condition" in condition:
        return conditions[condition["Fn::Condition"]]
    return DECIDE(condition, resources, conditions)


def differences(
    self: Any, other_template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> dict[str, list[str]]:
    """The resources to add, modify and remove, with every condition decided."""
    decided = parsing.ResourceMap(
        self.stack_id,
        self["AWS::StackName"],
        self.input_parameters if parameters is None else parameters,
        self.tags,
        self._region_name,
        self._account_id,
        other_template,
        self.cross_stack_resources,
    )
    decided.load()
    old, conditions = self._resource_json_map, decided.lazy_condition_map
    wanted = {
        name: resource
        for name, resource in other_template["Resources"].items()
        if "Condition" not in resource or conditions[resource["Condition"]]
    }
    made = [name for name in old if self._parsed_resources.get(name) is not None]
    before = getattr(self, "lazy_condition_map", {})
    changed = [
        *(
            f'"Fn::If": ["{name}"'
            for name in conditions
            if name in before and before[name] != conditions[name]
        ),
        *(
            spelled
            for name, value in decided.resolved_parameters.items()
            if self.resolved_parameters.get(name) != value
            for spelled in (f'{{"Ref": "{name}"}}', f"${{{name}}}")
        ),
    ]

    def modified(name: str) -> bool:
        text = json.dumps(wanted[name])
        return wanted[name] != old[name] or any(spelled in text for spelled in changed)

    return {
        "Add": [name for name in wanted if name not in made],
        "Modify": [name for name in wanted if name in made and modified(name)],
        "Remove": [name for name in made if name not in wanted],
    }


def _updated(self: Any, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    removed = differences(self, template, parameters)["Remove"]
    UPDATE(self, template, parameters)
    for name in removed:
        del self._parsed_resources[name]


def _made(self: Any) -> list[Any]:
    """The resources of a stack, without those whose condition is false."""
    return [resource for resource in self.resource_map.values() if resource is not None]


def _parameters(self: Any) -> list[dict[str, str]]:
    """As they were given: lists with commas."""
    return [
        {"ParameterKey": name, "ParameterValue": ",".join(v) if isinstance(v, list) else v}
        for name, v in self.resource_map.resolved_parameters.items()
    ]


def _compared(self: Any, parameters: list[Any] | None, body: str, stack: Any) -> None:
    """UpdateStack refuses an update without changes; a change set says so in its status."""
    if self._get_action() == "CreateChangeSet" or stack.template != body:
        return
    given = self._get_param_values(parameters or [], stack.stack_parameters)
    if not any(differences(stack.resource_map, stack.template_dict, given).values()):
        raise ValidationError(message="No updates are to be performed.")


def _executed(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    """Apply a change set; what fails is undone, as CloudFormation does it."""
    change_set = next(
        (
            one
            for key, one in self.change_sets.items()
            if change_set_name in (key, one.change_set_name)
            and stack_name in (None, one.stack_name, one.stack_id)
        ),
        None,
    )
    if change_set is None:
        raise ValidationError(message=f"ChangeSet [{change_set_name}] does not exist")
    if change_set.execution_status != "AVAILABLE":
        raise InvalidChangeSetStatus(
            message=f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current "
            f"status of [{change_set.status}]"
        )
    stack, kind = self.stacks[change_set.stack_id], change_set.change_set_type
    stack.resource_map.cross_stack_resources = self.exports
    before = (stack.template, stack.template_dict, dict(stack.parameters))
    stack._add_stack_event(f"{kind}_IN_PROGRESS", resource_status_reason="User Initiated")
    try:
        change_set.apply()
    except Exception as error:
        _undone(stack, kind, before, error)
    else:
        stack.template, stack.template_dict = change_set.template, change_set.template_dict
        stack.parameters = change_set.parameters
        for export in stack.exports:
            self.exports.pop(export.name, None)
        stack.output_map = stack._create_output_map()
        self.exports.update({export.name: export for export in stack.exports})
        stack.status = f"{kind}_COMPLETE"
        stack._add_stack_event(stack.status)
    change_set.execution_status = "EXECUTE_COMPLETE"


def _undone(stack: Any, kind: str, before: tuple[Any, Any, Any], error: Exception) -> None:
    reason = getattr(error, "message", None) or str(error)
    _event_of_resource(stack, f"{kind}_FAILED", reason)
    rollback = "ROLLBACK" if kind == "CREATE" else "UPDATE_ROLLBACK"
    stack._add_stack_event(f"{rollback}_IN_PROGRESS", resource_status_reason=reason)
    try:
        _back(stack, kind, before)
    except Exception as failed:
        stack.status = f"{rollback}_FAILED"
        stack._add_stack_event(stack.status, resource_status_reason=str(failed))
    else:
        stack.status = f"{rollback}_COMPLETE"
        stack._add_stack_event(stack.status)


def _back(stack: Any, kind: str, before: tuple[Any, Any, Any]) -> None:
    if kind == "CREATE":
        made = stack.resource_map._parsed_resources
        stack.resource_map._resource_json_map = {
            name: {**stack.resource_map._resource_json_map[name], "DeletionPolicy": "Delete"}
            for name, resource in made.items()
            if not isinstance(resource, str) and resource is not None
        }
        stack.resource_map.delete()
    else:
        stack.resource_map.update(before[1], before[2])
        stack.template, stack.template_dict, stack.parameters = before


def _event_of_resource(stack: Any, status: str, reason: str) -> None:
    stack.events.append(
        models.Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=_culprit(stack),
            physical_resource_id="",
            resource_type="AWS::CloudFormation::CustomResource",
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
    )


def _culprit(stack: Any) -> str:
    """The first resource, in the template's order, that is to be made and is not."""
    made = stack.resource_map._parsed_resources
    conditions = {**stack.resource_map.lazy_condition_map, None: True}
    for name, resource in stack.resource_map._resource_json_map.items():
        if made.get(name) is None and conditions[resource.get("Condition")]:
            return name
    return stack.name
