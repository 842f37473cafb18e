"""The events of an endpoint on the default bus of EventBridge."""

import re
from typing import Any

from local_test.aws.sagemaker.store import Store
from local_test.aws.world import World

SOURCE = "aws.sagemaker"


class Notices:
    """Tells EventBridge what becomes of endpoints, in the format of AWS' own events."""

    def __init__(self, world: World, store: Store):
        self._world = world
        self._store = store

    def state_changed(self, described: dict[str, Any]) -> None:
        """The endpoint has another status."""
        self._send("SageMaker Endpoint State Change", described)

    def deployment_changed(self, described: dict[str, Any]) -> None:
        """A deployment has come to its next step."""
        self._send("SageMaker Endpoint Deployment State Change", described)

    def _send(self, kind: str, described: dict[str, Any]) -> None:
        arn = described["EndpointArn"]
        detail = {
            **described,
            "EndpointStatus": _in_capitals(described["EndpointStatus"]),
            "Tags": dict(self._store.tags(arn)),
        }
        self._world.emit(self._store.region, SOURCE, kind, _with_numbers(detail), [arn])


def _in_capitals(status: str) -> str:
    """IN_SERVICE for InService, as events spell it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _with_numbers(value: Any) -> Any:
    """Times as milliseconds since the epoch, as events have them."""
    if isinstance(value, dict):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    return int(value.timestamp() * 1000) if hasattr(value, "timestamp") else value
