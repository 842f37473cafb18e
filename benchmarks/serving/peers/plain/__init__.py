"""The shortest server that one writes by hand: Flask on gunicorn's threads."""

import json
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows

THREADS = 4
TYPES = {"csv": "text/csv", "json": "application/json", "npy": "application/x-npy"}


class Plain(Peer):
    name = "plain"
    title = "plain Flask"
    settings = f"{WORKERS} gthread workers of {THREADS} threads; numpy or pandas, by size"
    asks: ClassVar = {
        "csv": "CSV",
        "json": '{"instances": [[…]]}, records for named columns',
        "npy": "npy",
    }

    def command(self, model: Model, place: Path, port: int) -> Command:
        arguments = [self.python, "-m", "gunicorn", "-k", "gthread", "-w", str(WORKERS)]
        arguments += ["--threads", str(THREADS), "-b", f"127.0.0.1:{port}", "server:app"]
        variables = {"MODEL_FILE": str(model.file), "PYTHONPATH": str(self.folder)}
        return Command(arguments, variables)

    def request(self, rows: Rows, form: str) -> Request:
        if form == "json":
            instances = rows.records() if rows.names else rows.cells
            body = json.dumps({"instances": instances}).encode()
        else:
            body = rows.csv() if form == "csv" else rows.npy()
        return Request("/invocations", TYPES[form], body)
