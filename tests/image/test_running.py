"""The image under `docker run`, as README says it and as SageMaker does it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.models.containers import Container
from docker.models.images import Image

from framework.testing import Client

pytestmark = pytest.mark.docker

PENGUIN = {
    "island": "Biscoe",
    "sex": "female",
    "bill_length_mm": 46.1,
    "bill_depth_mm": 13.2,
    "flipper_length_mm": 211,
    "body_mass_g": 4500,
}
HARDENED = {
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "network_mode": "none",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
}
PYTHON_CLIENT = f"""
import json, time, urllib.request
def ask(path, body=None, headers={{}}):
    request = urllib.request.Request('http://127.0.0.1:8080' + path, body, headers)
    return urllib.request.urlopen(request, timeout=10)
for _ in range(300):
    try:
        ask('/ping')
        break
    except OSError:
        time.sleep(0.1)
body = {json.dumps({"instances": [PENGUIN]})!r}.encode()
print(ask('/invocations', body, {{'Content-Type': 'application/json'}}).read().decode())
"""


def species(answer: str) -> list[str]:
    return [prediction["species"] for prediction in json.loads(answer)["predictions"]]


def test_train_leaves_a_model_with_its_manifest(trained: Path):
    manifest = json.loads((trained / "model" / "manifest.json").read_text())
    assert manifest["golden"]["values"]
    assert manifest["commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert not (trained / "output" / "failure").exists()


def test_serve_answers_a_request(
    algorithm_image: Image,
    start_serving: Callable[..., Container],
    published: Callable[[Container], Client],
):
    container = start_serving(algorithm_image, "serve")
    body = json.dumps({"instances": [PENGUIN]}).encode()
    reply = published(container).invoke(body, "application/json")
    container.remove(force=True)
    assert (reply.status, species(reply.text)) == (200, ["Gentoo"])


def test_listens_where_sagemaker_binds_it(
    algorithm_image: Image, start_serving: Callable[..., Container]
):
    container = start_serving(
        algorithm_image, "serve", environment={"SAGEMAKER_BIND_TO_PORT": "9123"}
    )
    code, output = container.exec_run(["python", "-c", PYTHON_CLIENT.replace("8080", "9123")])
    container.remove(force=True)
    assert code == 0, output.decode()
    assert species(output.decode()) == ["Gentoo"]


@pytest.mark.parametrize("user", ["0", "1000", "54321:54321"])
def test_trains_and_serves_hardened(
    user: str,
    algorithm_image: Image,
    start: Callable[..., Container],
    stage_job: Callable[[], Path],
):
    base = stage_job()
    volumes = {str(base): {"bind": "/opt/ml"}}
    if user == "0":  # a root without capabilities is bound by the modes of files like any user
        base.chmod(0o777)
    job = start(algorithm_image, "train", user=user, volumes=volumes, **HARDENED)
    code = job.wait(timeout=120)["StatusCode"]
    assert code == 0, job.logs().decode()

    volumes = {str(base / "model"): {"bind": "/opt/ml/model", "mode": "ro"}}
    container = start(algorithm_image, "serve", user=user, volumes=volumes, **HARDENED)
    code, output = container.exec_run(["python", "-c", PYTHON_CLIENT])
    container.remove(force=True)
    assert code == 0, output.decode()
    assert species(output.decode()) == ["Gentoo"]


def test_train_is_an_executable_for_container_entrypoint(
    algorithm_image: Image, start: Callable[..., Container], stage_job: Callable[[], Path]
):
    base = stage_job()
    (base / "input/config/hyperparameters.json").write_text('{"no_such_thing": "1"}')
    volumes = {str(base): {"bind": "/opt/ml"}}
    job = start(algorithm_image, entrypoint=["train"], volumes=volumes)
    assert job.wait(timeout=60)["StatusCode"] == 1
    assert "no_such_thing" in (base / "output/failure").read_text()


def test_serve_is_an_executable_and_the_first_process(
    algorithm_image: Image,
    start_serving: Callable[..., Container],
    published: Callable[[Container], Client],
):
    container = start_serving(algorithm_image, entrypoint=["serve"])
    published(container)
    _, first = container.exec_run(["cat", "/proc/1/cmdline"])
    container.remove(force=True)
    assert b"python" in first


def test_an_image_without_a_command_says_how_to_use_it(
    algorithm_image: Image, start: Callable[..., Container]
):
    container = start(algorithm_image)
    assert container.wait(timeout=30)["StatusCode"] == 2
    assert "usage: python -m framework COMMAND" in container.logs().decode()


def test_describe_works_hardened(algorithm_image: Image, start: Callable[..., Container]):
    container = start(algorithm_image, "describe", **HARDENED)
    assert container.wait(timeout=60)["StatusCode"] == 0, container.logs().decode()
    assert json.loads(container.logs(stderr=False))


def test_base_alone_says_that_an_algorithm_is_missing(
    base_image: Image, start: Callable[..., Container]
):
    container = start(base_image, "serve")
    assert container.wait(timeout=30)["StatusCode"] == 1
    assert "There is no algorithm.toml in /opt/program" in container.logs().decode()


@pytest.mark.parametrize("preload", ["on", "off"])
def test_there_are_as_many_workers_as_memory_does_for(
    algorithm_image: Image,
    start_serving: Callable[..., Container],
    published: Callable[[Container], Client],
    preload: str,
):
    def workers(megabytes: int, **environment: str) -> int:
        container = start_serving(
            algorithm_image,
            "serve",
            mem_limit=f"{megabytes}m",
            cpuset_cpus="0,1",
            environment={"SERVING_PRELOAD": preload, **environment},
        )
        published(container)
        time.sleep(3)
        text = container.logs().decode()
        assert ("fewer workers than CPUs" in text) == (text.count("worker ready") == 1)
        return text.count("worker ready")

    assert workers(1000) == 2
    assert workers(250) == 1
    if preload == "on":  # without, the kernel would kill one for memory again and again
        assert workers(250, SAGEMAKER_MODEL_SERVER_WORKERS="2") == 2
