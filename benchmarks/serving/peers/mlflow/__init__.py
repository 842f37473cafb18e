"""MLflow's scoring server."""

import json
from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows


class MLflow(Peer):
    name = "mlflow"
    title = "MLflow"
    settings = f"{WORKERS} uvicorn workers; no signature, so nothing is checked"
    asks: ClassVar = {
        "csv": "CSV with a header",
        "json": '{"inputs": [[…]]}, dataframe_split for columns',
    }

    def prepare(self, model: Model, place: Path) -> list[str]:
        arguments = [str(model.file), str(self._saved(model, place))]
        return [self.python, str(self.folder / "prepare.py"), *arguments]

    def command(self, model: Model, place: Path, port: int) -> Command:
        arguments = [self.program("mlflow"), "models", "serve", "--env-manager", "local"]
        arguments += ["--model-uri", str(self._saved(model, place)), "--port", str(port)]
        arguments += ["--workers", str(WORKERS)]
        return Command(arguments, {"MLFLOW_DISABLE_TELEMETRY": "true"})

    def request(self, rows: Rows, form: str) -> Request:
        if form == "csv":
            return Request("/invocations", "text/csv", rows.csv(header=True))
        content = {"inputs": rows.cells}
        if rows.names:
            content = {"dataframe_split": {"columns": rows.names, "data": rows.cells}}
        return Request("/invocations", "application/json", json.dumps(content).encode())

    def _saved(self, model: Model, place: Path) -> Path:
        return place.parent / f"mlflow-{model.name}"
