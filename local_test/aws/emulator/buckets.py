"""S3: events as AWS sends them, versioned buckets, and policies that are kept, not enforced.

moto refuses by bucket policies whose conditions it does not understand, sends an event of
tags with every upload, makes no bucket of a stack versioned, or one that sends events, and
does not tell of one that it does.
"""

from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from local_test.aws.world import World

TOLD = S3Response.get_bucket_notification
MADE, CHANGED = (
    FakeBucket.create_from_cloudformation_json.__func__,
    FakeBucket.update_from_cloudformation_json.__func__,
)


def install(world: World) -> None:
    """Replace all of it, for this world."""

    def made(cls: Any, resource_name: str, template: Any, *place: Any, **more: Any) -> FakeBucket:
        return _completed(MADE(cls, resource_name, template, *place, **more), template)

    def changed(cls: Any, **given: Any) -> FakeBucket:
        template, former = given["cloudformation_json"], given["original_resource"]
        template["Properties"].setdefault("BucketName", former.name)  # moto needs it for tags
        return _completed(CHANGED(cls, **given), template)

    def told(self: S3Response) -> Any:
        kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if kept is None or kept.event_bridge is None:
            return TOLD(self)
        self.data["Action"] = "GetBucketNotificationConfiguration"
        return self.serialized(ActionResult({"EventBridgeConfiguration": {}}))

    def send(account_id: str, bucket: FakeBucket, event_name: str, key: Any) -> None:
        kind = S3NotificationEvent(event_name).value.removeprefix("s3:ObjectCreated:")
        if kind == event_name:  # uploads are all that anybody here listens to
            return
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": key.size,
                "etag": key.etag.strip('"'),
                "version-id": key.version_id or "",
            },
            "reason": {"Put": "PutObject", "Copy": "CopyObject"}.get(kind, kind),
        }
        world.emit(bucket.region_name, "aws.s3", "Object Created", detail, [bucket.arn])

    notifications._send_event_bridge_message = send
    S3Response.get_bucket_notification = told
    FakeBucket.create_from_cloudformation_json = classmethod(made)
    FakeBucket.update_from_cloudformation_json = classmethod(changed)
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL


def reset() -> None:
    """It keeps nothing."""


def _completed(bucket: FakeBucket, template: Any) -> FakeBucket:
    properties = template.get("Properties", {})
    if wanted := properties.get("VersioningConfiguration", {}):
        bucket.versioning_status = wanted["Status"]
    told = properties.get("NotificationConfiguration", {})
    if others := set(told) - {"EventBridgeConfiguration"}:
        raise ValidationError(
            message=f"Events of buckets go to EventBridge here, not to {', '.join(sorted(others))}."
        )
    enabled = told.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", bool(told))
    sent = str(enabled).lower() == "true"
    bucket.set_notification_configuration({"EventBridgeConfiguration": {}} if sent else None)
    return bucket
