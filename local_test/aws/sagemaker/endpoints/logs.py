"""What an endpoint's containers write, in CloudWatch Logs."""

import threading
import time
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from local_test.aws.sagemaker.endpoints.instance import Instance
from local_test.aws.world import World

GROUP = "/aws/sagemaker/Endpoints"
MOST_EVENTS = 10_000


class Logs:
    """The log group of one endpoint: a stream for each instance."""

    def __init__(self, world: World, region: str, endpoint: str):
        self.group = f"{GROUP}/{endpoint}"
        self._client = world.client("logs", region)
        self._lock = threading.Lock()
        self._streams: dict[str, tuple[Instance, int]] = {}

    def attach(self, variant: str, instance: Instance) -> None:
        """Follow a new instance."""
        stream = f"{variant}/{instance.name}"
        with suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_group(logGroupName=self.group)
        self._client.create_log_stream(logGroupName=self.group, logStreamName=stream)
        with self._lock:
            self._streams[stream] = (instance, 0)

    def flush(self) -> None:
        """Put what is new."""
        with self._lock, suppress(ClientError, BotoCoreError):  # a group that was deleted
            for stream, (instance, shown) in list(self._streams.items()):
                text = instance.log()
                whole = text[: text.rfind("\n") + 1] if not instance.ended else text
                self._put(stream, whole[shown:])
                self._streams[stream] = (instance, len(whole))
                if instance.ended:
                    del self._streams[stream]

    def _put(self, stream: str, text: str) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
        for begin in range(0, len(events), MOST_EVENTS):
            self._client.put_log_events(
                logGroupName=self.group,
                logStreamName=stream,
                logEvents=events[begin : begin + MOST_EVENTS],
            )
