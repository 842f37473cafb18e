"""The record of releases: what each was made of, whether it went live, and what it left undone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ci.client import saying
from ci.requests import Model
from ci.steps import release as steps
from ci.steps.setting import Setting

Record = dict[str, Any]
BEGUN, RELEASED, FAILED = "begun", "released", "failed"


@dataclass(frozen=True)
class Lineage:
    """The releases of one endpoint; runs of the state machine write theirs themselves."""

    setting: Setting

    def released(self) -> list[Record]:
        """What was live or is, the newest first."""
        found = [one for one in self._all() if one.get("state", RELEASED) == RELEASED]
        return sorted(found, key=lambda one: one["time"], reverse=True)

    def read(self, release: str) -> Record:
        """One release; empty when nothing is known of it."""
        with saying("reading the lineage"):
            return self.setting.read_json(self._key(release)) or {}

    def begin(self, model: Model, before: str, more: Mapping[str, Any]) -> Record:
        """Before the endpoint is touched, so that whoever comes later can finish it.

        Args:
            before: the config that is live; its record says how the artifact was made.
            more: what this release adds to that.
        """
        record = {
            **self.read(before),
            "image": model.image,
            "artifact": model.artifact,
            **more,
            "release": model.name,
            "model": asdict(model),
            "before": before,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "state": BEGUN,
        }
        self._write(record)
        return record

    def end(self, record: Record, state: str) -> None:
        """Say how it ended; the alarms of former releases go when it is live."""
        self._write({**record, "state": state})
        if state == RELEASED:
            with saying("removing former alarms"):
                steps.remove_former_alarms(self.setting, Model(**record["model"]))

    def _all(self) -> list[Record]:
        s3, bucket = self.setting.client("s3"), self.setting.place.bucket
        with saying("reading the lineage"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._key())
            keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
            return [self.setting.read_json(key) for key in keys]

    def _write(self, record: Record) -> None:
        with saying("writing the lineage"):
            self.setting.write_json(self._key(record["release"]), record)

    def _key(self, release: str = "") -> str:
        name = f"{release}.json" if release else ""
        return f"lineage/{self.setting.environment.endpoint_name}/{name}"
