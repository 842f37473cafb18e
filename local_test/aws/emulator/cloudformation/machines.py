"""AWS::StepFunctions::StateMachine: definitions from S3 or inline, with substitutions."""

import json
from typing import Any

from moto.stepfunctions.models import StateMachine

from local_test.aws.world import World

_world: World | None = None


def install(world: World) -> None:
    """Make state machines of this world."""
    global _world  # noqa: PLW0603 (moto makes resources by class, which knows no world)
    _world = world
    StateMachine.create_from_cloudformation_json = classmethod(_state_machine_made)
    StateMachine.update_from_cloudformation_json = classmethod(_state_machine_changed)


def _definition(properties: dict[str, Any], region: str) -> str:
    if place := properties.get("DefinitionS3Location"):
        body = _world.client("s3", region).get_object(Bucket=place["Bucket"], Key=place["Key"])
        text = body["Body"].read().decode()
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    else:
        text = properties["DefinitionString"]
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", str(value))
    return text


def _state_machine_made(
    cls: type[StateMachine],
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_: Any,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    return _state_machines(account_id, region_name).create_state_machine(
        properties.get("StateMachineName", resource_name),
        _definition(properties, region_name),
        properties["RoleArn"],
        tags=_api_tags(properties),
    )


def _state_machine_changed(  # noqa: PLR0913, PLR0917 (moto's signature)
    cls: type[StateMachine],
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    return _state_machines(account_id, region_name).update_state_machine(
        original_resource.arn,
        definition=_definition(properties, region_name),
        role_arn=properties["RoleArn"],
    )


def _state_machines(account: str, region: str) -> Any:
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    return stepfunctions_parser_backends[account][region]


def _api_tags(properties: dict[str, Any]) -> list[dict[str, str]]:
    return [{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", [])]
