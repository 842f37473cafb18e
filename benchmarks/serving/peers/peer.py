"""What every server of the comparison says about itself."""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmarks.serving.models import Model
from benchmarks.serving.rows import Rows

PROJECT = Path(__file__).parents[3]
WORKERS = 2
BATCH_ROWS = 64
BATCH_SECONDS = 0.005


@dataclass(frozen=True)
class Request:
    """A POST."""

    path: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Command:
    """How a server is started."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


class Peer(ABC):
    """One server.

    Attributes:
        name: also the folder with its requirements and with what runs in its environment.
        title: as people know it.
        settings: how it is set up, in words.
        asks: form of the rows → what it is sent. A form that is not here it does not speak.
        batches: whether it answers several requests by one predict.
        health: path of its health check.
        programs: what must be on PATH.
        without_wheel: packages that are built, because their authors publish no wheel.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[str]
    asks: ClassVar[Mapping[str, str]]
    batches: ClassVar[bool] = False
    health: ClassVar[str] = "/ping"
    programs: ClassVar[tuple[str, ...]] = ()
    without_wheel: ClassVar[tuple[str, ...]] = ()

    @property
    def folder(self) -> Path:
        return Path(__file__).parent / self.name

    @property
    def environment(self) -> Path:
        return PROJECT / ".venv" / "peers" / self.name

    @property
    def python(self) -> str:
        return str(self.environment / "bin" / "python")

    def program(self, name: str) -> str:
        """A command that came with one of its packages."""
        return str(self.environment / "bin" / name)

    def prepare(self, model: Model, place: Path) -> list[str]:
        """Arguments of what must run once before the server can start; none mostly."""
        return []

    @abstractmethod
    def command(self, model: Model, place: Path, port: int) -> Command:
        """How to serve the model; ``place`` is the working directory."""

    @abstractmethod
    def request(self, rows: Rows, form: str) -> Request:
        """The rows in one of the forms of ``asks``."""

    def answers(self, body: bytes) -> list[float]:
        """One per row."""
        return read(body)


def read(body: bytes) -> list[float]:
    """The answers of a server that answers npy, {"predictions": […]}, a list, or a line per row."""
    if body.startswith(b"\x93NUMPY"):
        return np.load(io.BytesIO(body), allow_pickle=False).tolist()
    if body.lstrip().startswith((b"{", b"[")):
        content = json.loads(body)
        return content["predictions"] if isinstance(content, dict) else content
    return [float(line) for line in body.split()]
