"""Plays an endpoint: unpacks the model, starts one container, probes it, stops it."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.testing import Client, NotServing, Run
from local_test import artifact
from local_test.cluster import Cluster
from local_test.console import Screen
from local_test.errors import EndpointFailed
from local_test.guard import Guard

STARTUP_SECONDS = 480
STOP_SECONDS = 30
LOG_TAIL = 20
HOST = "algo-1"


@dataclass(frozen=True)
class Endpoint:
    """One container that answers.

    Attributes:
        model: the directory that the container sees as /opt/ml/model.
        ready_seconds: from the start to the first 200 of /ping.
    """

    run: Run
    client: Client
    model: Path
    ready_seconds: float

    @property
    def url(self) -> str:
        return f"http://{self.client.host}:{self.client.port}"

    def sample(self) -> tuple[bytes, str] | None:
        """Body and content type of the sample request that the artifact carries."""
        return artifact.sample_request(self.model)


@dataclass(frozen=True)
class EndpointRequest:
    """What the caller of CreateModel and CreateEndpointConfig decides.

    Attributes:
        model: the model.tar.gz.
        startup_seconds: how long /ping may take to say 200.
    """

    model: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    startup_seconds: float = STARTUP_SECONDS


@contextmanager
def serving(
    request: EndpointRequest, cluster: Cluster, base: Path, screen: Screen
) -> Iterator[Endpoint]:
    """An endpoint that has answered /ping with 200, stopped at the end.

    Args:
        base: a directory that becomes /opt/ml and is removed by the caller.

    Raises:
        EndpointFailed: it did not become ready; the message ends with the end of its log.
    """
    with ExitStack() as cleaning:
        directory = base / "model"
        artifact.unpack(request.model, directory)
        guard = Guard(directory)
        cleaning.callback(guard.release)
        run = cluster.engine(HOST).start(["serve"], base, request.environment)
        cleaning.callback(run.kill)
        with screen.waiting("waiting for /ping"):
            client = Client(*run.address)
            try:
                seconds = client.wait_until_ready(run, request.startup_seconds)
            except NotServing as error:
                tail = "\n".join(run.log().splitlines()[-LOG_TAIL:])
                raise EndpointFailed(
                    f"The endpoint failed: {error}. SageMaker would say that the container did not "
                    f"pass the ping health check. The end of its log:\n{tail}"
                ) from None
        screen.status("InService", f"ready after {seconds:.1f} s")
        try:
            yield Endpoint(run, client, directory, seconds)
        finally:
            _stop(run, screen)
            if changed := guard.changes():
                screen.warn(
                    f"The container wrote to /opt/ml/model ({', '.join(changed[:3])}), which is "
                    "read-only on SageMaker. Write to /tmp."
                )


def _stop(run: Run, screen: Screen) -> None:
    """SIGTERM, and SIGKILL after 30 s."""
    if run.exit_code is not None:
        screen.warn(f"The container had ended by itself with exit code {run.exit_code}.")
        return
    run.terminate()
    try:
        with screen.waiting("stopping"):
            code = run.wait(STOP_SECONDS)
    except TimeoutError:
        screen.warn(f"The container ignored SIGTERM for {STOP_SECONDS} s and was killed.")
    else:
        if code != 0:
            screen.warn(f"The container ended with exit code {code} after SIGTERM.")


class Register:
    """Says where the endpoint of `serve` is, for `invoke` and others to find it."""

    def __init__(self, jobs: Path):
        self._path = jobs / "endpoint.json"

    @contextmanager
    def entry(self, endpoint: Endpoint) -> Iterator[None]:
        """Hold the entry of a running endpoint; an earlier one that still runs is back after it."""
        before = self._read()
        entry = {"url": endpoint.url, "model": str(endpoint.model), "pid": os.getpid()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({**entry, "since": time.time()}), encoding="utf-8")
        try:
            yield
        finally:
            if self._read().get("pid") == os.getpid():
                self._path.unlink(missing_ok=True)
                if _is_alive(before.get("pid")):
                    self._path.write_text(json.dumps(before), encoding="utf-8")

    def find(self) -> tuple[str, Path]:
        """URL and model directory of the running endpoint.

        Raises:
            EndpointFailed: none is registered.
        """
        entry = self._read()
        if not entry:
            raise EndpointFailed(
                "No endpoint is running here. Start one with `python -m local_test serve`, "
                "or name its address with --url."
            )
        return entry["url"], Path(entry["model"])

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}


def _is_alive(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except OSError:
        return False
    return pid is not None
