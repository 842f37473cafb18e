"""The HTTP server of the local AWS: one address for every service."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from local_test.aws import emulator
from local_test.aws.clock import Clock
from local_test.aws.control import Control
from local_test.aws.gate import Gate
from local_test.aws.page import application as page
from local_test.aws.registry import Registry
from local_test.aws.sagemaker.service import SageMaker
from local_test.aws.world import World
from local_test.cluster import Kind

HOST = "127.0.0.1"
TICK_SECONDS = 1.0


class _QuietHandler(emulator.REQUEST_HANDLER):
    """Keeps connections open, and tells neither requests nor what is none."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Nobody reads it."""

    def log_error(self, *_: object) -> None:
        """The Docker engine tries TLS before it talks to a registry."""


class LocalAws:
    """A running local AWS; ``world.client("s3")`` is a client of it.

    There can be one in a process, because moto keeps its state in the process.
    """

    def __init__(self, world: World, gate: Gate):
        self.world = world
        self._gate = gate

    def reset(self) -> None:
        """End every job and endpoint, and forget everything."""
        self.close()
        self.open()

    def open(self) -> None:
        """Install everything anew."""
        sagemaker = SageMaker(self.world)
        emulator.install(self.world)
        self._gate.open(
            sagemaker,
            Registry(self.world),
            emulator.application(),
            Control(self.world, self.reset),
            page.application(self.world),
        )

    def close(self) -> None:
        """End what runs, and forget what there is."""
        self._gate.close()
        emulator.reset()


@contextmanager
def running(
    scratch: Path, engine: Kind = "process", port: int = 0, clock: Clock | None = None
) -> Iterator[LocalAws]:
    """A local AWS that answers on this machine only, ended with all that runs in it.

    Args:
        scratch: an existing directory for its files, removed by the caller.
        port: 0 takes a free one.
    """
    gate = Gate()
    server = make_server(HOST, port, gate, threaded=True, request_handler=_QuietHandler)
    world = World(f"http://{HOST}:{server.server_port}", engine, scratch, clock or Clock())
    aws = LocalAws(world, gate)
    ended = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, name="aws", daemon=True),
        threading.Thread(target=_tick, args=(world.clock, ended), name="clock", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        aws.open()
        yield aws
    finally:
        ended.set()
        aws.close()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


def _tick(clock: Clock, ended: threading.Event) -> None:
    while not ended.wait(TICK_SECONDS):
        clock.tick()
