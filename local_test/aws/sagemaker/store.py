"""What exists in one account and region: records by kind and name, and tags by ARN."""

import threading
from typing import Any

from local_test.aws.sagemaker.errors import Refused
from local_test.aws.world import ACCOUNT

Record = dict[str, Any]


class Store:
    """The records of one region.

    A record is what the Describe call returns, so its keys are AWS'. Change it under ``lock``.
    """

    def __init__(self, region: str):
        self.region = region
        self.lock = threading.RLock()
        self._records: dict[str, dict[str, Record]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def arn(self, kind: str, name: str) -> str:
        """The ARN of, for example, a "training-job"."""
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{kind}/{name}"

    def add(self, kind: str, name: str, record: Record, tags: list[dict[str, str]]) -> str:
        """Keep a new record and return its ARN.

        Raises:
            Refused: there is one with that name (ValidationException for models, endpoint
                configs and endpoints; ResourceInUse for jobs), as SageMaker says it.
        """
        with self.lock:
            records = self._records.setdefault(kind, {})
            arn = self.arn(kind, name)
            if name in records:
                if kind.endswith("-job"):
                    raise Refused(
                        "ResourceInUse",
                        f"Job name must be unique within an AWS account and region, and a "
                        f"{kind.replace('-', ' ')} with this name already exists ({arn})",
                    )
                raise Refused(
                    "ValidationException", f'Cannot create already existing {_words(kind)} "{arn}".'
                )
            records[name] = record
            self._tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
            return arn

    def get(self, kind: str, name: str) -> Record:
        """The record itself, not a copy.

        Raises:
            Refused: there is none: ResourceNotFound for jobs, else ValidationException.
        """
        with self.lock:
            record = self._records.get(kind, {}).get(name)
        if record is None:
            if kind.endswith("-job"):
                raise Refused("ResourceNotFound", f"Requested resource not found: {name}.")
            raise Refused(
                "ValidationException", f'Could not find {_words(kind)} "{self.arn(kind, name)}".'
            )
        return record

    def all(self, kind: str) -> list[Record]:
        """Every record of a kind, the oldest first."""
        with self.lock:
            return list(self._records.get(kind, {}).values())

    def remove(self, kind: str, name: str) -> None:
        """Forget a record and its tags. Raises Refused as ``get`` does."""
        with self.lock:
            self.get(kind, name)
            del self._records[kind][name]
            self._tags.pop(self.arn(kind, name), None)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource; change the returned mapping to change them."""
        with self.lock:
            return self._tags.setdefault(arn, {})


def _words(kind: str) -> str:
    """A kind as SageMaker's messages spell it."""
    return "endpoint configuration" if kind == "endpoint-config" else kind


class Stores:
    """The stores of all regions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stores: dict[str, Store] = {}

    def of(self, region: str) -> Store:
        """The store of a region; made at first use."""
        with self._lock:
            return self._stores.setdefault(region, Store(region))
