"""MLServer, with adaptive batching and parallel workers."""

import json
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import (
    BATCH_ROWS,
    BATCH_SECONDS,
    WORKERS,
    Command,
    Peer,
    Request,
)
from benchmarks.serving.processes import free_port
from benchmarks.serving.rows import Rows

ROWS = "V2 JSON: one FP64 tensor, a tensor per named column"


class MLServer(Peer):
    name = "mlserver"
    title = "MLServer"
    settings = (
        f"{WORKERS} parallel workers; its scikit-learn runtime; batches of {BATCH_ROWS}, "
        f"{BATCH_SECONDS * 1000:g} ms"
    )
    asks: ClassVar = {"csv": ROWS, "json": ROWS}
    batches = True
    health = "/v2/health/live"

    def command(self, model: Model, place: Path, port: int) -> Command:
        server = {
            "host": "127.0.0.1",
            "http_port": port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
            "parallel_workers": WORKERS,
            "debug": False,
        }
        served = {
            "name": "model",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "max_batch_size": BATCH_ROWS,
            "max_batch_time": BATCH_SECONDS,
            "parameters": {"uri": str(model.file)},
        }
        (place / "settings.json").write_text(json.dumps(server))
        (place / "model-settings.json").write_text(json.dumps(served))
        return Command([self.program("mlserver"), "start", str(place)])

    def request(self, rows: Rows, form: str) -> Request:
        if rows.names:
            columns = zip(rows.names, zip(*rows.cells, strict=True), strict=True)
            content: dict[str, Any] = {
                "parameters": {"content_type": "pd"},
                "inputs": [_column(name, cells) for name, cells in columns],
            }
        else:
            shape = [len(rows.cells), len(rows.cells[0])]
            cells = [cell for row in rows.cells for cell in row]
            tensor = {"name": "rows", "shape": shape, "datatype": "FP64", "data": cells}
            content = {"inputs": [tensor]}
        return Request("/v2/models/model/infer", "application/json", json.dumps(content).encode())

    def answers(self, body: bytes) -> list[float]:
        return json.loads(body)["outputs"][0]["data"]


def _column(name: str, cells: tuple[Any, ...]) -> dict[str, Any]:
    column = {"name": name, "shape": [len(cells), 1], "data": cells}
    if isinstance(cells[0], str):
        return column | {"datatype": "BYTES", "parameters": {"content_type": "str"}}
    return column | {"datatype": "FP64"}
