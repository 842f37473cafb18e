"""A stage for faults: a shop with two releases; one is live, and a command leads to the other.

The next case leads back; what the last one has left of the other release is removed before.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local_test.aws.server import LocalAws
from tests.ci.developer import Developer
from tests.ci.environment_of_shop import until
from tests.ci.wire import Call, Fault, Wire

Command = Literal["release", "rollback"]
COMMANDS: tuple[Command, ...] = ("release", "rollback")
AT_ONCE = (
    ("instance_count = 2", "instance_count = 1"),
    ('policy = "canary"', 'policy = "all-at-once"'),
    ("bake_seconds = 30", "bake_seconds = 0"),
)
SENTENCE = re.compile(r"^\w+: While .+(again\.|says what it may\.)$")
NOT_REACHED = "not reached"
PREDICTOR = "container/predictor.py"


@dataclass(frozen=True)
class Version:
    """One of the two: its image, the predictor in it, its endpoint config and its record."""

    image: str
    predictor: str
    config: str
    record: dict[str, Any]


class Stage(Developer):
    """The shop.

    Attributes:
        live: what the endpoint runs before a case.
        other: what it is to run after it.
    """

    live: Version
    other: Version

    def __init__(self, aws: LocalAws, place: Path, wire: Wire, project: str = "stage"):
        super().__init__(aws, place, project)
        self.wire = wire

    def set_up(self) -> None:
        """A first model, and the two releases with it."""
        self.write(*AT_ONCE)
        self.does("deploy")
        self.upload("train", 40, seed=1)
        self.upload("test", 60, seed=2)
        self.push()
        self.succeeds()
        self._first, self._price = self.settled(), self.ask()
        self.other, self.live = self._released("# one"), self._released("# two")
        self._times = self.other.record["time"], self.live.record["time"]

    def _released(self, line: str) -> Version:
        self.add_line(PREDICTOR, line)
        self.commit()
        image = self.push_image()
        config = self.settled()
        text = (self.clone / PREDICTOR).read_text()
        return Version(image, text, config, self.records()[f"{config}.json"])

    def push_image(self) -> str:
        image = self.publish()
        self.does("release", "--image", image)
        return image

    def settled(self) -> str:
        """The endpoint's config, when nothing changes it any more."""
        sagemaker = self.client("sagemaker")

        def config() -> str:
            found = sagemaker.describe_endpoint(EndpointName=self.endpoint)
            return found["EndpointConfigName"] if found["EndpointStatus"] == "InService" else ""

        return until(config)

    def calls_of(self, command: Command) -> list[Call]:
        """What the command calls when nothing goes wrong, in order."""
        self.prepare(command)
        done = self.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.unintended(command) == []
        return list(self.wire.calls)

    def faults_of(self, command: Command, call: Call, fault: Fault) -> list[str]:
        """What goes wrong beside what is broken; the command is run again, and nothing remains."""
        self.prepare(command)
        done = self.run(command, call, fault)
        if not self.wire.broken:
            return [NOT_REACHED]
        wrong = self._unclear(command, done, fault) + self._does_not_answer()
        if command == "release":
            wrong += self._pointed_too_early()
        again = self.run(command)
        if again.returncode:
            wrong.append(f"the same command again: {again.stderr.strip().splitlines()[-1]}")
        return wrong + self.unintended(command)

    def run(
        self, command: Command, call: Call | None = None, fault: Fault | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command by the wire, one of its calls broken."""
        self.wire.plan(call, fault)
        more = ["--image", self.other.image] if command == "release" else []
        process = self.starts(command, *more, AWS_ENDPOINT_URL=self.wire.url)
        self.wire.process = process
        said, told = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, said, told)

    def prepare(self, command: Command) -> None:
        """As it is before the command: what is live is the newest release, and nothing is wrong."""
        if self.settled() == self.other.config:
            self.live, self.other = self.other, self.live
        assert self.settled() == self.live.config
        older, newer = self._times
        self._forget()
        self._put_record(self.live, newer)
        self._put_pointer(self.live.image)
        if command == "rollback":
            self._put_record(self.other, older)
            return
        sagemaker = self.client("sagemaker")
        for kind, known in self._made().items():
            if self.other.config in known:
                delete = getattr(sagemaker, f"delete_{kind}")
                delete(**{f"{kind.title().replace('_', '')}Name": self.other.config})
        self.commit({PREDICTOR: self.other.predictor}, "The other one")

    def unintended(self, command: Command) -> list[str]:
        """What is not as it must be after the command."""
        rolled_back = command == "rollback"
        three = {self._first, self.live.config, self.other.config}
        records = {f"{name}.json": "released" for name in three}
        if rolled_back:
            records[f"{self.other.config}.rollback.json"] = "released"
        rejected = {self.live.image.rpartition("@")[2], self.live.config} if rolled_back else set()
        pairs = {
            "config": (self.settled(), self.other.config),
            "pointer": (self.pointer(), self.other.image),
            "records": (
                {name: one.get("state", "released") for name, one in self.records().items()},
                records,
            ),
            "made": (self._made(), {"model": three, "endpoint_config": three}),
            "alarms": (self._alarms(), {f"{self.other.config}-errors"}),
            "rejected": (self._rejected(), rejected),
            "lock": (self._queue(), []),
        }
        wrong = [
            f"{name}: {is_} and not {must}" for name, (is_, must) in pairs.items() if is_ != must
        ]
        return wrong + self._does_not_answer()

    def _pointed_too_early(self) -> list[str]:
        live = self.client("sagemaker").describe_endpoint(EndpointName=self.endpoint)
        early = live["EndpointConfigName"] != self.other.config
        return (
            ["the pointer moves too early"] if early and self.pointer() != self.live.image else []
        )

    def _does_not_answer(self) -> list[str]:
        try:
            said = self.ask()
        except Exception as error:
            return [f"the endpoint does not answer: {error}"]
        return [] if said == self._price else [f"the endpoint answers {said}"]

    def _unclear(
        self, command: Command, done: subprocess.CompletedProcess[str], fault: Fault
    ) -> list[str]:
        if fault.kills:
            return []
        if done.returncode == 0:
            return self.unintended(command)
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        clear = done.returncode == 1 and SENTENCE.match(last) and "Traceback" not in done.stderr
        if fault.once:
            return [f"it was not tried again: {last}"]
        return [] if clear else [f"exit code {done.returncode}, and it says: {last}"]

    def records(self) -> dict[str, Any]:
        """What the lineage says: file → record."""
        s3, prefix = self.client("s3"), f"lineage/{self.endpoint}/"
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {
            one["Key"].removeprefix(prefix): json.loads(
                s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()
            )
            for one in listed
        }

    def _made(self) -> dict[str, set[str]]:
        sagemaker, like = self.client("sagemaker"), {"NameContains": f"{self.endpoint}-"}
        configs = sagemaker.list_endpoint_configs(**like)["EndpointConfigs"]
        return {
            "model": {one["ModelName"] for one in sagemaker.list_models(**like)["Models"]},
            "endpoint_config": {one["EndpointConfigName"] for one in configs},
        }

    def _alarms(self) -> set[str]:
        found = self.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{self.endpoint}-")
        return {
            one["AlarmName"]
            for one in found["MetricAlarms"]
            if any(part["Name"] == "EndpointConfigName" for part in one["Dimensions"])
        }

    def _rejected(self) -> set[str]:
        return {name.partition("/")[2] for name in self._items() if name.startswith("rejected/")}

    def _queue(self) -> list[Any]:
        """Who has the lock or waits for it; nobody waits for the lease of a dead process."""
        item = self._items().get(f"lock/{self.endpoint}")
        queue = json.loads(item["queue"]["S"]) if item else []
        return [one for one in queue if _runs(int(one["holder"].split(":")[1].split()[0]))]

    def _items(self) -> dict[str, Any]:
        found = self.client("dynamodb").scan(TableName=self._table)["Items"]
        return {one["name"]["S"]: one for one in found}

    @property
    def _table(self) -> str:
        return self.outputs("retraining")["LockTable"]

    def _forget(self) -> None:
        """The other one's record and alarms, rollbacks, and what was rejected."""
        kept = (f"{self._first}.json", f"{self.live.config}.json")
        for name in self.records().keys() - kept:
            key = f"lineage/{self.endpoint}/{name}"
            self.client("s3").delete_object(Bucket=self.bucket, Key=key)
        for name in self._rejected():
            key = {"name": {"S": f"rejected/{name}"}}
            self.client("dynamodb").delete_item(TableName=self._table, Key=key)
        if former := self._alarms() - {f"{self.live.config}-errors"}:
            self.client("cloudwatch").delete_alarms(AlarmNames=sorted(former))

    def _put_record(self, version: Version, time: str) -> None:
        self.client("s3").put_object(
            Bucket=self.bucket,
            Key=f"lineage/{self.endpoint}/{version.config}.json",
            Body=json.dumps({**version.record, "time": time}).encode(),
        )

    def _put_pointer(self, image: str) -> None:
        item = {
            "name": f"pointer/{self.endpoint}",
            "uri": image,
            "former": image,
            "commit": self.git("rev-parse", "HEAD"),
        }
        self.client("dynamodb").put_item(
            TableName=self._table, Item={name: {"S": value} for name, value in item.items()}
        )
        name = self.outputs("retraining")["PointerParameter"]
        self.client("ssm").put_parameter(Name=name, Value=image, Overwrite=True)


def _runs(process: int) -> bool:
    return Path(f"/proc/{process}").exists()
