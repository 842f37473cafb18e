"""The events of an endpoint on the default bus of EventBridge."""

import re
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_test.aws.sagemaker.store import Store
from local_test.aws.world import World

SOURCE = "aws.sagemaker"


class Notices:
    """Tells EventBridge what becomes of an endpoint, in the format of AWS' own events.

    One thread sends them in order, so that nobody who is told can hold the endpoint up.
    """

    def __init__(self, world: World, store: Store):
        self._world = world
        self._store = store
        self._sender = ThreadPoolExecutor(1, "endpoint events")

    def close(self, *, at_once: bool) -> None:
        """Return when everything is sent, or, ``at_once``, when what is being sent is."""
        self._sender.shutdown(cancel_futures=at_once)

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
        self._sender.submit(self._emit, kind, _with_numbers(detail), [arn])

    def _emit(self, kind: str, detail: dict[str, Any], arns: list[str]) -> None:
        try:
            self._world.emit(self._store.region, SOURCE, kind, detail, arns)
        except Exception:
            traceback.print_exc()


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
