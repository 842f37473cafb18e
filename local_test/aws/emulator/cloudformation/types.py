"""Types that moto lacks: each is made, changed and deleted by calls of its own service."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.kms.models import kms_backends

from local_test.aws.world import ACCOUNT, World

SUBSCRIBED = ("TopicArn", "Protocol", "Endpoint")
_world: World | None = None


def install(world: World) -> None:
    """Make resources of this world."""
    global _world  # noqa: PLW0603 (moto makes resources by class, which knows no world)
    _world = world


class Made:
    """One resource that calls of its service have made."""

    service = ""
    arn = ""

    def __init__(self, physical_resource_id: str, properties: dict[str, Any], region: str):
        self.physical_resource_id = physical_resource_id
        self.properties = properties
        self.region = region

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Id" or attr.endswith("Arn")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if self.arn and attribute_name.endswith("Arn"):
            named = self.arn.format(self.physical_resource_id)
            return f"arn:aws:{self.service}:{self.region}:{ACCOUNT}:{named}"
        return self.physical_resource_id


def _type(  # noqa: PLR0913
    name: str,
    service: str,
    put: Callable[[Any, dict[str, Any], str], str],
    remove: Callable[[Any, str, dict[str, Any]], Any],
    *,
    named: str = "",
    arn: str = "",
    alter: Callable[[Any, str, dict[str, Any], dict[str, Any]], str] | None = None,
) -> None:
    """Teach CloudFormation a type.

    Args:
        put: makes or overwrites the resource, given a client, the properties and a name to
            take; returns the physical id.
        remove: deletes it, given a client, the physical id and the properties.
        named: the property with its name. A new name makes a new resource.
        arn: what follows the account in its ARN, with {} for the physical id.
        alter: changes it, given a client, the physical id, and the properties before and after;
            returns the physical id. Without it, ``put`` overwrites.
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
        properties = cloudformation_json.get("Properties", {})
        client = _world.client(service, region_name)
        former, before = original_resource.physical_resource_id, original_resource.properties
        if named and properties.get(named, former) != former:
            identity = put(client, properties, properties[named])
            remove(client, former, before)
        elif alter:
            identity = alter(client, former, before, properties)
        else:
            identity = put(client, properties, former)
        return cls(identity, properties, region_name)

    def delete(self: Any, account_id: str, region: str) -> None:
        remove(_world.client(service, region), self.physical_resource_id, self.properties)

    type(
        name.replace("::", ""),
        (Made, CloudFormationModel),
        {
            "__module__": f"moto.{service}.models",
            "service": service,
            "arn": arn,
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
    attributes = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in properties.items()
        if key not in SUBSCRIBED
    }
    answer = client.subscribe(
        **{key: properties[key] for key in SUBSCRIBED},
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return answer["SubscriptionArn"]


def _alter_subscription(
    client: Any, arn: str, before: dict[str, Any], after: dict[str, Any]
) -> str:
    client.unsubscribe(SubscriptionArn=arn)
    return _put_subscription(client, after, "")


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


def _alter_oidc_provider(
    client: Any, arn: str, before: dict[str, Any], after: dict[str, Any]
) -> str:
    client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return _put_oidc_provider(client, after, "")


def _alter_package_group(
    client: Any, name: str, before: dict[str, Any], after: dict[str, Any]
) -> str:
    if before.get("ModelPackageGroupDescription") != after.get("ModelPackageGroupDescription"):
        raise ValidationError(
            message="CloudFormation cannot update a stack when a custom-named resource requires "
            f"replacing. Rename {name} and update the stack again."
        )
    return name


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


def _alter_key(client: Any, key: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    keys = kms_backends[ACCOUNT][client.meta.region_name]
    keys.put_key_policy(key, json.dumps(after["KeyPolicy"]))
    keys.update_key_description(key, after.get("Description", ""))
    if after.get("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=key)
    return key


def _put_parameter(client: Any, properties: dict[str, Any], name: str) -> str:
    known = {key: properties[key] for key in ("Value", "Type", "Description") if key in properties}
    client.put_parameter(Name=name, Overwrite=True, **known)
    tags = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
    client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
    return name


def _remove_queue_policy(client: Any, identity: str, properties: dict[str, Any]) -> None:
    for queue in properties["Queues"]:
        with suppress(client.exceptions.QueueDoesNotExist):
            client.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})


def _remove_bucket_policy(client: Any, bucket: str, properties: dict[str, Any]) -> None:
    with suppress(client.exceptions.NoSuchBucket):
        client.delete_bucket_policy(Bucket=bucket)


def _nothing(client: Any, identity: str, properties: dict[str, Any]) -> None:
    """It goes with what it belongs to."""


_type(
    "AWS::CloudWatch::Alarm",
    "cloudwatch",
    _put_alarm,
    lambda client, name, _: client.delete_alarms(AlarmNames=[name]),
    named="AlarmName",
    arn="alarm:{}",
)
_type(
    "AWS::KMS::Key",
    "kms",
    _put_key,
    lambda client, key, _: client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
    arn="key/{}",
    alter=_alter_key,
)
_type(
    "AWS::SSM::Parameter",
    "ssm",
    _put_parameter,
    lambda client, name, _: client.delete_parameter(Name=name),
    named="Name",
)
_type(
    "AWS::SNS::Subscription",
    "sns",
    _put_subscription,
    lambda client, arn, _: client.unsubscribe(SubscriptionArn=arn),
    alter=_alter_subscription,
)
_type("AWS::SNS::TopicPolicy", "sns", _put_topic_policy, _nothing)
_type("AWS::SQS::QueuePolicy", "sqs", _put_queue_policy, _remove_queue_policy)
_type("AWS::S3::BucketPolicy", "s3", _put_bucket_policy, _remove_bucket_policy)
_type(
    "AWS::IAM::OIDCProvider",
    "iam",
    _put_oidc_provider,
    lambda client, arn, _: client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
    alter=_alter_oidc_provider,
)
_type(
    "AWS::SageMaker::ModelPackageGroup",
    "sagemaker",
    _put_package_group,
    lambda client, name, _: client.delete_model_package_group(ModelPackageGroupName=name),
    named="ModelPackageGroupName",
    arn="model-package-group/{}",
    alter=_alter_package_group,
)
