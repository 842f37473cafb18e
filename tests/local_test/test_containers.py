"""The bench on containers: the same jobs, and what only containers can show."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from tests.local_test.conftest import SCALE, Bench, Finished

pytestmark = pytest.mark.docker
STRANGER = Path(__file__).parent / "stranger"


@pytest.fixture(autouse=True)
def nothing_left(docker_engine: docker.DockerClient, bare_image: Image, bench: Bench):
    """Every container and every network of the test's jobs is gone."""
    yield
    found = [
        *docker_engine.containers.list(all=True, filters={"label": "local_test"}),
        *docker_engine.networks.list(filters={"label": "local_test"}),
    ]
    assert [one.name for one in found if str(bench.jobs) in json.dumps(one.attrs)] == []


@pytest.fixture(scope="module")
def stranger(docker_engine: docker.DockerClient, bare_image: Image) -> Iterator[str]:
    """An image that keeps the contract without the framework."""
    tag = "local-test-stranger:latest"
    arguments = {"BASE_IMAGE": bare_image.tags[0]}
    docker_engine.images.build(path=str(STRANGER), tag=tag, buildargs=arguments, rm=True)
    yield tag
    docker_engine.images.remove(tag)


@pytest.fixture(scope="module")
def trained(bare_image: Image, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Bench]:
    """Two hosts that look each other up, interrupted once."""
    bench = Bench(tmp_path_factory.mktemp("trained"))
    finished = bench.train(
        *("--hosts", 2, "--shard", "train", "--spot-kill-after", 8),
        *("-p", "steps=40", "-p", "pause=0.3", "-p", "greet=true"),
        engine="docker",
    )
    return finished, bench


def test_hosts_find_each_other_and_resume_after_an_interruption(trained):
    finished, _ = trained
    record = finished.data
    assert finished.code == 0, finished.stderr
    assert record["ExitCodes"] == {"algo-1": 0, "algo-2": 0}
    assert record["Interruptions"] == 1
    for log in record["Logs"]:
        assert "greeted " in Path(log).read_text()
        assert "Continuing from the checkpoint" in Path(log).read_text()


def test_a_container_serves_a_read_only_model_on_a_port_of_its_own(trained):
    _, bench = trained
    process = bench.start("serve", SCALE, "--engine", "docker")
    try:
        until = time.monotonic() + 60
        while not (bench.jobs / "endpoint.json").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.1)
        answer = bench.run("invoke", "--json", "--body", "[[2, 2]]")
        assert json.loads(answer.data["body"]) == {"predictions": [6.0]}
    finally:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "warning" not in stderr


def test_an_interrupted_bench_leaves_no_container_behind(bench):
    process = bench.start_slow_training("--hosts", 2, engine="docker")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_an_image_of_someone_else_is_trained_and_checked(bench, stranger):
    data = ("--image", stranger, "--channel", f"train={STRANGER}")
    finished = bench.run("train", *data, "-p", "depth=3", "--json")
    assert finished.code == 0, finished.stderr
    names = ["trains", "loads", "without-network", "read-only-root", "other-user", "seed"]
    only = [argument for name in names for argument in ("--only", name)]
    checked = bench.run("check", *data, *only, "--json")
    outcomes = {result["check"]: result["outcome"] for result in checked.data["results"]}
    assert checked.code == 0, checked.stderr
    assert outcomes.pop("seed") == "not checked"
    assert set(outcomes.values()) == {"passed"}


def test_a_missing_image_is_said(bench):
    finished = bench.run("train", "--image", "nothing:here", "--channel", f"a={STRANGER}")
    assert finished.code == 1
    assert "The engine has no image nothing:here" in finished.stderr


def test_an_engine_without_the_base_image_is_told_how_to_make_one(bench):
    finished = bench.run("train", SCALE, environment={"BASE_IMAGE": "nothing:here"})
    assert finished.code == 0, finished.stderr
    assert "`make base-image` makes one. Going on with processes." in finished.stderr
