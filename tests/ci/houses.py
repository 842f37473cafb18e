"""A team whose repository `ci new` made: its jobs have the framework installed."""

import base64
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running
from tests.ci.gitlab import Repository
from tests.ci.gitlab_pipeline import Pipeline
from tests.ci.gitlab_runner import PROJECT
from tests.ci.team import HURRY, OLDER_FLASK, TEMPLATE, Team, locked
from tests.ci.test_new_repository import framework, new

INSTALLED = ("framework", "ci", "local_test", "Dockerfile", ".dockerignore")
BASES = "framework-base"  # a repository whose tags move, as GitLab's do
IN_HASTE = {  # what `ci new` wrote: a weekly run, a five minutes' bake, every request captured
    "instance_count = 1": "instance_count = 2",
    'policy = "all-at-once"': 'policy = "canary"\nstep_percent = 50',
    "bake_seconds = 300": "bake_seconds = 60",
    'schedule = "cron(0 3 ? * MON *)"': 'schedule = ""\non_upload = false\n[capture]\npercent = 0',
}


class Houses(Team):
    """Their repository holds no framework; another project publishes it, and the template."""

    project = "houses"
    environments = "environments"
    question = "size,rooms\n100,3\n"
    price = pytest.approx(3 * 100 + 10 * 3 + 50, abs=5)
    answer = "        return features(data)"
    other_features = ("np.ones(len(houses))", "np.full(len(houses), 10.0)")
    breaks_a_stack = (
        "environments/staging.toml",
        'schedule = "rate(365 days)"',
        'schedule = "every Monday"',
    )

    def __init__(
        self,
        aws: LocalAws,
        place: Path,
        engine: docker.DockerClient,
        build: Callable[..., Image],
    ) -> None:
        self._engine, self._build = engine, build
        self._installed = place / "installed"
        for name in INSTALLED:
            copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
            (self._installed / name).parent.mkdir(parents=True, exist_ok=True)
            copy(PROJECT / name, self._installed / name)
        ecr = aws.world.client("ecr", "eu-west-1")
        ecr.create_repository(repositoryName=BASES, imageTagMutability="MUTABLE")
        token = ecr.get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        registry = token["proxyEndpoint"].partition("://")[2]
        self._base = f"{registry}/{BASES}:latest"
        self._credentials = {"username": user, "password": password}
        self._framework = framework(place)
        given = {"template_project": "platform/framework", "image": "any", "base": self._base}
        self._join(aws, Repository(place, new(place / "houses", given), "team/houses"))
        self.variables |= {
            "PYTHONPATH": str(self._installed),
            "BASE_IMAGE": "",
            "CI_REGISTRY": registry,
            "CI_REGISTRY_USER": user,
            "CI_REGISTRY_PASSWORD": password,
        }
        for before, after in IN_HASTE.items():
            self.edit(self.staging, before, after)
        for_production = (self._directory / self.staging).read_text()
        self.edit(
            "environments/production.toml", "", for_production.replace('"staging"', '"production"')
        )
        self.publish_base()

    def publish_base(self, *changes: str) -> None:
        """What the framework's project does: the base image of what is installed.

        ``changes`` are instructions of a Dockerfile that come after.
        """
        image = self._build("base", self._installed)
        if changes:
            dockerfile = "\n".join([f"FROM {image.id}", *changes])
            image, _ = self._engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True)
        repository, _, tag = self._base.rpartition(":")
        image.tag(repository, tag)
        said = self._engine.images.push(repository, tag, auth_config=self._credentials)
        assert "errorDetail" not in said, said

    def scheduled(self) -> Pipeline:
        sha = self.repository.git("rev-parse", "HEAD")
        return self.repository.pipeline(sha, "schedule", variables=self.variables)

    def hurry(self) -> None:
        text = (self._framework.developer / TEMPLATE).read_text()
        self._framework.pushed({TEMPLATE: text.replace(*HURRY)})

    def takes_another_flask(self) -> Pipeline:
        """Base image and pipeline's image bring it, and a schedule takes them."""
        lock = self._installed / "framework/requirements.txt"
        text = lock.read_text()
        lock.write_text(text.replace(locked(text, "flask"), OLDER_FLASK))
        self.publish_base()
        return self.scheduled()

    def changes_a_stack(self) -> str:
        self.edit(self.staging, 'schedule = ""', 'schedule = "rate(365 days)"')
        return "make Schedule (Events::Rule)"


class PushesOfNewRepository:
    """Stories of them: the base image is published, the stacks are there, and data."""

    @pytest.fixture(scope="class")
    @classmethod
    def team(
        cls,
        docker_engine: docker.DockerClient,
        build_image: Callable[..., Image],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Houses]:
        place = tmp_path_factory.mktemp("houses")
        (place / "aws").mkdir()
        with running(place / "aws", "docker", clock=Clock(30)) as aws:
            houses = Houses(aws, place / "gitlab", docker_engine, build_image)
            houses.bootstrap("staging")
            yield houses
