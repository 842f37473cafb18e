"""Which of two commits is the newer decision, so that a pipeline that ends late undoes nothing."""

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ci.repository import Repository


@dataclass(frozen=True)
class Position:
    """A commit's place in the order of pipelines.

    Attributes:
        pipeline: GitLab's number of the pipeline, which counts up; None outside of GitLab.
    """

    commit: str
    pipeline: int | None = None

    @classmethod
    def of_job(cls, commit: str) -> "Position":
        """Of this job: CI_PIPELINE_IID is GitLab's."""
        number = os.environ.get("CI_PIPELINE_IID", "")
        return cls(commit, int(number) if number.isdigit() else None)

    @classmethod
    def of_tags(cls, tags: dict[str, str]) -> "Position | None":
        """From what ``tags`` made; None when it is not there."""
        if not tags.get("commit"):
            return None
        number = tags.get("pipeline", "")
        return cls(tags["commit"], int(number) if number.isdigit() else None)

    def tags(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, "")}

    def is_older_than(self, other: "Position | None", repository: Repository) -> bool:
        """Whether ``other`` was decided later: by pipeline, else by ancestry, else not."""
        if other is None or other.commit == self.commit:
            return False
        if self.pipeline is not None and other.pipeline is not None:
            return self.pipeline < other.pipeline
        return repository.descends(other.commit, self.commit) is True


def moment() -> str:
    """Now, as records say it, so that their times sort as texts."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def described(position: Position) -> str:
    """For messages."""
    number = f" of pipeline {position.pipeline}" if position.pipeline is not None else ""
    return f"commit {position.commit[:8]}{number}"


def as_item(position: Position) -> dict[str, Any]:
    """As DynamoDB keeps it."""
    return {name: {"S": value} for name, value in position.tags().items()}
