"""Models, endpoint configs and endpoints; invocations; scaling."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from local_test.aws.sagemaker.calls import Handlers
from local_test.aws.sagemaker.endpoints import configs, invocations, models
from local_test.aws.sagemaker.endpoints.capture import Capture
from local_test.aws.sagemaker.endpoints.invocations import Invocation
from local_test.aws.sagemaker.endpoints.lifecycle import Lifecycle
from local_test.aws.sagemaker.endpoints.metering import Metering
from local_test.aws.sagemaker.endpoints.scaling import Scaling
from local_test.aws.sagemaker.store import Store
from local_test.aws.world import World


class Endpoints:
    """Every endpoint of one world."""

    def __init__(self, world: World):
        self._world = world
        self._metering = Metering(world)
        self._capture = Capture(world)
        self._lifecycle = Lifecycle(world, self._settle)
        self._scaling = Scaling(world, self._lifecycle)
        self._closed = False
        world.scaling_activities = self._scaling.activities
        world.endpoint_story = self.story
        world.clock.watch(self._tick)

    def handlers(self) -> Handlers:
        """The calls that make, change, describe, list and delete them."""
        return {**models.handlers(), **configs.handlers(), **self._lifecycle.handlers()}

    def invoked(self, environ: dict[str, Any]) -> bool:
        """Whether this is InvokeEndpoint, or another of its kind, which is refused."""
        return invocations.asked_for(environ) is not None

    def invoke(self, store: Store, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer InvokeEndpoint."""
        return invocations.answered(
            environ,
            start_response,
            lambda name: self._lifecycle.find(store.region, name),
            self._world.clock.time,
            self._note,
        )

    def story(self, region: str, name: str) -> list[dict[str, Any]]:
        """``World.endpoint_story``; empty when there is no such endpoint."""
        endpoint = self._lifecycle.find(region, name)
        return endpoint.journal.entries() if endpoint is not None else []

    def close(self) -> None:
        """End what runs."""
        self._closed = True
        self._lifecycle.close()

    def flush(self) -> None:
        """Put metrics and captured data, which else follow within a second."""
        self._metering.flush()
        self._capture.flush()

    def _note(self, invocation: Invocation) -> None:
        self._metering.count(invocation)
        self._capture.take(invocation)

    def _settle(self) -> None:
        """Let alarms see every invocation up to now."""
        self.flush()
        self._world.clock.tick()

    def _tick(self, now: datetime) -> None:
        if not self._closed:
            self.flush()
            self._scaling.look(now)
