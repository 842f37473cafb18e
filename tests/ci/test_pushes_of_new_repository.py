"""Pushes of a repository that `ci new` made: the real pipeline, engine and registry, in order."""

import base64
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.images import Image

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running
from tests.ci.gitlab import Repository
from tests.ci.gitlab_pipeline import Pipeline
from tests.ci.gitlab_runner import PROJECT
from tests.ci.team import Team
from tests.ci.test_new_repository import SERVING, framework, new

pytestmark = [
    pytest.mark.docker,
    pytest.mark.gitlab,
    pytest.mark.usefixtures("gitlab_ci_local"),
    pytest.mark.timeout(600),
]
INSTALLED = ("framework", "ci", "local_test", "Dockerfile", ".dockerignore")
BASES = "framework-base"  # a repository whose tags move, as GitLab's do


class Houses(Team):
    """A team whose repository holds no framework: its jobs have it installed."""

    project = "houses"
    environments = "environments"

    def __init__(
        self, aws: LocalAws, place: Path, engine: docker.DockerClient, installed: Path
    ) -> None:
        self._engine = engine
        ecr = aws.world.client("ecr", "eu-west-1")
        ecr.create_repository(repositoryName=BASES, imageTagMutability="MUTABLE")
        token = ecr.get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        registry = token["proxyEndpoint"].partition("://")[2]
        self.base = f"{registry}/{BASES}:latest"
        self._credentials = {"username": user, "password": password}
        framework(place)
        given = {"template_project": "platform/framework", "image": "any", "base": self.base}
        self._join(aws, Repository(place, new(place / "houses", given), "team/houses"))
        self.variables |= {
            "PYTHONPATH": str(installed),
            "BASE_IMAGE": "",
            "CI_REGISTRY": registry,
            "CI_REGISTRY_USER": user,
            "CI_REGISTRY_PASSWORD": password,
        }

    def publish_base(self, image: Image) -> None:
        """What the framework's project does: its newest base image."""
        repository, _, tag = self.base.rpartition(":")
        image.tag(repository, tag)
        said = self._engine.images.push(repository, tag, auth_config=self._credentials)
        assert "errorDetail" not in said, said

    def scheduled(self) -> Pipeline:
        sha = self.repository.git("rev-parse", "HEAD")
        return self.repository.pipeline(sha, "schedule", variables=self.variables)

    def price(self) -> float:
        """What the endpoint answers about a house of 100 square metres and 3 rooms."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="houses-staging",
            ContentType="text/csv",
            Accept="text/csv",
            Body=b"size,rooms\n100,3\n",
        )
        return float(answer["Body"].read())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The framework's rooms, as the pipeline's image has them."""
    place = tmp_path_factory.mktemp("installed")
    for name in INSTALLED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, place / name)
    return place


@pytest.fixture(scope="module")
def base_image(build_image: Callable[..., Image], installed: Path) -> Image:
    return build_image("base", installed)


@pytest.fixture(scope="module")
def houses(
    docker_engine: docker.DockerClient,
    base_image: Image,
    installed: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Houses]:
    """The stacks are there, and data."""
    place = tmp_path_factory.mktemp("houses")
    (place / "aws").mkdir()
    with running(place / "aws", "docker", clock=Clock(30)) as aws:
        houses = Houses(aws, place / "gitlab", docker_engine, installed)
        houses.publish_base(base_image)
        sample = "import pathlib, sample; sample.write_channels(pathlib.Path('../channels'))"
        clone = houses.repository.developer
        subprocess.run([sys.executable, "-c", sample], cwd=clone / "container", check=True)
        houses.bootstrap("staging", (clone / "channels").rename(place / "channels"))
        yield houses


def logs(pipeline: Pipeline) -> str:
    return "".join(job.log for job in pipeline.jobs.values())


def test_the_first_push_works_and_the_run_makes_the_endpoint(houses: Houses) -> None:
    pipeline = houses.push("Everything")
    assert pipeline.succeeded, logs(pipeline)
    assert "Left for the next training run" in pipeline.log("staging")
    release = houses.trains()
    assert houses.live()["config"] == release
    assert houses.live()["image"] == houses.pointer()
    assert houses.price() == pytest.approx(3 * 100 + 10 * 3 + 50, abs=5)


def test_only_the_predictor_goes_live_with_the_same_artifact(houses: Houses) -> None:
    before, jobs = houses.live(), houses.jobs()
    houses.add_line("container/predictor.py", "# a comment")
    pipeline = houses.push("Predictor only")
    assert pipeline.succeeded, logs(pipeline)
    assert houses.live()["artifact"] == before["artifact"]
    assert houses.live()["image"] != before["image"]
    assert houses.jobs() == jobs


def test_only_the_trainer_waits_for_the_next_run(houses: Houses) -> None:
    before = houses.live()
    houses.add_line("container/trainer.py", "# a comment")
    pipeline = houses.push("Trainer only")
    assert pipeline.succeeded, logs(pipeline)
    assert houses.live() == before
    assert houses.pointer() != before["image"]


def test_a_schedule_rebuilds_on_the_newest_base_image(
    houses: Houses, docker_engine: docker.DockerClient, base_image: Image
) -> None:
    def from_base(*lines: str) -> Image:
        dockerfile = "\n".join([f"FROM {base_image.id}", *lines])
        return docker_engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True)[0]

    before: dict[str, Any] = houses.live()
    pipeline = houses.scheduled()
    assert pipeline.succeeded, logs(pipeline)
    assert "Nothing to build and nothing to release." in pipeline.log("staging")
    assert houses.live() == before

    houses.publish_base(from_base(f"RUN echo '# changed' >> /opt/framework/{SERVING}"))
    pipeline = houses.scheduled()
    assert pipeline.status("publish") == "failed"
    assert f"holds another framework than the one that plans here: {SERVING}" in logs(pipeline)
    assert houses.live() == before

    houses.publish_base(from_base("RUN echo patched > /etc/patched"))
    pipeline = houses.scheduled()
    assert pipeline.succeeded, logs(pipeline)
    assert "the base image" in pipeline.log("staging")
    assert houses.live()["artifact"] == before["artifact"]
    assert houses.live()["image"] == houses.pointer() != before["image"]

    after = houses.live()
    pipeline = houses.scheduled()
    assert "Nothing to build and nothing to release." in pipeline.log("staging"), logs(pipeline)
    assert houses.live() == after
