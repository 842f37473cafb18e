"""Runs an image's commands in containers. The only module that imports the docker package."""

import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from framework.testing import OPEN, Engine, Isolation
from local_test import relay
from local_test.console import Screen
from local_test.container_settings import (
    engine_host,
    isolation_settings,
    open_to_all,
    publish_on,
    user_of,
    written_outside,
)
from local_test.errors import BenchError, EngineUnavailable
from local_test.images import image_of

BASE = Path("/opt/ml")
LABEL = "local_test"
PORT = 8080
SIGNALS = {134: -6, 137: -9, 139: -11, 143: -15}
ENGINE_SECONDS = 120


def image_id(image: str) -> str:
    """The engine's own name of an image: sha256:….

    Raises:
        EngineUnavailable: no engine answers, or it has no such image.
    """
    try:
        with closing(docker.from_env(timeout=ENGINE_SECONDS)) as client:
            return client.images.get(image).id
    except ImageNotFound:
        raise EngineUnavailable(f"The engine has no image {image}.") from None
    except DockerException:
        raise EngineUnavailable("No Docker engine answers (`docker info`).") from None


def pulled(image: str, user: str, password: str) -> str:
    """The engine's own name of an image, after it was pulled by digest: REPOSITORY@sha256:….

    Raises:
        EngineUnavailable: no engine answers, or the registry does not hand it out.
    """
    repository, _, digest = image.partition("@")
    credentials = {"username": user, "password": password}
    try:
        with closing(docker.from_env(timeout=ENGINE_SECONDS)) as client:
            return client.images.pull(repository, tag=digest, auth_config=credentials).id
    except APIError as error:
        raise EngineUnavailable(
            f"The engine has no image {image}, and cannot pull it: {error.explanation}."
        ) from None
    except DockerException:
        raise EngineUnavailable("No Docker engine answers (`docker info`).") from None


class ContainerCluster:
    """All hosts are containers of one image.

    Args:
        client: the engine's client.
        image: its name or id.
        scratch: a directory for logs.
        memory_mb: what each container gets; None is no limit.
    """

    kind: Literal["docker"] = "docker"

    def __init__(
        self,
        client: docker.DockerClient,
        image: str,
        scratch: Path,
        memory_mb: int | None = None,
    ):
        self._client = client
        self._memory_mb = memory_mb
        self._image = image
        self._scratch = scratch
        self._network: Any = None

    @classmethod
    def of(
        cls,
        image: str | None,
        algorithm: Path,
        scratch: Path,
        screen: Screen,
        memory_mb: int | None = None,
    ) -> "ContainerCluster":
        """A cluster of ``image``, or of an image built from an algorithm directory.

        Raises:
            EngineUnavailable: no engine answers, or it cannot get the image.
        """
        try:
            client = docker.from_env(timeout=ENGINE_SECONDS)
            client.ping()
        except DockerException:
            raise EngineUnavailable("No Docker engine answers (`docker info`).") from None
        if image is None:
            return cls(client, image_of(algorithm, screen), scratch, memory_mb)
        try:
            client.images.get(image)
        except ImageNotFound:
            raise EngineUnavailable(
                f"The engine has no image {image}. Build it (`make image`) or pull it "
                f"(`docker pull {image}`)."
            ) from None
        return cls(client, image, scratch, memory_mb)

    def connect(self) -> None:
        self._network = _create_network(self._client, self._scratch, internal=False)

    def engine(
        self,
        host: str,
        checkpoints: Path | None = None,
        read_only: Sequence[Path] = (),
    ) -> Engine:
        return ContainerEngine(
            self._client,
            self._image,
            self._scratch,
            host,
            self._network,
            checkpoints,
            read_only,
            self._memory_mb,
        )

    def checkpoint_path(self, checkpoints: Path) -> str:
        return str(BASE / "checkpoints")

    def close(self) -> None:
        if self._network is not None:
            self._network.remove()
        self._client.close()


@dataclass(frozen=True)
class ContainerEngine:
    """Runs commands of one image, as one host.

    /opt/ml is the base directory; for `serve` its model is mounted read-only.
    """

    client: docker.DockerClient
    image: str
    scratch: Path
    host: str = "algo-1"
    network: Any = None
    checkpoints: Path | None = None
    read_only: Sequence[Path] = ()
    memory_mb: int | None = None
    isolates: ClassVar[bool] = True

    def path_inside(self, base: Path) -> Path:
        return BASE

    def start(
        self,
        command: Sequence[str],
        base: Path,
        environment: Mapping[str, str] | None = None,
        isolation: Isolation = OPEN,
    ) -> "ContainerRun":
        variables = dict(environment or {})
        serves = command[0] == "serve"
        if isolation.user is not None:
            open_to_all(base)
        port = variables.get("SAGEMAKER_BIND_TO_PORT", PORT)
        settings: dict[str, Any] = {
            "command": list(command[1:] if command[0] == "python" else command),
            "entrypoint": ["python"] if command[0] == "python" else None,
            "environment": variables,
            "hostname": self.host,
            "volumes": self._volumes(base, serves),
            "user": user_of(isolation),
            "labels": {LABEL: str(self.scratch)},
            "detach": True,
            **isolation_settings(isolation),
        }
        if self.memory_mb is not None:
            settings |= {"mem_limit": f"{self.memory_mb}m", "memswap_limit": f"{self.memory_mb}m"}
        if serves and isolation.network:
            settings["ports"] = {f"{port}/tcp": (publish_on(), None)}
        elif not serves and not isolation.network:
            settings["network_mode"] = "none"
        launch = Launch(
            image=self.image,
            settings=settings,
            host=self.host,
            base=base,
            give_back=isolation.user is not None and os.getuid() != 0,
            network=self.network,
            cut_off=serves and not isolation.network,
            port=int(port),
            log=self._log_path(),
        )
        return ContainerRun(self.client, launch)

    def _volumes(self, base: Path, serves: bool) -> dict[str, dict[str, str]]:
        volumes = {str(base): {"bind": str(BASE), "mode": "rw"}}
        if self.checkpoints is not None:
            volumes[str(self.checkpoints)] = {"bind": str(BASE / "checkpoints"), "mode": "rw"}
        read_only = [*self.read_only, *([base / "model"] if serves else [])]
        for path in read_only:
            volumes[str(path)] = {"bind": str(BASE / path.relative_to(base)), "mode": "ro"}
        return volumes

    def _log_path(self) -> Path:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self.scratch / f"{self.host}-{uuid.uuid4().hex[:8]}.log"


@dataclass(frozen=True)
class Launch:
    """One container to be.

    Attributes:
        settings: for the engine's `create`.
        network: the network of the job's hosts, if it has several.
        base: the directory mounted as /opt/ml.
        give_back: its files will belong to another user, and must be the caller's afterwards.
        cut_off: put it on an internal network of its own: it reaches nothing, and is reached
            from this machine only.
    """

    image: str
    settings: Mapping[str, Any]
    host: str
    base: Path
    give_back: bool
    network: Any
    cut_off: bool
    port: int
    log: Path


class ContainerRun:
    """One container, removed by ``kill``."""

    def __init__(self, client: docker.DockerClient, launch: Launch):
        self._client = client
        self._launch = launch
        self._code: int | None = None
        self._container: Container | None = None
        self._own_network: Any = None
        self._relay: Container | None = None
        launch.log.touch()
        try:
            self._start()
        except (APIError, NotFound) as error:
            self.kill()
            raise BenchError(f"Cannot start {launch.image}: {error.explanation}") from None
        except BaseException:
            self.kill()
            raise
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where the server's port is reachable; empty until the container has it."""
        for _ in range(100):
            reached = self._relay or self._container
            reached.reload()
            networks = reached.attrs["NetworkSettings"]
            if self._own_network is not None and self._relay is None:
                address = networks["Networks"][self._own_network.name]["IPAddress"]
                return address, self._launch.port
            published = networks["Ports"].get(f"{self._launch.port}/tcp")
            if published:
                return engine_host(), int(published[0]["HostPort"])
            if self.exit_code is not None:
                return "127.0.0.1", 0
            time.sleep(0.05)
        raise BenchError("The engine published no port for the container.")

    @property
    def exit_code(self) -> int | None:
        if self._code is None and self._container is not None:
            self._container.reload()
            state = self._container.attrs["State"]
            if state["Status"] in ("exited", "dead"):
                self._code = SIGNALS.get(state["ExitCode"], state["ExitCode"])
                self._follower.join(5)
                if self._launch.give_back:
                    self._give_back()
        return self._code

    def log(self) -> str:
        return self._launch.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float) -> int:
        until = time.monotonic() + seconds
        while (code := self.exit_code) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"still running after {seconds:g} s")
            time.sleep(0.05)
        return code

    def terminate(self) -> None:
        self._signal("SIGTERM")

    def kill(self) -> None:
        if self._container is not None:
            self._signal("SIGKILL")
            try:
                self._container.reload()
                if self._container.status != "created":
                    self._code = self.wait(10)
            finally:
                self._container.remove(force=True, v=True)
                self._container = None
        if self._relay is not None:
            self._relay.remove(force=True, v=True)
            self._relay = None
        if self._own_network is not None:
            self._own_network.remove()
            self._own_network = None

    def changes(self) -> list[str]:
        return written_outside(change["Path"] for change in self._container.diff() or [])

    def _start(self) -> None:
        launch = self._launch
        if launch.cut_off:
            self._own_network = _create_network(self._client, launch.log.parent, internal=True)
        self._container = self._client.containers.create(launch.image, **launch.settings)
        network = self._own_network or launch.network
        if network is not None:
            self._client.networks.get("bridge").disconnect(self._container)
            network.connect(self._container, aliases=[launch.host])
        self._container.start()
        if launch.cut_off and engine_host() != "127.0.0.1":
            self._start_relay()

    def _start_relay(self) -> None:
        """A container in both networks; the internal one is out of reach of this machine."""
        port = self._launch.port
        self._relay = self._client.containers.create(
            self._launch.image,
            entrypoint=["python", "-c", Path(relay.__file__).read_text(encoding="utf-8")],
            command=[self._launch.host, str(port)],
            ports={f"{port}/tcp": (publish_on(), None)},
            labels=self._launch.settings["labels"],
        )
        self._own_network.connect(self._relay)
        self._relay.start()

    def _give_back(self) -> None:
        """Let root of a container hand the files over to the caller, who may not."""
        self._client.containers.run(
            self._launch.image,
            ["-R", f"{os.getuid()}:{os.getgid()}", str(BASE)],
            entrypoint="chown",
            user="0",
            volumes=[f"{self._launch.base}:{BASE}"],
            network_mode="none",
            remove=True,
        )

    def _signal(self, name: str) -> None:
        with suppress(APIError):  # it has ended
            self._container.kill(name)

    def _follow(self) -> None:
        with self._launch.log.open("ab") as file:
            for chunk in self._container.logs(stream=True, follow=True):
                file.write(chunk)
                file.flush()


def _create_network(client: docker.DockerClient, scratch: Path, internal: bool) -> Any:
    name = f"local-test-{uuid.uuid4().hex[:12]}"
    labels = {LABEL: str(scratch)}
    return client.networks.create(name, driver="bridge", internal=internal, labels=labels)
