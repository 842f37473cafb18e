"""The shop: stacks, data, image, and clients of its endpoint, in a local AWS."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from local_test.aws import images
from local_test.aws.server import LocalAws

PROJECT = Path(__file__).parents[2]
SHOP = Path(__file__).parent / "shop"
SETTINGS = """
project = "{project}"
name = "test"
region = "{region}"
[data.channels]
train = "data/train/"
test = "data/test/"
[training]
max_runtime_seconds = 60
[endpoint]
instance_count = 2
[deployment]
policy = "canary"
step_percent = 50
bake_seconds = 30
[triggers]
schedule = ""
on_upload = false
on_drift = false
"""
BEGUN = ("Creating", "Updating")
WAIT_SECONDS = 120


def until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """The condition's value, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)
    return value


class Shop:
    """One deployment of the stacks."""

    def __init__(
        self, aws: LocalAws, place: Path, project: str = "shop", region: str = "eu-west-1"
    ):
        self.world, self.region = aws.world, region
        self.endpoint = f"{project}-test"
        self.settings = place / f"{project}.toml"
        self._project = project
        self.write()

    def configure(self, *changes: tuple[str, str]) -> None:
        """Deploy the environment file with some lines changed."""
        self.write(*changes)
        done = self.ci("deploy")
        assert done.returncode == 0, done.stderr

    def write(self, *changes: tuple[str, str]) -> None:
        """Write the environment file with some lines changed."""
        text = SETTINGS.format(project=self._project, region=self.region)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.settings.write_text(text)

    def restore(self) -> None:
        """The environment file and the data as they are when nobody has changed anything."""
        if self.settings.read_text() != SETTINGS.format(project=self._project, region=self.region):
            self.configure()
        self.world.without_capacity.clear()
        self.upload("train", 4000, seed=3)
        self.upload("test", 60, seed=2)

    def client(self, service: str) -> Any:
        return self.world.client(service, self.region)

    def ci(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command as a person types it; the environment file comes after its name."""
        command, *more = arguments
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.world.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        return subprocess.run(
            [sys.executable, "-m", "ci", command, str(self.settings), *more],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )

    def deploy(self, image: Path | images.Environment = SHOP) -> None:
        """Stacks, image and data, ready for a first run."""
        done = self.ci("deploy")
        assert done.returncode == 0, done.stderr
        self.point(image, "v1")
        self.upload("train", 40, seed=1)
        self.upload("test", 60, seed=2)

    def point(self, source: Path | images.Environment, tag: str) -> str:
        """Register an image and point at it, as CI does."""
        repository = self.outputs("foundation")["RepositoryName"]
        image = images.register(self.world, source, repository, tag, self.region)
        directory = source if isinstance(source, Path) else source.directory
        description = self.settings.with_name("description.json")
        description.write_bytes(
            subprocess.run(
                [sys.executable, "-m", "framework", "describe"],
                env={**os.environ, "ALGORITHM_DIR": str(directory)},
                cwd=PROJECT,
                check=True,
                capture_output=True,
            ).stdout
        )
        pointed = self.ci("point", image, "--description", str(description))
        assert pointed.returncode == 0, pointed.stderr
        return image

    def outputs(self, stack: str) -> dict[str, str]:
        name = f"{self.endpoint}-{stack}"
        found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}

    @property
    def bucket(self) -> str:
        return self.outputs("foundation")["ArtifactBucket"]

    def upload(
        self, channel: str, rows: int, seed: int, header: str = "area,price", base: float = 20
    ) -> None:
        """Flats whose price is 3 times the area, and 20, more or less."""
        dice = np.random.default_rng(seed)
        area = dice.normal(100, 20, rows)
        price = 3 * area + base + dice.normal(0, 10, rows)
        lines = [f"{a:.3f},{p:.3f}" for a, p in zip(area, price, strict=True)]
        self.client("s3").put_object(
            Bucket=self.bucket,
            Key=f"data/{channel}/flats.csv",
            Body="\n".join([header, *lines, ""]).encode(),
        )

    def live(self) -> str:
        """The name of the endpoint's config."""
        found = self.client("sagemaker").describe_endpoint(EndpointName=self.endpoint)
        assert found["EndpointStatus"] == "InService"
        return found["EndpointConfigName"]

    def ask(self, area: float = 100.0) -> float:
        return self.ask_all([area])[0]

    def ask_all(self, areas: Iterable[float]) -> list[float]:
        """The prices of some flats, in one request."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint,
            ContentType="text/csv",
            Accept="application/json",
            Body="\n".join(["area", *map(str, areas), ""]).encode(),
        )
        return json.loads(answer["Body"].read())["predictions"]

    def instances(self) -> int:
        """How many the endpoint has."""
        found = self.client("sagemaker").describe_endpoint(EndpointName=self.endpoint)
        return found["ProductionVariants"][0]["CurrentInstanceCount"]

    def resources(self) -> dict[str, Any]:
        """What an update of the stacks could break: code, definition, rules."""
        outputs = self.outputs("retraining")
        function = self.client("lambda").get_function(FunctionName=outputs["StepFunctionArn"])
        machine = self.client("stepfunctions").describe_state_machine(
            stateMachineArn=outputs["StateMachineArn"]
        )
        return {
            "code": function["Configuration"]["CodeSha256"],
            "definition": machine["definition"],
            "rules": self.client("events").list_rules()["Rules"],
        }

    def story(self) -> list[dict[str, Any]]:
        """What has happened to the endpoint since the newest update began."""
        story = self.world.endpoint_story(self.region, self.endpoint)
        changing = [told["status"] in ("Creating", "Updating") for told in story]
        begun = [
            now and not before for before, now in zip([False, *changing], changing, strict=False)
        ]
        return story[len(begun) - 1 - begun[::-1].index(True) :]

    def told(self, words: str) -> bool:
        """Whether the story of the newest update has come so far."""
        return any(words in told["happened"] for told in self.story())

    def executions(self, machine: str = "retraining") -> list[dict[str, Any]]:
        """The newest first."""
        arn = self.outputs(machine)["StateMachineArn"]
        return self.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]

    def start(self, name: str = "", **given: Any) -> str:
        """Start a run and do not wait; its ARN."""
        return self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs("retraining")["StateMachineArn"],
            input=json.dumps(given),
            **({"name": name} if name else {}),
        )["executionArn"]

    def ended(self, execution: str) -> dict[str, Any]:
        """The run, when it has ended."""
        states = self.client("stepfunctions")
        until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
        return states.describe_execution(executionArn=execution)

    def entered(self, execution: str) -> list[str]:
        """The states of a run so far."""
        history = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in history.paginate(executionArn=execution)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def succeeds(self, name: str = "", **given: Any) -> dict[str, Any]:
        """A run that must succeed, when it has ended."""
        ended = self.ended(self.start(name, **given))
        assert ended["status"] == "SUCCEEDED", f"{ended.get('error')}: {ended.get('cause')}"
        return ended

    @contextmanager
    def customer(self) -> Iterator[list[Exception]]:
        """Somebody who asks all the time; yields the errors that they have seen."""
        errors: list[Exception] = []
        gone = threading.Event()

        def ask_on() -> None:
            while not gone.is_set():
                try:
                    self.ask()
                except Exception as error:
                    errors.append(error)

        thread = threading.Thread(target=ask_on)
        thread.start()
        try:
            yield errors
        finally:
            gone.set()
            thread.join()
