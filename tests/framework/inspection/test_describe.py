"""`python -m framework describe`, from the outside."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.images import Image

from framework import __version__
from framework.algorithm import Algorithm
from tests.framework.inspection.conftest import PROJECT, describe_process

MakeAlgorithm = Callable[..., Algorithm]
Describe = Callable[..., dict[str, Any]]


def test_the_example(describe: Describe) -> None:
    found = describe(PROJECT / "container")
    assert found["framework"] == __version__
    assert found["warnings"] == found["unknown"] == []
    assert found["hyperparameters"]["schema"]["title"] == "PenguinTrainer"
    assert found["training_channels"]
    assert found["metric_definitions"]
    assert found["objectives"]
    assert "text/csv" in found["content_types"]["requests"]
    ranges = found["parameter_ranges"]
    assert ranges["IntegerParameterRanges"]
    assert ranges["ContinuousParameterRanges"]
    sides = {entry["path"]: entry["sides"] for entry in found["code"]}
    assert sides["features.py"] == ["serving", "training"]
    assert sides["predictor.py"] == ["serving"]
    assert sides["trainer.py"] == ["training"]
    packages = {entry["name"]: entry["sides"] for entry in found["packages"]}
    assert packages["scikit-learn"] == ["serving", "training"]
    assert packages["flask"] == ["serving"]
    assert packages["matplotlib"] == packages["pillow"] == ["training"]


@pytest.mark.docker
def test_the_image_describes_itself_as_this_machine_does(
    algorithm_image: Image, docker_engine: docker.DockerClient, describe: Describe
) -> None:
    """A plan compares what an image says with what a checkout says."""
    options = {"network_mode": "none", "read_only": True, "tmpfs": {"/tmp": ""}, "remove": True}
    printed = docker_engine.containers.run(algorithm_image.id, ["describe"], **options)
    inside, here = json.loads(printed), describe(PROJECT / "container")
    assert inside["code"] == here["code"]
    both = {package["name"]: package for package in inside["packages"]}
    assert [p for p in here["packages"] if p["name"] in both and p != both[p["name"]]] == []
    assert set(both) <= {package["name"] for package in here["packages"]}


@pytest.mark.docker
def test_the_base_image_describes_an_algorithm_without_packages_of_its_own(
    base_image: Image, docker_engine: docker.DockerClient, algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    made = algorithm({"predictor.py": "import numpy"})
    tmp_path.chmod(0o755)
    printed = docker_engine.containers.run(
        base_image.id,
        ["describe"],
        volumes={str(made.directory): {"bind": "/opt/program", "mode": "ro"}},
        user="10001",
        remove=True,
    )
    packages = {package["name"]: package["sides"] for package in json.loads(printed)["packages"]}
    assert packages["numpy"] == ["serving", "training"]


def test_the_output_is_the_same_each_time_and_in_each_place(
    algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    made = algorithm({"predictor.py": "import features", "features.py": "import numpy"})
    elsewhere = tmp_path / "elsewhere"
    made.directory.rename(elsewhere)
    first, second = describe_process(elsewhere).stdout, describe_process(elsewhere).stdout
    elsewhere.rename(made.directory)
    assert first == second == describe_process(made.directory).stdout
    assert str(tmp_path) not in first


def test_only_json_goes_to_stdout(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"trainer.py": "print('hello from the module')"})
    done = describe_process(made.directory)
    assert json.loads(done.stdout)
    assert "hello" in done.stderr


def test_serving_code_is_read_not_run(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"predictor.py": "raise RuntimeError('imported')"})
    assert describe_process(made.directory).returncode == 0


def test_an_algorithm_that_only_serves(algorithm: MakeAlgorithm, describe: Describe) -> None:
    found = describe(algorithm(toml='predictor = "predictor:P"\n').directory)
    assert "hyperparameters" not in found
    assert "trainer.py" in found["unreached"]


def test_failures_are_one_sentence_and_exit_code_1(
    algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    broken = algorithm({"trainer.py": "def f(:\n"})
    for directory, words in (
        (tmp_path / "nothing", "There is no algorithm.toml"),
        (broken.directory / "trainer.py", "There is no algorithm.toml"),
        (broken.directory, "trainer.py, line 1, is not valid Python"),
    ):
        done = describe_process(directory)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_it_is_quick(algorithm: MakeAlgorithm) -> None:
    directory = algorithm().directory
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert describe_process(directory).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 2
