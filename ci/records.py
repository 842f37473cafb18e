"""The record of deployments in the artifact bucket: what each stack was made of, by which commit.

A record is written when it says something new, so that the commit in it is the one that made
the stack what it is, and not the newest one that changed nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ci.client import client, saying
from ci.errors import CiError
from ci.order import Position, moment
from ci.repository import Repository

Record = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """Those of one environment."""

    region: str
    bucket: str

    def of(self, stack: str) -> list[Record]:
        """Every deployment of a stack, the newest first."""
        with saying(f"reading the record of {stack}"):
            found = [self._read(key) for key in self._keys(stack)]
        return sorted(found, key=lambda one: one["time"], reverse=True)

    def keep(self, stack: str, made_of: Record, known: Record | None = None) -> None:
        """Write it down, unless it is the newest already.

        Args:
            made_of: ``template`` and ``parameters``.
            known: the record of an earlier deployment that was returned to; its commit is kept.
        """
        identity = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
        key = f"stacks/{stack}/{identity}.json"
        if [one["hash"] for one in self.of(stack)[:1]] == [identity]:
            return
        made = {**self._origin(), **_commit_of(known)}
        body = json.dumps({**made_of, **made, "hash": identity}, indent=1).encode()
        with saying(f"keeping the record of {stack}"):
            client("s3", self.region).put_object(Bucket=self.bucket, Key=key, Body=body)

    def _origin(self) -> dict[str, str]:
        with saying("asking who this is"):
            who = client("sts", self.region).get_caller_identity()["Arn"]
        return {**_position(), "time": moment(), "by": who}

    def _keys(self, stack: str) -> Iterator[str]:
        pages = client("s3", self.region).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=f"stacks/{stack}/"):
            yield from (one["Key"] for one in page.get("Contents", []))

    def _read(self, key: str) -> Record:
        found = client("s3", self.region).get_object(Bucket=self.bucket, Key=key)
        return json.loads(found["Body"].read())


def _position() -> dict[str, str]:
    """The commit of the current directory; "-changed" when files differ from it."""
    try:
        repository = Repository.here()
        commit = repository.commit()
        mark = "-changed" if repository.changed() else ""
    except CiError:
        return {}
    return Position.of_job(commit + mark).tags()


def _commit_of(record: Mapping[str, Any] | None) -> dict[str, str]:
    known = record or {}
    return {name: known[name] for name in ("commit", "pipeline") if name in known}
