"""`python -m local_test replies`: what it writes, and what it says has changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from framework.testing.rows import CSV, JSON, JSON_LINES
from tests.local_test.conftest import PROJECT, Bench

TEXTS = PROJECT / "tests" / "broken" / "bases" / "texts"
FAULT = PROJECT / "tests" / "broken" / "faults" / "sample-replies" / "texts"


@pytest.fixture
def algorithm(tmp_path: Path) -> Path:
    """A good algorithm that names a file of replies, which is not there yet."""
    directory = tmp_path / "replying"
    shutil.copytree(TEXTS, directory)
    shutil.copy(FAULT / "algorithm.toml", directory)
    return directory


def written(algorithm: Path) -> dict[str, Any]:
    return json.loads((algorithm / "replies.json").read_text())


def changes(bench: Bench, algorithm: Path, engine: str = "process") -> list[str]:
    finished = bench.run("replies", algorithm, "--engine", engine, "--json")
    assert finished.code == 0, finished.stderr
    assert finished.data["file"] == str(algorithm / "replies.json")
    return finished.data["changes"]


def test_the_file_is_made_and_updated(
    bench: Bench, algorithm: Path, leftovers: Callable[[Path], list[str]]
) -> None:
    assert changes(bench, algorithm) == [f"The file is new, with {JSON}, {CSV}, {JSON_LINES}."]
    made = written(algorithm)
    asked = json.loads(made["request"]["body"])["instances"]
    answered = json.loads(made["replies"][JSON])["predictions"]
    assert len(answered) == len(asked) > 1
    lines = [f"{one['topic']},{one['confidence']}" for one in answered]
    assert made["replies"][CSV].splitlines() == lines

    before = (algorithm / "replies.json").stat().st_mtime_ns
    assert changes(bench, algorithm) == ["Nothing."]
    assert (algorithm / "replies.json").stat().st_mtime_ns == before

    declared = algorithm / "algorithm.toml"
    declared.write_text(declared.read_text().replace("smoothing = 0.5", "smoothing = 9.0"))
    assert changes(bench, algorithm) == ["Values are others; the form is the same."]
    assert written(algorithm)["request"] == made["request"]
    assert written(algorithm)["replies"][JSON] != made["replies"][JSON]

    shutil.copy(FAULT / "predictor.py", algorithm)
    assert f"{JSON}: predictions[].topic is gone." in changes(bench, algorithm)
    assert '"label"' in written(algorithm)["replies"][JSON]
    assert leftovers(bench.jobs) == []
    assert list(bench.jobs.glob("*/job.json")) == []


def test_without_a_named_file_nothing_is_written(bench: Bench, algorithm: Path) -> None:
    shutil.copy(TEXTS / "algorithm.toml", algorithm)
    finished = bench.run("replies", algorithm, "--engine", "process")
    assert finished.code == 1
    assert 'Add replies = "replies.json" to its [sample]' in " ".join(finished.stderr.split())
    assert not (algorithm / "replies.json").exists()


def test_a_training_that_fails_leaves_the_file_as_it_is(bench: Bench, algorithm: Path) -> None:
    shutil.copy(FAULT / "replies.json", algorithm)
    before = written(algorithm)
    (algorithm / "trainer.py").write_text("raise RuntimeError('no training today')")
    finished = bench.run("replies", algorithm, "--engine", "process")
    assert finished.code == 1
    assert "no training today" in " ".join(finished.stdout.replace("│", " ").split())
    assert written(algorithm) == before


def test_a_model_without_a_sample_request(bench: Bench, algorithm: Path) -> None:
    trainer = algorithm / "trainer.py"
    trainer.write_text(trainer.read_text().replace("job.describe_input(texts)", "pass"))
    finished = bench.run("replies", algorithm, "--engine", "process")
    assert finished.code == 1
    assert "Call job.describe_input(X) in train" in " ".join(finished.stderr.split())


@pytest.mark.docker
def test_containers_write_the_same_form(
    bench: Bench, algorithm: Path, docker_engine: docker.DockerClient, bare_image: object
) -> None:
    shutil.copy(FAULT / "replies.json", algorithm)
    try:
        assert changes(bench, algorithm, "docker") in (
            ["Nothing."],
            ["Values are others; the form is the same."],
        )
        only = ("--engine", "docker", "--only", "sample-replies", "--json")
        checked = bench.run("check", algorithm, *only)
        assert checked.code == 0, checked.stdout
        assert "Replies have the form of replies.json" in checked.data["results"][0]["message"]
    finally:
        docker_engine.images.remove("sagemaker-container:local-replying", force=True)
