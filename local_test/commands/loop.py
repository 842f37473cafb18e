"""The demo's second act: stacks, three runs, a rejected model, and two pushes, in a local AWS."""

import csv
import json
import os
import subprocess
import sys
import time
import tomllib
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_test.cluster import Kind
from local_test.commands.pushes import Developer
from local_test.console import Screen
from local_test.errors import BenchError
from local_test.images import PROJECT

REGION = "eu-west-1"
CLOCK_SPEED = 30
FIRST_SHARE = 6  # the first run gets every sixth row
SETTINGS = """
project = "{project}"
name = "demo"
region = "{region}"
[data]
held_out = "{held_out}"
[data.channels]
{channels}
[endpoint]
instance_count = 2
[deployment]
policy = "canary"
step_percent = 50
bake_seconds = 30
[triggers]
schedule = ""
on_upload = false
"""

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Release:
    """One run of the loop, and what became of it.

    Attributes:
        endpoint: the endpoint config that is live after the run.
    """

    data: str
    outcome: str
    endpoint: str
    seconds: float
    as_expected: bool


def tell(
    options: Namespace, screen: Screen, room: Path, engine: Kind, sample: Path
) -> list[Release]:
    """Deploy the stacks, then retrain with few data, with all data, and with wrong labels.

    An algorithm whose algorithm.toml names no [evaluation] target cannot be judged, and an
    image has no directory to look into: then there is no loop to tell.

    Args:
        sample: a directory with a folder for each channel.
    """
    declared = {}
    if not options.image:
        text = (options.algorithm / "algorithm.toml").read_text(encoding="utf-8")
        declared = tomllib.loads(text).get("evaluation", {})
    if "target" not in declared or not (PROJECT / "ci").is_dir():
        screen.say("No retraining: algorithm.toml has no [evaluation] target.")
        return []
    from local_test.aws.clock import Clock  # here: moto takes a second to import
    from local_test.aws.server import running

    place = room / "aws"
    place.mkdir()
    with running(place, engine, clock=Clock(CLOCK_SPEED)) as local:
        loop = Loop(local.world, options.algorithm, sample, declared, screen, place)
        loop.deploy()
        return [
            loop.release("a sixth of the rows", lambda rows: rows[::FIRST_SHARE], 0),
            loop.release("all rows", lambda rows: rows, 0),
            loop.release("labels mixed up", loop.mixed_up, 1),
            *loop.pushes(),
        ]


class Loop:
    """The environment "demo" in a local AWS."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        world: Any,
        algorithm: Path,
        sample: Path,
        declared: dict[str, Any],
        screen: Screen,
        place: Path,
    ):
        self._world = world
        self._algorithm = algorithm
        self._target = declared["target"]
        self._held_out = declared.get("channel", "test")
        self._channels = {path.name: path for path in sorted(sample.iterdir()) if path.is_dir()}
        self._training = max(
            (name for name in self._channels if name != self._held_out),
            key=lambda name: sum(len(self._rows(file)) for file in self._files(name)),
        )
        self._screen = screen
        self._settings = place / "demo.toml"
        self._project = algorithm.resolve().name.lower().replace("_", "-")
        self._outputs: dict[str, str] = {}
        self._developer = Developer(place, algorithm, self._ci, world.engine)

    def deploy(self) -> None:
        """Make the stacks, push the algorithm, upload what never changes."""
        self._screen.say("")
        self._screen.say("The retraining loop, in a local AWS. Stacks first:")
        channels = "\n".join(f'{name} = "data/{name}/"' for name in self._channels)
        self._settings.write_text(
            SETTINGS.format(
                project=self._project,
                region=REGION,
                held_out=self._held_out,
                channels=channels,
            ),
            encoding="utf-8",
        )
        if self._ci("deploy"):
            raise BenchError("`python -m ci deploy` failed; its message is above.")
        self._outputs = self._stack_outputs("foundation")
        self._developer.push(self._register)
        for name in self._channels:
            self._upload(name, lambda rows: rows)

    def release(self, data: str, change: Callable[[Rows], Rows], expected: int) -> Release:
        """Upload training data, run the loop, ask the endpoint.

        Args:
            change: what becomes of the sample's training rows.
            expected: the exit code that `python -m ci run` is to have.
        """
        self._screen.say("")
        self._screen.say(f"New training data: {data}")
        self._upload(self._training, change)
        began = time.monotonic()
        code = self._ci("run")
        if code not in (0, 1):
            raise BenchError("`python -m ci run` failed; its message is above.")
        self._screen.say(f"The endpoint answers {self._answer()}")
        return Release(
            data=data,
            outcome="rejected" if code else "released",
            endpoint=self._live(),
            seconds=time.monotonic() - began,
            as_expected=code == expected,
        )

    def pushes(self) -> Iterator[Release]:
        """One that only reaches serving, and one of what training and serving share."""
        yield self._pushed(self._developer.predictor(), "live, same artifact", changes=True)
        if shared := self._developer.shared():
            yield self._pushed(shared, "waits for the next run", changes=False)

    def _pushed(self, file: str, outcome: str, *, changes: bool) -> Release:
        self._screen.say("")
        self._screen.say(f"A push: {file} has a new comment")
        before, began = self._live(), time.monotonic()
        self._developer.touch(file)
        self._developer.push(self._register)
        after = self._live()
        return Release(
            data=f"git push: {file}",
            outcome=outcome,
            endpoint=after,
            seconds=time.monotonic() - began,
            as_expected=(before != after) == changes,
        )

    def _live(self) -> str:
        sagemaker = self._world.client("sagemaker", REGION)
        found = sagemaker.describe_endpoint(EndpointName=f"{self._project}-demo")
        return found["EndpointConfigName"]

    def _register(self, directory: Path, tag: str) -> str:
        from local_test.aws import images

        repository = self._outputs["RepositoryName"]
        return images.register(self._world, directory, repository, tag, REGION)

    def mixed_up(self, rows: Rows) -> Rows:
        """The rows with the truth of others."""
        half = len(rows) // 2 + 1
        truths = [row[self._target] for row in rows]
        moved = truths[half:] + truths[:half]
        return [{**row, self._target: truth} for row, truth in zip(rows, moved, strict=True)]

    def _upload(self, channel: str, change: Callable[[Rows], Rows]) -> None:
        for path in self._files(channel):
            rows = change(self._rows(path))
            copy = self._settings.with_name(f"{channel}.csv")
            with copy.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
            self._world.client("s3", REGION).upload_file(
                str(copy), self._outputs["ArtifactBucket"], f"data/{channel}/{path.name}"
            )

    def _answer(self) -> str:
        """What the endpoint says to the first held-out row."""
        row = self._rows(self._files(self._held_out)[0])[0]
        truth = row.pop(self._target)
        body = "".join(f"{','.join(line)}\n" for line in (row.keys(), row.values()))
        answer = self._world.client("sagemaker-runtime", REGION).invoke_endpoint(
            EndpointName=f"{self._project}-demo",
            ContentType="text/csv",
            Accept="application/json",
            Body=body.encode(),
        )
        said = json.loads(answer["Body"].read())["predictions"][0]
        return f"{said!r} to a held-out row of {truth!r}."

    def _files(self, channel: str) -> list[Path]:
        return sorted(self._channels[channel].glob("*.csv"))

    @staticmethod
    def _rows(path: Path) -> Rows:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def _ci(self, command: str, *more: str) -> int:
        """A command of the road to AWS, as a person would type it in the clone; its exit code."""
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self._world.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "PYTHONPATH": str(PROJECT),
        }
        if self._world.engine == "process":  # an engine that is here has no image of ours
            environment["DOCKER_HOST"] = "unix:///no-engine"
        self._screen.say(" ".join(["$ python -m ci", command, self._settings.name, *more]))
        return subprocess.run(
            [sys.executable, "-m", "ci", command, str(self._settings), *more],
            cwd=self._developer.clone,
            env=environment,
            stdout=sys.stderr if command == "release" else subprocess.DEVNULL,
            text=True,
            check=False,
        ).returncode

    def _stack_outputs(self, stack: str) -> dict[str, str]:
        found = self._world.client("cloudformation", REGION).describe_stacks(
            StackName=f"{self._project}-demo-{stack}"
        )
        return {one["OutputKey"]: one["OutputValue"] for one in found["Stacks"][0]["Outputs"]}
