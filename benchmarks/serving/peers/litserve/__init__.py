"""LitServe, with batching."""

import json
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import (
    BATCH_ROWS,
    BATCH_SECONDS,
    WORKERS,
    Command,
    Peer,
    Request,
)
from benchmarks.serving.rows import Rows

ROWS = '{"rows": [[…]]}, records for named columns'


class LitServe(Peer):
    name = "litserve"
    title = "LitServe"
    settings = (
        f"{WORKERS} workers, {WORKERS} API processes, fast queue; batches of {BATCH_ROWS}, "
        f"{BATCH_SECONDS * 1000:g} ms"
    )
    asks: ClassVar = {"csv": ROWS, "json": ROWS}
    batches = True
    health = "/health"

    def command(self, model: Model, place: Path, port: int) -> Command:
        settings = (port, WORKERS, BATCH_ROWS, BATCH_SECONDS)
        arguments = [self.python, str(self.folder / "server.py"), *map(str, settings)]
        return Command(arguments, {"MODEL_FILE": str(model.file)})

    def request(self, rows: Rows, form: str) -> Request:
        content = {"rows": rows.records() if rows.names else rows.cells}
        return Request("/predict", "application/json", json.dumps(content).encode())
