"""What tests of several rooms share: the Docker engine and the images of this repository."""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import BuildError, DockerException, ImageNotFound
from docker.models.images import Image

PROJECT = Path(__file__).parents[1]
BASE_IMAGE = os.environ.get("BASE_IMAGE", "python:3.11-slim-bookworm")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REQUIRE_DOCKER = os.environ.get("REQUIRE_DOCKER") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With REQUIRE_DOCKER=1 no container test may skip, whatever its reason."""
    report = yield
    if REQUIRE_DOCKER and report.skipped and item.get_closest_marker("docker"):
        report.outcome = "failed"
        report.longrepr = f"skipped although REQUIRE_DOCKER=1: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that answers; the test is skipped when none does."""
    try:
        engine = docker.from_env(timeout=300)
        engine.ping()
    except DockerException as error:
        pytest.skip(f"no Docker engine answers: {error}")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def bare_image(docker_engine: docker.DockerClient) -> Image:
    """The image that ours start from."""
    try:
        return docker_engine.images.get(BASE_IMAGE)
    except ImageNotFound:
        pytest.skip(f"{BASE_IMAGE} is not there: run `make base-image`")


@pytest.fixture(scope="session")
def build_image(
    docker_engine: docker.DockerClient,
    bare_image: Image,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Image]:
    """Builds one target of the Dockerfile in a directory, by default in this work tree.

    Parallel workers build one after the other, so that the second finds the layers cached.
    """
    lock_file = tmp_path_factory.getbasetemp().parent / "docker-build.lock"

    def build(target: str, directory: Path = PROJECT) -> Image:
        with lock_file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                image, _ = docker_engine.images.build(
                    path=str(directory),
                    target=target,
                    buildargs={"BASE_IMAGE": BASE_IMAGE, "GIT_COMMIT": COMMIT},
                    platform="linux/amd64",
                    rm=True,
                )
            except BuildError as error:
                log = "".join(str(line.get("stream", "")) for line in error.build_log)
                pytest.fail(f"docker build --target {target}: {error}\n{log[-2000:]}")
        return image

    return build


@pytest.fixture(scope="session")
def base_image(build_image: Callable[..., Image]) -> Image:
    """Target `base` of the Dockerfile."""
    return build_image("base")


@pytest.fixture(scope="session")
def algorithm_image(build_image: Callable[..., Image]) -> Image:
    """Target `algorithm` of the Dockerfile."""
    return build_image("algorithm")
