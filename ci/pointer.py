"""The training pointer: the image that the next run uses, and whose decision it was.

It moves forward only, and never to an image that was rejected. Move it under the endpoint's lock.
"""

from dataclasses import dataclass
from typing import Any

from ci.client import ClientError, code_of, saying
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

    def confirm(self, position: Position, repository: Repository) -> None:
        """Let what is there count as this newer decision, too; no lock, because nothing moves."""
        newest, uri = self.decided_by(), self.read()
        if newest in (None, position) or position.is_older_than(newest, repository):
            return
        unmoved = {
            "ConditionExpression": "#uri = :uri",
            "ExpressionAttributeNames": {"#uri": "uri"},
            "ExpressionAttributeValues": {":uri": {"S": uri}},
        }
        with saying("confirming the training pointer"):
            try:
                self._decide(uri, uri, position, **unmoved)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise

    def put(self, uri: str, position: Position) -> None:
        """Put it there, wherever it is; the decision counts from before the pointer has moved."""
        former = self.read()
        with saying("moving the training pointer"):
            self._decide(uri, former, position)
            self.setting.client("ssm").put_parameter(
                Name=self.setting.pointer, Value=uri or NOTHING[1], Type="String", Overwrite=True
            )

    def _decide(self, uri: str, former: str, position: Position, **condition: Any) -> None:
        item = {**self._key, "uri": {"S": uri}, "former": {"S": former}, **as_item(position)}
        self.setting.client("dynamodb").put_item(
            TableName=self.setting.table, Item=item, **condition
        )

    @property
    def _key(self) -> dict[str, dict[str, str]]:
        return {"name": {"S": f"pointer/{self.setting.environment.endpoint_name}"}}
