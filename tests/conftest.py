"""What tests of several rooms share: a Docker engine, this repository's images, a browser."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import BuildError, DockerException, ImageNotFound
from docker.models.images import Image
from selenium import webdriver

PROJECT = Path(__file__).parents[1]
BASE_IMAGE = os.environ.get("BASE_IMAGE", "python:3.11-slim-bookworm")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REQUIRED = {  # marker → the variable that lets none of its tests skip
    "docker": "REQUIRE_DOCKER",
    "browser": "REQUIRE_BROWSER",
    "gitlab": "REQUIRE_GITLAB",
}


def pytest_collection_finish() -> None:
    """Look for garbage rarely: each look goes through all of moto, and took a sixth of the time."""
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With REQUIRE_DOCKER=1 no container test may skip, whatever its reason; others likewise."""
    report = yield
    for marker, variable in REQUIRED.items():
        required = os.environ.get(variable) == "1"
        if required and report.skipped and item.get_closest_marker(marker):
            report.outcome = "failed"
            report.longrepr = f"skipped although {variable}=1: {report.longrepr}"
    return report


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    """A headless Chromium; the test is skipped where it is not installed."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium and chromedriver here: .ci/browser installs them")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1400,1000"):
        options.add_argument(argument)
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.fixture(scope="session")
def gitlab_ci_local() -> None:
    """Pipelines of GitLab can run (tests/ci/gitlab.py); the test is skipped where they cannot."""
    if not (PROJECT / ".venv" / "gitlab-ci-local" / "ready").exists():
        pytest.skip("no gitlab-ci-local here: `make gitlab-ci-local` installs it")
    if not (shutil.which("rsync") and shutil.which("flock")):
        pytest.skip("no rsync and flock here: .ci/gitlab installs them")


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
