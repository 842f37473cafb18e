"""`docker run IMAGE prove`: a read-only model, a read-only root, and no network."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.models.containers import Container
from docker.models.images import Image

from framework.serving.formats import WRITERS
from tests.image.conftest import ALGORITHM

pytestmark = pytest.mark.docker

HARDENED = {"read_only": True, "tmpfs": {"/tmp": ""}, "network_mode": "none", "user": "10001"}
SECONDS = 120


def proved(
    start: Callable[..., Container], image: Image, model: Path, *options: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `prove`."""
    volumes = {str(model): {"bind": "/opt/ml/model", "mode": "ro"}}
    container = start(image, "prove", *options, volumes=volumes, **HARDENED)
    code = container.wait(timeout=SECONDS)["StatusCode"]
    said = [container.logs(stdout=out, stderr=not out).decode() for out in (True, False)]
    return code, *said


def test_the_model_of_this_image(
    start: Callable[..., Container], algorithm_image: Image, trained: Path
) -> None:
    code, stdout, stderr = proved(start, algorithm_image, trained / "model", "--requests", "50")
    assert (code, stderr) == (0, "")
    proof = json.loads(stdout)
    assert proof["golden"] == {"asked": True, "same": True, "difference": ""}
    assert proof["replies"].keys() == WRITERS.keys()
    assert proof["seconds"]["requests"] == 50
    declared = json.loads((ALGORITHM / "replies.json").read_text())
    answers = json.loads(proof["replies"]["application/json"]["body"])["predictions"]
    recorded = json.loads(declared["replies"]["application/json"])["predictions"]
    assert [one["species"] for one in answers] == [one["species"] for one in recorded]


def test_no_model(start: Callable[..., Container], algorithm_image: Image, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code, stdout, stderr = proved(start, algorithm_image, tmp_path)
    assert code == 1
    assert json.loads(stdout)["loads"] is False
    assert "There is no model.pickle" in stderr
    assert len(stderr.splitlines()) == 1
