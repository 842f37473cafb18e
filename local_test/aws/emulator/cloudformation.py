"""CloudFormation: resource types that moto lacks, definitions from S3, and stacks that go back.

moto skips a type that it does not know with a warning, and leaves a stack half made when
something fails. Here an unknown type fails the stack by name, a create that fails is
undone, and an update that fails is followed by the way back to what was there before.
"""

import json
import warnings
from collections.abc import Callable
from typing import Any

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.stepfunctions.models import StateMachine

from local_test.aws.world import ACCOUNT, World

MOTO_S = CloudFormationResponse._validate_different_update
_world: World | None = None


def install(world: World) -> None:
    """Make types and rollbacks right, for this world."""
    global _world  # noqa: PLW0603 (moto makes resources by class, which knows no world)
    _world = world
    warnings.filterwarnings("ignore", module="moto.cloudformation")
    parsing.resource_class_from_type = _known_class
    models.CloudFormationBackend.execute_change_set = _executed
    CloudFormationResponse._validate_different_update = _compared
    StateMachine.create_from_cloudformation_json = classmethod(_state_machine_made)
    StateMachine.update_from_cloudformation_json = classmethod(_state_machine_changed)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def reset() -> None:
    """Resources are forgotten with moto's own."""


def _known_class(resource_type: str) -> Any:
    found = parsing.get_model_map().get(resource_type)
    if found is None:
        raise ValidationError(
            message=f"The local AWS cannot make {resource_type}. docs/local-aws.md lists its types."
        )
    return found


# Change sets


def _compared(self: Any, *arguments: Any) -> None:
    """UpdateStack refuses an update without changes; a change set says so in its status."""
    if self._get_action() != "CreateChangeSet":
        MOTO_S(self, *arguments)


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
    stack, kind = self.stacks[change_set.stack_id], change_set.change_set_type
    before = (stack.template, stack.template_dict, dict(stack.parameters))
    stack._add_stack_event(f"{kind}_IN_PROGRESS", resource_status_reason="User Initiated")
    try:
        change_set.apply()
    except Exception as error:
        _undone(stack, kind, before, error)
    else:
        stack.template, stack.template_dict = change_set.template, change_set.template_dict
        stack.parameters = change_set.parameters
        stack.output_map = stack._create_output_map()
        stack.status = f"{kind}_COMPLETE"
        stack._add_stack_event(stack.status)
    change_set.execution_status = "EXECUTE_COMPLETE"


def _undone(stack: Any, kind: str, before: tuple[Any, Any, Any], error: Exception) -> None:
    reason = getattr(error, "message", None) or str(error)
    _event_of_resource(stack, f"{kind}_FAILED", reason)
    if kind == "CREATE":
        stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
        made = stack.resource_map._parsed_resources
        stack.resource_map._resource_json_map = {
            name: {**stack.resource_map._resource_json_map[name], "DeletionPolicy": "Delete"}
            for name, resource in made.items()
            if not isinstance(resource, str) and resource is not None
        }
        stack.resource_map.delete()
        stack.status = "ROLLBACK_COMPLETE"
    else:
        stack._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
        stack.resource_map.update(before[1], before[2])
        stack.template, stack.template_dict, stack.parameters = before
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
    stack._add_stack_event(stack.status)


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
    """The first resource, in the template's order, that has not been made."""
    made = stack.resource_map._parsed_resources
    names = stack.resource_map._resource_json_map
    return next((name for name in names if made.get(name) is None), stack.name)


# State machines


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


# Types that moto lacks: each is made, changed and deleted by calls of its own service


class Made:
    """One resource that calls of its service have made."""

    service = ""

    def __init__(self, physical_resource_id: str, properties: dict[str, Any], region: str):
        self.physical_resource_id = physical_resource_id
        self.properties = properties
        self.region = region

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Arn", "Id")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if attribute_name == "Arn" and ":" not in self.physical_resource_id:
            kind = self.cloudformation_type().rpartition("::")[2].lower()
            return (
                f"arn:aws:{self.service}:{self.region}:{ACCOUNT}:{kind}/{self.physical_resource_id}"
            )
        return self.physical_resource_id


def _type(
    name: str,
    service: str,
    put: Callable[[Any, dict[str, Any], str], str],
    remove: Callable[[Any, str, dict[str, Any]], Any],
    named: str = "",
) -> None:
    """Teach CloudFormation a type.

    Args:
        put: makes or overwrites the resource, given a client, the properties and a name to
            take; returns the physical id.
        remove: deletes it, given a client, the physical id and the properties.
        named: the property with its name.
    """

    def make(
        cls: Any, resource_name: str, given: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = given.get("Properties", {})
        client = _world.client(service, region_name)
        return cls(put(client, properties, resource_name), properties, region_name)

    def change(  # noqa: PLR0913, PLR0917 (moto's signature)
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        return make(
            cls,
            original_resource.physical_resource_id,
            cloudformation_json,
            account_id,
            region_name,
        )

    def delete(self: Any, account_id: str, region: str) -> None:
        remove(_world.client(service, region), self.physical_resource_id, self.properties)

    type(
        name.replace("::", ""),
        (Made, CloudFormationModel),
        {
            "__module__": f"moto.{service}.models",
            "service": service,
            "cloudformation_name_type": staticmethod(lambda: named),
            "cloudformation_type": staticmethod(lambda: name),
            "create_from_cloudformation_json": classmethod(make),
            "update_from_cloudformation_json": classmethod(change),
            "delete_from_cloudformation_json": classmethod(lambda cls, *_: None),
            "delete": delete,
        },
    )


def _put_alarm(client: Any, properties: dict[str, Any], name: str) -> str:
    numbers = ("Threshold", "Period", "EvaluationPeriods", "DatapointsToAlarm")
    given = {
        key: float(value) if key == "Threshold" else int(value) if key in numbers else value
        for key, value in properties.items()
    }
    given.setdefault("AlarmName", name)
    client.put_metric_alarm(**given)
    return given["AlarmName"]


def _put_subscription(client: Any, properties: dict[str, Any], name: str) -> str:
    answer = client.subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        ReturnSubscriptionArn=True,
    )
    return answer["SubscriptionArn"]


def _put_topic_policy(client: Any, properties: dict[str, Any], name: str) -> str:
    for topic in properties["Topics"]:
        client.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps(properties["PolicyDocument"]),
        )
    return name


def _put_queue_policy(client: Any, properties: dict[str, Any], name: str) -> str:
    policy = json.dumps(properties["PolicyDocument"])
    for queue in properties["Queues"]:
        client.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return name


def _put_bucket_policy(client: Any, properties: dict[str, Any], name: str) -> str:
    policy = json.dumps(properties["PolicyDocument"])
    client.put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return properties["Bucket"]


def _put_oidc_provider(client: Any, properties: dict[str, Any], name: str) -> str:
    answer = client.create_open_id_connect_provider(
        Url=properties["Url"],
        ClientIDList=properties.get("ClientIdList", []),
        ThumbprintList=properties.get("ThumbprintList", []),
    )
    return answer["OpenIDConnectProviderArn"]


def _put_package_group(client: Any, properties: dict[str, Any], name: str) -> str:
    client.create_model_package_group(**properties)
    return properties["ModelPackageGroupName"]


def _put_key(client: Any, properties: dict[str, Any], name: str) -> str:
    answer = client.create_key(
        Description=properties.get("Description", ""),
        Policy=json.dumps(properties["KeyPolicy"]),
        Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in properties.get("Tags", [])],
    )["KeyMetadata"]
    if properties.get("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=answer["KeyId"])
    return answer["KeyId"]


def _put_parameter(client: Any, properties: dict[str, Any], name: str) -> str:
    known = {key: properties[key] for key in ("Value", "Type", "Description") if key in properties}
    client.put_parameter(Name=name, Overwrite=True, **known)
    tags = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
    client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
    return name


def _nothing(client: Any, identity: str, properties: dict[str, Any]) -> None:
    """It goes with what it belongs to."""


_type(
    "AWS::CloudWatch::Alarm",
    "cloudwatch",
    _put_alarm,
    lambda client, name, _: client.delete_alarms(AlarmNames=[name]),
    "AlarmName",
)
_type(
    "AWS::KMS::Key",
    "kms",
    _put_key,
    lambda client, key, _: client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
)
_type(
    "AWS::SSM::Parameter",
    "ssm",
    _put_parameter,
    lambda client, name, _: client.delete_parameter(Name=name),
    "Name",
)
_type(
    "AWS::SNS::Subscription",
    "sns",
    _put_subscription,
    lambda client, arn, _: client.unsubscribe(SubscriptionArn=arn),
)
_type("AWS::SNS::TopicPolicy", "sns", _put_topic_policy, _nothing)
_type("AWS::SQS::QueuePolicy", "sqs", _put_queue_policy, _nothing)
_type(
    "AWS::S3::BucketPolicy",
    "s3",
    _put_bucket_policy,
    lambda client, bucket, _: client.delete_bucket_policy(Bucket=bucket),
)
_type(
    "AWS::IAM::OIDCProvider",
    "iam",
    _put_oidc_provider,
    lambda client, arn, _: client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
)
_type(
    "AWS::SageMaker::ModelPackageGroup",
    "sagemaker",
    _put_package_group,
    lambda client, name, _: client.delete_model_package_group(ModelPackageGroupName=name),
    "ModelPackageGroupName",
)
