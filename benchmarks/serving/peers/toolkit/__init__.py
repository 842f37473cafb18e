"""SageMaker's own inference toolkit on the Java server that its containers start."""

import json
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows

TYPES = {"csv": "text/csv", "json": "application/json", "npy": "application/x-npy"}


class Toolkit(Peer):
    name = "toolkit"
    title = "inference toolkit, MMS"
    settings = f"{WORKERS} workers; the toolkit's own decoders, pandas for named columns"
    asks: ClassVar = {"csv": "CSV", "json": "[[…]], records for named columns", "npy": "npy"}
    programs = ("java",)
    without_wheel = ("sagemaker-inference",)

    def command(self, model: Model, place: Path, port: int) -> Command:
        alone = place / "base" / "model"  # the server takes our manifest.json for one of its own
        alone.mkdir(parents=True)
        (alone / model.file.name).symlink_to(model.file)
        return Command(
            [self.python, str(self.folder / "serve.py")],
            {
                "PYTHONPATH": str(self.folder),
                "SAGEMAKER_BASE_DIR": str(place / "base"),
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "SAGEMAKER_MODEL_SERVER_WORKERS": str(WORKERS),
            },
        )

    def request(self, rows: Rows, form: str) -> Request:
        if form == "json":
            body = json.dumps(rows.records() if rows.names else rows.cells).encode()
        else:
            body = rows.csv() if form == "csv" else rows.npy()
        return Request("/invocations", TYPES[form], body)
