"""The usual container: nginx, gunicorn with gevent, Flask and pandas.

As in AWS' example scikit_bring_your_own, whose serve, nginx.conf, wsgi.py and predictor.py are
followed here; only the paths differ.
"""

from pathlib import Path
from typing import ClassVar

from benchmarks.serving.models import Model
from benchmarks.serving.peers.peer import WORKERS, Command, Peer, Request
from benchmarks.serving.rows import Rows


class Classic(Peer):
    name = "classic"
    title = "nginx, gevent, Flask"
    settings = f"{WORKERS} gevent workers behind nginx, as AWS' example sets them up"
    asks: ClassVar = {"csv": "CSV"}
    programs = ("nginx",)

    def command(self, model: Model, place: Path, port: int) -> Command:
        configuration = (self.folder / "nginx.conf").read_text()
        (place / "nginx.conf").write_text(configuration.replace("PORT", str(port)))
        return Command(
            [self.python, str(self.folder / "serve.py"), str(WORKERS)],
            {"MODEL_FILE": str(model.file), "PYTHONPATH": str(self.folder)},
        )

    def request(self, rows: Rows, form: str) -> Request:
        return Request("/invocations", "text/csv", rows.csv())
