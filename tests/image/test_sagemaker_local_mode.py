"""The image under the sagemaker package's own local mode, so that users of the SDK are served."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

PROJECT = Path(__file__).parents[2]
SDK = Path(__file__).parent / "sagemaker_sdk"
TAG = "local-mode-test:latest"


def has_compose() -> bool:
    """Whether the SDK finds Compose: `docker compose` of version 2, or `docker-compose`."""
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return b"v2" in asked.stdout or shutil.which("docker-compose") is not None


@pytest.fixture
def work(tmp_path: Path, docker_engine: docker.DockerClient) -> Iterator[Path]:
    """A directory for the SDK's compose projects; what they leave behind is removed."""
    yield tmp_path
    for container in docker_engine.containers.list(all=True, ignore_removed=True):
        if str(tmp_path) in container.labels.get("com.docker.compose.project.config_files", ""):
            container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    """The interpreter of the SDK's own environment; installing it takes 20 seconds, once."""
    subprocess.run(["make", "sagemaker-sdk"], cwd=PROJECT, check=True, capture_output=True)
    return PROJECT / ".venv" / "sagemaker-sdk" / "bin" / "python"


@pytest.mark.skipif(not has_compose(), reason="the SDK's local mode needs docker-compose")
def test_estimator_fits_deploys_and_predicts(
    work: Path, algorithm_image: Image, stage_job: Callable[[], Path], sdk_python: Path
):
    algorithm_image.tag(TAG)
    arguments = [TAG, stage_job() / "input" / "data", work, str(free_port())]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(SDK / "config.yaml"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    ran = subprocess.run(
        [sdk_python, SDK / "local_mode.py", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    answers = [line for line in ran.stdout.splitlines() if line.startswith('{"predictions"')]
    (prediction,) = json.loads(answers[-1])["predictions"]
    assert prediction["species"] == "Gentoo"
    assert (work / "artifact" / "model.tar.gz").is_file()


def free_port() -> int:
    """The SDK wants a number; the kernel names a free one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
