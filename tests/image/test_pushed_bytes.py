"""What a change of one line makes the engine push: the layers that another image lacks."""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.models.images import Image

pytestmark = pytest.mark.docker

PROJECT = Path(__file__).parents[2]
KILOBYTE = 1_000


def test_a_line_of_the_predictor_pushes_kilobytes(
    tmp_path: Path, build_image: Callable[..., Image]
):
    before, after = _build_with_changed_line("container/predictor.py", tmp_path, build_image)
    assert 0 < _pushed_bytes(before, after) < 300 * KILOBYTE


def test_a_line_of_the_framework_pushes_kilobytes(
    tmp_path: Path, build_image: Callable[..., Image]
):
    before, after = _build_with_changed_line("framework/layout.py", tmp_path, build_image)
    assert 0 < _pushed_bytes(before, after) < 3_000 * KILOBYTE


def test_a_readme_pushes_nothing(tmp_path: Path, build_image: Callable[..., Image]):
    before, after = _build_with_changed_line("container/README.md", tmp_path, build_image)
    assert _pushed_bytes(before, after) == 0


def _build_with_changed_line(
    file: str, directory: Path, build_image: Callable[..., Image]
) -> tuple[Image, Image]:
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(PROJECT / name, directory)
    for name in ("framework", "container"):
        shutil.copytree(PROJECT / name, directory / name)
    before = build_image("algorithm", directory)
    with (directory / file).open("a") as changed:
        changed.write("\n# one more line\n")
    return before, build_image("algorithm", directory)


def _pushed_bytes(before: Image, after: Image) -> int:
    """Uncompressed size of the layers of ``after`` that ``before`` does not have."""
    known = set(before.attrs["RootFS"]["Layers"])
    layers = after.attrs["RootFS"]["Layers"]
    sizes = _layer_sizes(after)
    return sum(size for size, layer in zip(sizes, layers, strict=True) if layer not in known)


def _layer_sizes(image: Image) -> list[int]:
    """Bytes of each layer, the lowest first, as `docker save` writes them."""
    with tempfile.TemporaryFile() as file:
        for chunk in image.save():
            file.write(chunk)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))
            return [archive.getmember(name).size for name in manifest[0]["Layers"]]
