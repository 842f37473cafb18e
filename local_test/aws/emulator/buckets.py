"""S3: events as AWS sends them, and bucket policies that are kept but not enforced.

moto refuses by bucket policies whose conditions it does not understand, and sends an event
of tags with every upload.
"""

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket
from moto.s3.notifications import S3NotificationEvent

from local_test.aws.world import World


def install(world: World) -> None:
    """Replace both, for this world."""

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
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL


def reset() -> None:
    """It keeps nothing."""
