"""A team on a GitLab: their repository, its pipelines, and the local AWS that these reach."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import until
from tests.ci.gitlab import Repository
from tests.ci.gitlab_pipeline import Pipeline
from tests.ci.gitlab_runner import PROJECT

FLATS = Path(__file__).parent / "flats"
ROOMS = ("framework", "local_test", "ci", "Dockerfile", ".dockerignore", ".gitlab-ci.yml")
TEMPLATE = "ci/gitlab/algorithm.yml"
HURRY = ("ci check", "ci check --only trains --only sample-replies")
OLDER_FLASK = """flask==3.1.2 \\
    --hash=sha256:ca1d8112ec8a6158cc29ea4858963350011b5c846a414cdb7a954aa9e967d03c
"""
SETTINGS = """
project = "flats"
name = "{name}"
region = "eu-west-1"
[data.channels]
train = "data/train/"
test = "data/test/"
[endpoint]
instance_count = 2
[deployment]
policy = "canary"
step_percent = 50
bake_seconds = 60
[capture]
percent = 0
[triggers]
schedule = ""
on_upload = false
on_drift = false
"""


class Team:
    """Their repository is this project, with an algorithm of theirs in container/.

    Attributes:
        question, price: what a customer asks, in CSV, and the first price in the answer.
        answer: the line of the predictor in which it begins to answer.
        other_features: a change of what trainer and predictor share, old and new text.
        breaks_a_stack: a file, and the right and the wrong text in it.
    """

    project = "flats"
    environments = "ci/environments"
    question = "area\n100\n"
    price = pytest.approx(320, abs=15)
    answer = "        slope, base = self.model\n"
    other_features = ("SCALE = 100.0", "SCALE = 10.0")
    breaks_a_stack = (
        "ci/infra/retraining.yaml",
        "Type: AWS::SQS::Queue\n",
        "Type: AWS::SQS::Qeueu\n",
    )

    def __init__(self, aws: LocalAws, place: Path, algorithm: Path = FLATS) -> None:
        files = place / "files"
        for room in ROOMS:
            source = PROJECT / room
            copy = shutil.copytree if source.is_dir() else shutil.copy
            (files / room).parent.mkdir(parents=True, exist_ok=True)
            copy(source, files / room)
        shutil.copytree(algorithm, files / "container")
        shutil.copy(PROJECT / "container/requirements.txt", files / "container")
        shutil.copy(PROJECT / ".gitignore", files)
        for name in ("staging", "production"):
            (files / self.environments / f"{name}.toml").write_text(SETTINGS.format(name=name))
        self._join(aws, Repository(place, files))

    def _join(self, aws: LocalAws, repository: Repository) -> None:
        self.world = aws.world
        self.variables = {
            "AWS_ENDPOINT_URL": aws.world.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        self.repository = repository
        self._directory = repository.developer

    @property
    def staging(self) -> str:
        """The environment file."""
        return f"{self.environments}/staging.toml"

    def bootstrap(self, environment: str) -> None:
        """What a person with all rights does once: the stacks, and the first data."""
        done = self.ci("deploy", environment)
        assert done.returncode == 0, done.stderr
        bucket = self.outputs(environment)["ArtifactBucket"]
        with tempfile.TemporaryDirectory() as place:
            sample = f"import pathlib, sample; sample.write_channels(pathlib.Path({place!r}))"
            algorithm = self._directory / "container"
            subprocess.run([sys.executable, "-c", sample], cwd=algorithm, check=True)
            for file in Path(place).rglob("*.csv"):
                key = f"data/{file.relative_to(place)}"
                self.client("s3").upload_file(str(file), bucket, key)

    def ci(self, command: str, environment: str, *more: str) -> subprocess.CompletedProcess[str]:
        """A command of a person at their machine."""
        return subprocess.run(
            [sys.executable, "-m", "ci", command, f"{self.environments}/{environment}.toml", *more],
            cwd=self._directory,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )

    def hurry(self) -> None:
        """Let later pipelines make two checks instead of all."""
        self.edit(TEMPLATE, *HURRY)

    def push(
        self, message: str, *, only: tuple[str, ...] = (), manual: tuple[str, ...] = ()
    ) -> Pipeline:
        """Commit what was edited, push it, and let its pipeline run; ``only`` these jobs."""
        sha = self.repository.pushed({}, message)
        return self.repository.pipeline(sha, variables=self.variables, jobs=only, manual=manual)

    def takes_another_flask(self) -> Pipeline:
        """An older version in the lock file, with its hash."""
        lock = "framework/requirements.txt"
        self.edit(lock, locked((self._directory / lock).read_text(), "flask"), OLDER_FLASK)
        return self.push("Another Flask")

    def changes_a_stack(self) -> str:
        """An edit that does; what the pipeline says of it."""
        self.add_line("ci/steps/judging.py", "# a comment")
        return "change StepFunction (Lambda::Function)"

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file that has it; the whole file where ``old`` is empty."""
        path = self._directory / name
        text = path.read_text() if path.exists() else ""
        assert old in text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if old else new)

    def add_line(self, name: str, line: str) -> None:
        path = self._directory / name
        self.edit(name, "", f"{path.read_text() if path.exists() else ''}\n{line}\n")

    def client(self, service: str) -> Any:
        return self.world.client(service, "eu-west-1")

    def outputs(self, environment: str, stack: str = "foundation") -> dict[str, str]:
        name = f"{self.project}-{environment}-{stack}"
        found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}

    def trains(self, environment: str = "staging") -> str:
        """A run as the schedule starts it, which must succeed; the release that it makes."""
        states = self.client("stepfunctions")
        arn = states.start_execution(
            stateMachineArn=self.outputs(environment, "retraining")["StateMachineArn"], input="{}"
        )["executionArn"]
        until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
        ended = states.describe_execution(executionArn=arn)
        assert ended["status"] == "SUCCEEDED", f"{ended.get('error')}: {ended.get('cause')}"
        return json.loads(ended["output"])["model"]

    def pointer(self, environment: str = "staging") -> str:
        name = self.outputs(environment, "retraining")["PointerParameter"]
        return self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    def live(self, environment: str = "staging") -> dict[str, str]:
        """Config, image and artifact of the endpoint, which must be in service."""
        sagemaker = self.client("sagemaker")
        found = sagemaker.describe_endpoint(EndpointName=f"{self.project}-{environment}")
        assert found["EndpointStatus"] == "InService"
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        variant = config["ProductionVariants"][0]
        container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
        return {
            "config": found["EndpointConfigName"],
            "image": container["Image"],
            "artifact": container["ModelDataUrl"],
            "instances": variant["InitialInstanceCount"],
        }

    def plan(self) -> dict[str, Any]:
        """What the commit means for staging."""
        return json.loads(self.ci("plan", "staging", "--json").stdout)

    def jobs(self) -> list[str]:
        """The training jobs there have been."""
        listed = self.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return [one["TrainingJobName"] for one in listed]

    def images(self, environment: str = "staging") -> set[str]:
        """The digests in the registry."""
        listed = self.client("ecr").list_images(repositoryName=f"{self.project}-{environment}")[
            "imageIds"
        ]
        return {one["imageDigest"] for one in listed}

    def materials(self) -> set[str]:
        """What the bill of materials of the image at the pointer names."""
        key = f"images/{self.pointer().rpartition(':')[2]}.cdx.json"
        bucket = self.outputs("staging")["ArtifactBucket"]
        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return {one["name"] for one in json.loads(body)["components"]}

    def tags(self, environment: str = "staging") -> set[str]:
        """The tags in the registry."""
        listed = self.client("ecr").list_images(repositoryName=f"{self.project}-{environment}")[
            "imageIds"
        ]
        return {one["imageTag"] for one in listed if "imageTag" in one}

    def ask(self, environment: str = "staging") -> Any:
        """What the endpoint answers."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=f"{self.project}-{environment}",
            ContentType="text/csv",
            Accept="application/json",
            Body=self.question.encode(),
        )
        return json.loads(answer["Body"].read())

    @contextmanager
    def customer(self, environment: str = "staging") -> Iterator[list[Any]]:
        """Somebody who asks all the time; yields the errors that they have seen."""
        errors: list[Any] = []
        gone = threading.Event()

        def ask_on() -> None:
            while not gone.wait(0.02):
                try:
                    self.ask(environment)
                except Exception as error:
                    errors.append(error)

        thread = threading.Thread(target=ask_on)
        thread.start()
        try:
            yield errors
        finally:
            gone.set()
            thread.join()


def locked(requirements: str, package: str) -> str:
    """The lines of a package in a lock file."""
    found = re.search(rf"^{package}==.*\n(?: .*\n)+", requirements, re.MULTILINE)
    assert found
    return found[0]
