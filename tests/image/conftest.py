"""Containers of the algorithm's image, started as `docker run` starts them."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.images import Image

from framework.algorithm import Algorithm
from framework.testing import Client, JobDescription, stage_training
from framework.testing.subject import sample_channels

ALGORITHM = Path(__file__).parents[2] / "container"
TRAINING_SECONDS = 120
SERVING_SECONDS = 60


@pytest.fixture(scope="session")
def start(docker_engine: docker.DockerClient) -> Iterator[Callable[..., Container]]:
    """Starts containers with the options of `docker run`; all are removed at the end."""
    started: list[Container] = []

    def start(image: Image, *command: str, **options) -> Container:
        container = docker_engine.containers.run(image.id, list(command), detach=True, **options)
        started.append(container)
        return container

    yield start
    for container in started:
        with contextlib.suppress(NotFound):
            container.remove(force=True, v=True)


@pytest.fixture(scope="session")
def stage_job(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Lays out a new /opt/ml for the example's sample job; any uid may write to it."""
    algorithm = Algorithm.load(ALGORITHM)
    channels = sample_channels(algorithm, tmp_path_factory.mktemp("sample"))

    def stage() -> Path:
        base = tmp_path_factory.mktemp("ml")
        hyperparameters = algorithm.file.sample.hyperparameters
        stage_training(base, JobDescription(channels, hyperparameters))
        for path in (base, *base.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        return base

    return stage


@pytest.fixture(scope="session")
def trained(
    algorithm_image: Image, start: Callable[..., Container], stage_job: Callable[[], Path]
) -> Path:
    """An /opt/ml whose model the image trained; do not change it."""
    base = stage_job()
    job = start(algorithm_image, "train", volumes={str(base): {"bind": "/opt/ml"}})
    assert job.wait(timeout=TRAINING_SECONDS)["StatusCode"] == 0, job.logs().decode()
    return base


@pytest.fixture(scope="session")
def start_serving(start: Callable[..., Container], trained: Path) -> Callable[..., Container]:
    """Starts a container with the trained model, and a free port of this machine."""

    def start_serving(image: Image, *command: str, **options) -> Container:
        return start(
            image,
            *command,
            volumes={str(trained / "model"): {"bind": "/opt/ml/model", "mode": "ro"}},
            ports={"8080/tcp": ("127.0.0.1", None)},
            **options,
        )

    return start_serving


@pytest.fixture(scope="session")
def published() -> Callable[[Container], Client]:
    """A client of the port that leads to a container's 8080, once the model answers."""

    def client(container: Container) -> Client:
        container.reload()
        client = Client("127.0.0.1", int(container.ports["8080/tcp"][0]["HostPort"]))
        deadline = time.monotonic() + SERVING_SECONDS
        while container.status == "running" and time.monotonic() < deadline:
            container.reload()
            with contextlib.suppress(OSError):
                if client.ping().status == 200:
                    return client
            time.sleep(0.1)
        pytest.fail(f"{container.status}, but not ready: {container.logs().decode()}")

    return client
