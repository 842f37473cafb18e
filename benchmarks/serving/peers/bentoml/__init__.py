"""BentoML, with adaptive batching."""

import json
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows

ROWS = '{"rows": [[…]]}, records for named columns'


class BentoML(Peer):
    name = "bentoml"
    title = "BentoML"
    settings = f"{WORKERS} workers; adaptive batching on, its window left to BentoML"
    asks: ClassVar = {"csv": ROWS, "json": ROWS}
    batches = True
    health = "/livez"

    def command(self, model: Model, place: Path, port: int) -> Command:
        arguments = [self.program("bentoml"), "serve", "server:Service", "--host", "127.0.0.1"]
        arguments += ["--working-dir", str(self.folder), "--port", str(port)]
        variables = {
            "MODEL_FILE": str(model.file),
            "WORKERS": str(WORKERS),
            "BENTOML_HOME": str(place),
            "BENTOML_DO_NOT_TRACK": "True",
        }
        return Command(arguments, variables)

    def request(self, rows: Rows, form: str) -> Request:
        path, content = "/predict", rows.cells
        if rows.names:
            path, content = "/predict_records", rows.records()
        return Request(path, "application/json", json.dumps({"rows": content}).encode())
