"""Target `pipeline`: jobs in a container of it, with an engine that is on another machine."""

import select
import socket
import socketserver
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from docker.models.images import Image
from docker.models.networks import Network

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]
SOCKET = "/var/run/docker.sock"


class HandsOn(socketserver.BaseRequestHandler):
    """What comes over TCP goes to the engine's socket, and back."""

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(SOCKET)
            ends = {self.request: engine, engine: self.request}
            while ends:
                for end in select.select(list(ends), [], [])[0]:
                    if data := end.recv(65536):
                        ends[end].sendall(data)
                    else:
                        ends.pop(end).shutdown(socket.SHUT_WR)


@pytest.fixture
def network(docker_engine: docker.DockerClient) -> Iterator[Network]:
    """Its own, because not every engine names the gateway of the default one."""
    made = docker_engine.networks.create(f"tests-{uuid.uuid4().hex}")
    made.reload()
    yield made
    made.remove()


@pytest.fixture
def engine_elsewhere(network: Network) -> Iterator[str]:
    """DOCKER_HOST for containers: the engine at an address that is not theirs."""
    if not Path(SOCKET).is_socket():
        pytest.skip(f"the engine is not at {SOCKET}")
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    with socketserver.ThreadingTCPServer((gateway, 0), HandsOn) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://{gateway}:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def pipeline_image(build_image: Callable[..., Image]) -> Image:
    return build_image("pipeline")


Job = Callable[[str], tuple[int, str]]


@pytest.fixture
def job(
    pipeline_image: Image,
    network: Network,
    engine_elsewhere: str,
    start: Callable[..., Container],
    tmp_path: Path,
) -> Job:
    """Runs a script as GitLab does; exit code and output."""

    def run(script: str) -> tuple[int, str]:
        container = start(
            pipeline_image,
            *("sh", "-c", script),
            network=network.name,
            environment={"DOCKER_HOST": engine_elsewhere, "TMPDIR": str(tmp_path)},
            volumes={str(tmp_path): {"bind": str(tmp_path)}},
            working_dir=str(tmp_path),
        )
        code = container.wait(timeout=300)["StatusCode"]
        return code, container.logs().decode()

    return run


def test_a_repository_is_made_and_described_in_it(job: Job) -> None:
    code, said = job(
        "git config --global user.name Ada && git config --global user.email ada@example.com"
        " && python -m ci new houses && cd houses && git ls-files"
        " && ALGORITHM_DIR=container python -m framework describe --source"
    )
    assert code == 0, said
    assert {"README.md", "container/requirements.in", ".gitlab-ci.yml"} <= set(said.splitlines())
    assert '"path": "trainer.py"' in said


def test_it_reaches_the_engine(job: Job, docker_engine: docker.DockerClient) -> None:
    code, said = job("docker version --format '{{.Server.Version}}'")
    assert (code, said.strip()) == (0, docker_engine.version()["Version"])


def test_checks_in_containers_need_one_shared_directory_only(
    job: Job, algorithm_image: Image
) -> None:
    names = ("trains", "without-network", "answer-count")
    only = " ".join(f"--only {name}" for name in names)
    code, said = job(
        f"python -m local_test check --image {algorithm_image.id} --engine docker --json {only}"
    )
    assert code == 0, said
    for name in names:
        assert f"passed             {name}" in said
