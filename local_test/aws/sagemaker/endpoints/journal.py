"""What an endpoint says of itself: its record, its deployment's progress, events and story."""

from collections.abc import Mapping
from typing import Any

from local_test.aws.sagemaker.endpoints.description import pending_variants, variants
from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.notices import Notices
from local_test.aws.sagemaker.endpoints.router import Router
from local_test.aws.sagemaker.endpoints.story import Story
from local_test.aws.sagemaker.store import Record, Store
from local_test.aws.world import World

REASON_LIMIT = 1024
IDLE = ("InService", "Failed", "UpdateRollbackFailed")


class Journal:
    """Keeps an endpoint's record, and tells EventBridge and the story of every change.

    Attributes:
        record: what DescribeEndpoint says, but for the fleets; changed under the store's lock.
        fleet: of the config that DescribeEndpoint names; None before there is one.
        changing: what is being done to the number of its instances, or "".
    """

    def __init__(self, world: World, store: Store, record: Record, router: Router):
        self.record = record
        self.fleet: Fleet | None = None
        self.changing = ""
        self._world = world
        self._store = store
        self._router = router
        self._story = Story(world.clock)
        self._notices = Notices(world, store)
        self._pending: tuple[Fleet, dict[str, Any], dict[str, Any]] | None = None

    @property
    def in_progress(self) -> bool:
        """Whether something is being done to the endpoint, so that nothing else can be."""
        return self.record["EndpointStatus"] not in IDLE

    def entries(self) -> list[dict[str, Any]]:
        """The story so far, the oldest first."""
        return self._story.entries()

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeEndpoint."""
        with self._store.lock:
            answer, pending = dict(self.record), self._pending
        if self.fleet is not None:
            answer["ProductionVariants"] = variants(self.fleet, self.changing)
            if capture := self.fleet.config.get("DataCaptureConfig"):
                answer["DataCaptureConfig"] = _capture_summary(capture)
        if pending is not None:
            fleet, summary, status = pending
            shown = {**summary, "ProductionVariants": pending_variants(fleet, status)}
            answer["PendingDeploymentSummary"] = shown
        return answer

    def become(self, status: str, reason: str = "", **changes: Any) -> None:
        """Take a status; any deployment is over.

        Args:
            changes: further keys of the record.
        """
        with self._store.lock:
            self._pending, self.changing = None, ""
            self.record |= {"EndpointStatus": status, "LastModifiedTime": self._world.clock.now()}
            self.record |= changes
            self.record.pop("FailureReason", None)
            if reason:
                self.record["FailureReason"] = reason[:REASON_LIMIT]
        self.tell(f"{status}: {reason}" if reason else status)
        self._notices.state_changed(self.describe())

    def report(self, fleet: Fleet, status: str, message: str) -> None:
        """A deployment's next step: a VariantStatus of the fleet that comes."""
        now = self._world.clock.now()
        with self._store.lock:
            begun = self._pending[1]["StartTime"] if self._pending else now
            summary = {"EndpointConfigName": fleet.name, "StartTime": begun}
            self._pending = (
                fleet,
                summary,
                {"Status": status, "StatusMessage": message, "StartTime": now},
            )
        self.tell(message)
        self._notices.deployment_changed(self.describe())

    def resizing(self, message: str) -> None:
        """The number of instances of the fleet in service changes."""
        self.changing = message
        self.tell(message)
        self._notices.deployment_changed(self.describe())

    def close(self, *, at_once: bool = False) -> None:
        """Tell EventBridge nothing more than what is on its way."""
        self._notices.close(at_once=at_once)

    def tell(self, happened: str) -> None:
        """Add to the story only."""
        self._story.tell(happened, self.record["EndpointStatus"], self._router.shares)


def _capture_summary(capture: Mapping[str, Any]) -> dict[str, Any]:
    enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
