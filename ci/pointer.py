"""The training pointer: the image that the next run uses, and whose decision it was.

It moves forward only, and never to an image that was rejected. Call it under the endpoint's lock.
"""

from dataclasses import dataclass

from ci.client import saying
from ci.order import Position, as_item, described
from ci.repository import Repository
from ci.steps.begin import NOTHING
from ci.steps.setting import Setting


@dataclass(frozen=True)
class Pointer:
    """The pointer of one environment."""

    setting: Setting

    def read(self) -> str:
        """The URI there; empty when there is none."""
        with saying("reading the training pointer"):
            found = self.setting.client("ssm").get_parameter(Name=self.setting.pointer)
        value = found["Parameter"]["Value"]
        return "" if value in NOTHING else value

    def decided_by(self) -> Position | None:
        """Who put the URI there; None when it was put there by hand."""
        with saying("reading the training pointer"):
            found = self.setting.client("dynamodb").get_item(
                TableName=self.setting.table, Key=self._key, ConsistentRead=True
            )
        item = {name: value["S"] for name, value in found.get("Item", {}).items() if "S" in value}
        known = item.get("uri"), item.get("former")
        return Position.of_tags(item) if self.read() in known else None

    def move(self, uri: str, position: Position, repository: Repository) -> str:
        """Move it forward; what happened, as a sentence."""
        newer = self.decided_by()
        if newer and position.is_older_than(newer, repository):
            return (
                f"The training pointer stays: it is at {described(newer)}, which is newer than "
                f"{described(position)}."
            )
        if self.setting.rejected(uri):
            return "The training pointer stays: this image was rejected by an earlier release."
        if self.read() == uri and newer == position:
            return "The training pointer is there already."
        self.put(uri, position)
        return f"The next run trains with {uri}."

    def put(self, uri: str, position: Position) -> None:
        """Put it there, wherever it is; the decision counts from before the pointer has moved."""
        item = {"uri": {"S": uri}, "former": {"S": self.read()}, **as_item(position)}
        with saying("moving the training pointer"):
            self.setting.client("dynamodb").put_item(
                TableName=self.setting.table, Item={**self._key, **item}
            )
            self.setting.client("ssm").put_parameter(
                Name=self.setting.pointer, Value=uri or NOTHING[1], Type="String", Overwrite=True
            )

    @property
    def _key(self) -> dict[str, dict[str, str]]:
        return {"name": {"S": f"pointer/{self.setting.environment.endpoint_name}"}}
