"""Models, endpoint configs and endpoints; invocations; scaling."""

from collections.abc import Iterable
from typing import Any

from local_test.aws.sagemaker.calls import Handlers
from local_test.aws.sagemaker.store import Store
from local_test.aws.world import World


class Endpoints:
    """Every endpoint of one world."""

    def __init__(self, world: World):
        self._world = world

    def handlers(self) -> Handlers:
        """The calls that make, change, describe, list and delete them."""
        return {}

    def invoked(self, environ: dict[str, Any]) -> bool:
        """Whether this is InvokeEndpoint."""
        return False

    def invoke(self, store: Store, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer InvokeEndpoint."""
        return []

    def close(self) -> None:
        """End what runs."""
