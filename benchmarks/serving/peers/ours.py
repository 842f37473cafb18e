"""What is measured: `python -m framework serve`."""

import json
import sys
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import ALGORITHM, Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows

TYPES = {"csv": "text/csv", "json": "application/json", "npy": "application/x-npy"}


class Ours(Peer):
    name = "ours"
    title = "ours"
    settings = f"{WORKERS} workers, everything else by default"
    asks: ClassVar = {
        "csv": "CSV",
        "json": '{"instances": [[…]]}, records for named columns',
        "npy": "npy",
    }
    batches = True

    def __init__(self, workers: int = WORKERS):
        self._workers = workers

    def command(self, model: Model, place: Path, port: int) -> Command:
        return Command(
            [sys.executable, "-m", "framework", "serve"],
            {
                "PYTHONPATH": str(model.framework),
                "ALGORITHM_DIR": str(ALGORITHM),
                "SAGEMAKER_BASE_DIR": str(model.base),
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "SAGEMAKER_MODEL_SERVER_WORKERS": str(self._workers),
            },
        )

    def request(self, rows: Rows, form: str) -> Request:
        if form == "npy":
            body = rows.npy()
        elif form == "csv":
            body = rows.csv()
        else:
            instances = rows.records() if rows.names else rows.cells
            body = json.dumps({"instances": instances}).encode()
        return Request("/invocations", TYPES[form], body)
