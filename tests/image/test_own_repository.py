"""An algorithm repository of its own, with the Dockerfile that docs/image.md gives it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from docker.models.images import Image

pytestmark = pytest.mark.docker

PROJECT = Path(__file__).parents[2]

ALGORITHM = {
    "algorithm.toml": """
trainer = "trainer:MeanTrainer"
predictor = "predictor:MeanPredictor"
[sample]
channels = "sample:write_channels"
""",
    "trainer.py": """
import numpy as np
from framework import Trainer

class MeanTrainer(Trainer):
    def train(self, job):
        rows = np.loadtxt(job.channels["train"] / "rows.csv", delimiter=",")
        job.describe_input(rows)
        return rows.mean(axis=0)
""",
    "predictor.py": """
import numpy as np
from framework import Predictor

class MeanPredictor(Predictor):
    def predict(self, data):
        return np.abs(data - self.model).sum(axis=1)
""",
    "sample.py": """
import numpy as np

def write_channels(directory):
    (directory / "train").mkdir()
    rows = np.random.default_rng(0).normal(size=(200, 3))
    np.savetxt(directory / "train" / "rows.csv", rows, delimiter=",")
""",
}


def test_the_documented_dockerfile_makes_an_image(
    tmp_path: Path,
    docker_engine: docker.DockerClient,
    base_image: Image,
    start: Callable[..., Container],
):
    (tmp_path / "container").mkdir()
    for name, text in {**ALGORITHM, "requirements.txt": locked("threadpoolctl")}.items():
        (tmp_path / "container" / name).write_text(text)
    (tmp_path / "Dockerfile").write_text(documented_dockerfile(base_image.id))
    image, _ = docker_engine.images.build(path=str(tmp_path), rm=True)

    container = start(image, "check", "--json")
    code = container.wait(timeout=170)["StatusCode"]
    log = container.logs(stdout=True, stderr=False).decode()
    assert code == 0, container.logs().decode()
    assert json.loads(log)


def documented_dockerfile(base: str) -> str:
    page = (PROJECT / "docs/image.md").read_text()
    dockerfile = re.search(r"```dockerfile\n(.*?)```", page, re.DOTALL).group(1)
    assert "your-registry/sagemaker-container:base" in dockerfile
    return dockerfile.replace("your-registry/sagemaker-container:base", base)


def locked(package: str) -> str:
    """The package's lines in the lock file of container/."""
    lock = (PROJECT / "container/requirements.txt").read_text()
    return re.search(rf"^{package}==(.*\n(?: .*\n)+)", lock, re.MULTILINE).group(0)
