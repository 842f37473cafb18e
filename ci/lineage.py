"""The record of releases: what each was made of, whether it went live, and what it left undone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ci.client import saying
from ci.order import moment
from ci.requests import Model
from ci.steps import release as steps
from ci.steps.setting import Setting

Record = dict[str, Any]
BEGUN, RELEASED, FAILED = "begun", "released", "failed"
RELEASE, ROLLBACK = "release", "rollback"


@dataclass(frozen=True)
class Lineage:
    """The releases of one endpoint; runs of the state machine write theirs themselves.

    A rollback has a record of its own beside that of the release it returns to.
    """

    setting: Setting

    def released(self, live: str = "") -> list[Record]:
        """What was live or is, the newest first.

        Args:
            live: a config that is live, though its release may not have been brought to its end.
        """
        found = [
            one
            for one in self._all()
            if one.get("state", RELEASED) == RELEASED
            or (one["state"] == BEGUN and one["release"] == live)
        ]
        return sorted(found, key=lambda one: one["time"], reverse=True)

    def read(self, release: str) -> Record:
        """One release; empty when nothing is known of it."""
        return self._read(release) or self._read(release, ROLLBACK)

    def unfinished(self, live: str) -> Record | None:
        """The release or rollback whose end nobody has written down."""
        for kind in (RELEASE, ROLLBACK):
            if (found := self._read(live, kind)).get("state") == BEGUN:
                return found
        return None

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
            "time": moment(),
            "state": BEGUN,
        }
        self._write(record)
        return record

    def end(self, record: Record, state: str) -> None:
        """Say how it ended; the alarms of former releases go when it is live."""
        if state == RELEASED:
            with saying("removing former alarms"):
                steps.remove_former_alarms(self.setting, Model(**record["model"]))
        self._write({**record, "state": state})

    def _all(self) -> list[Record]:
        s3, bucket = self.setting.client("s3"), self.setting.place.bucket
        with saying("reading the lineage"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._key())
            keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
        return [self.setting.read_json(key) for key in keys]

    def _read(self, release: str, kind: str = RELEASE) -> Record:
        return self.setting.read_json(self._key(release, kind)) or {}

    def _write(self, record: Record) -> None:
        self.setting.write_json(self._key(record["release"], record["kind"]), record)

    def _key(self, release: str = "", kind: str = RELEASE) -> str:
        mark = f".{ROLLBACK}" if kind == ROLLBACK else ""
        name = f"{release}{mark}.json" if release else ""
        return f"lineage/{self.setting.environment.endpoint_name}/{name}"
