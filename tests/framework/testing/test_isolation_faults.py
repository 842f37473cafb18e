"""Faults that only containers can show are found by their own checks, on the bench's engine."""

import json
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from tests.framework.testing.planted import FAULTS, ISOLATION, assembled

PROJECT = Path(__file__).parents[3]
PLANTED = [fault for fault in FAULTS if fault.parent.name in ISOLATION]


@pytest.mark.docker
@pytest.mark.parametrize("fault", PLANTED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_its_own_check_finds_it(
    fault: Path, tmp_path: Path, docker_engine: docker.DockerClient, bare_image: object
) -> None:
    algorithm = assembled(fault, tmp_path)
    algorithm = algorithm.rename(tmp_path / f"planted-{fault.parent.name}-{fault.name}")
    command = ["check", str(algorithm), "--engine", "docker", "--only", fault.parent.name, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "local_test", *command],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        assert done.stdout, done.stderr
        result = json.loads(done.stdout)["results"][0]
        assert result["outcome"] == "failed", result["message"]
        assert done.returncode == 1
    finally:
        image = f"sagemaker-container:local-{algorithm.name}"
        docker_engine.images.remove(image, force=True)
