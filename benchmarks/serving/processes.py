"""Servers as processes of their own, and everything they start with them."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

MARK = "BENCHMARK_SERVER"
STOP_SECONDS = 10
PORTS = range(20_000, 32_000)
FOREIGN = (
    "SAGEMAKER_",
    "SERVING_",
    "TRAINING_",
    "SM_",
    "MLSERVER_",
    "BENTOML_",
    "MLFLOW_",
    "PYTHON",
)
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class Started:
    """A command in a process group of its own; its output is in ``log``."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], place: Path):
        self._mark = uuid.uuid4().hex
        self.log = place / "log.txt"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                arguments,
                env=inherited() | environment | {MARK: self._mark, "HOME": str(place)},
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def processes(self) -> list[int]:
        """Everything that descends from it, also what left its process group."""
        mark = f"{MARK}={self._mark}".encode()
        return [pid for pid in _all_processes() if mark in _environment_of(pid).split(b"\0")]

    def last_words(self) -> str:
        """The last line about an error, else the last line."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no output"]
        return [lines[-1], *(line for line in lines if "error" in line.lower())][-1]

    def stop(self) -> None:
        """Ask it to end, and then end what is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and not (self.ended and not self.processes()):
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


def inherited() -> dict[str, str]:
    """This process' variables without those that would set up a server, and with one thread."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | ONE_THREAD


def free_port() -> int:
    """One that no outgoing connection takes meanwhile; the Java server refuses those, too."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def _all_processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _environment_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""
