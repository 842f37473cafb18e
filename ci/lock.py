"""One release at a time on one endpoint: a queue in one DynamoDB item, changed by condition.

The first in the queue holds the lock. Everyone has a lease, renewed whenever they ask, so
that whoever disappears is passed over; an execution that has ended is passed over at once.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ci.client import ClientError, code_of
from ci.errors import CiError

TRIES = 20
Entry = dict[str, Any]


class Contended(CiError):
    """The item changed under every try; ask again."""


@dataclass(frozen=True)
class Lock:
    """The lock of one endpoint.

    Attributes:
        dynamodb: a client.
        table: has the key ``name`` (text).
        alive: whether a holder is still there; the lease decides for those it cannot judge.
        clock: seconds since the epoch.
    """

    dynamodb: Any
    table: str
    endpoint: str
    alive: Callable[[str], bool]
    clock: Callable[[], float] = time.time

    def acquire(self, holder: str, lease: float) -> tuple[bool, str]:
        """Queue up, or renew; whether the lock is held now, and by whom.

        Args:
            lease: seconds for which this holds without asking again.

        Raises:
            Contended: too many others changed the queue at the same time.
        """

        def queued(queue: list[Entry]) -> list[Entry]:
            now = self.clock()
            there = [
                one
                for one in queue
                if one["holder"] == holder or (one["until"] > now and self.alive(one["holder"]))
            ]
            mine = {"holder": holder, "until": now + lease}
            if any(one["holder"] == holder for one in there):
                return [mine if one["holder"] == holder else one for one in there]
            return [*there, mine]

        queue = self._change(queued)
        return queue[0]["holder"] == holder, queue[0]["holder"]

    def release(self, holder: str) -> None:
        """Leave the queue; harmless when not in it."""
        self._change(lambda queue: [one for one in queue if one["holder"] != holder])

    def queue(self) -> list[str]:
        """Who holds the lock, and who waits for it."""
        return [one["holder"] for one in self._read()[0]]

    def _change(self, change: Callable[[list[Entry]], list[Entry]]) -> list[Entry]:
        for _ in range(TRIES):
            queue, version = self._read()
            changed = change(queue)
            if self._written(changed, version):
                return changed
        raise Contended(
            f"The lock of {self.endpoint} changed {TRIES} times while being asked. Try again."
        )

    def _read(self) -> tuple[list[Entry], int]:
        found = self.dynamodb.get_item(
            TableName=self.table, Key={"name": {"S": self._name}}, ConsistentRead=True
        ).get("Item")
        if not found:
            return [], 0
        return json.loads(found["queue"]["S"]), int(found["version"]["N"])

    def _written(self, queue: list[Entry], version: int) -> bool:
        item = {
            "name": {"S": self._name},
            "queue": {"S": json.dumps(queue)},
            "version": {"N": str(version + 1)},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(version)"}
        if version:
            condition = {
                "ConditionExpression": "version = :known",
                "ExpressionAttributeValues": {":known": {"N": str(version)}},
            }
        try:
            self.dynamodb.put_item(TableName=self.table, Item=item, **condition)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    @property
    def _name(self) -> str:
        return f"lock/{self.endpoint}"
