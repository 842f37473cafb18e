"""One instance of an endpoint: a container of its own, started, asked and stopped."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from framework.testing import OPEN, Engine, Isolation, NotServing, Run
from local_test.aws.sagemaker.endpoints.connections import KeptClient
from local_test.errors import BenchError
from local_test.guard import Guard

STOP_SECONDS = 30.0
DRAIN_SECONDS = 60.0
POLL_SECONDS = 0.02
MOST_FAILED_PROBES = 3
ONE_WORKER = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}


class NotHealthy(Exception):
    """The container ended, or /ping did not say 200 in time."""


class Instance:
    """A container with a model.

    Attributes:
        name: the end of its log stream's name.
        ready: whether it has passed /ping and may be asked.
    """

    def __init__(self, name: str, base: Path, environment: Mapping[str, str]):
        self.name = name
        self.ready = False
        self._in_flight = 0
        self._lock = threading.Lock()
        self._base = base
        self._environment = {**ONE_WORKER, **environment}
        self._guard = Guard(base / "model")
        self._run: Run | None = None
        self._client: KeptClient | None = None
        self._ending = False
        self._failed_probes = 0

    @property
    def client(self) -> KeptClient:
        """Asks the container."""
        if self._client is None:
            self._client = KeptClient(*self._run.address)
        return self._client

    @property
    def healthy(self) -> bool:
        """Whether its container runs, and has not failed several probes in a row."""
        runs = self._ending or self._run is None or self._run.exit_code is None
        return runs and self._failed_probes < MOST_FAILED_PROBES

    @property
    def ended(self) -> bool:
        """Whether nothing more can come from it."""
        return self._ending and (self._run is None or self._run.exit_code is not None)

    def start(self, engine: Engine, isolated: bool) -> None:
        """Start the container; ``wait`` says when it is healthy.

        Args:
            isolated: keep it from every network, if the engine can.

        Raises:
            NotHealthy: the engine cannot start it.
        """
        isolation = Isolation(network=False) if isolated and engine.isolates else OPEN
        try:
            self._run = engine.start(["serve"], self._base, self._environment, isolation)
        except (BenchError, OSError) as error:
            raise NotHealthy(str(error)) from None
        if self._ending:
            self._run.kill()

    def wait(self, seconds: float) -> None:
        """Return when /ping says 200. Raises NotHealthy."""
        try:
            self.client.wait_until_ready(self._run, seconds)
        except NotServing as error:
            raise NotHealthy(str(error)) from None
        self.ready = not self._ending

    def admit(self) -> bool:
        """Count one more request as on its way; False when no more are taken."""
        with self._lock:
            self._in_flight += self.ready
            return self.ready

    def release(self) -> None:
        """One request is answered."""
        with self._lock:
            self._in_flight -= 1

    def probe(self) -> None:
        """Ask /ping once, within 2 s."""
        try:
            said = self.client.ping().status
        except OSError:
            said = None
        self._failed_probes = 0 if said == 200 else self._failed_probes + 1

    def log(self) -> str:
        """What the container has written so far."""
        return self._run.log() if self._run is not None else ""

    def retire(self) -> None:
        """Take no more requests, answer what is on its way, then SIGTERM; SIGKILL after 30 s."""
        with self._lock:
            self._ending, self.ready = True, False
        until = time.monotonic() + DRAIN_SECONDS
        while self._in_flight and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        if self._client is not None:
            self._client.close()
        if self._run is not None and self._run.exit_code is None:
            self._run.terminate()
            with suppress(TimeoutError):
                self._run.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the container at once."""
        self._ending, self.ready = True, False
        if self._run is not None:
            self._run.kill()
        if self._client is not None:
            self._client.close()
        self._guard.release()
