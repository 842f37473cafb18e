"""From nothing to the first right answer."""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.serving.models import ALGORITHM, Model
from benchmarks.serving.peers.peer import Peer
from benchmarks.serving.processes import inherited
from benchmarks.serving.server import running
from benchmarks.start import BARE


def measure(peer: Peer, model: Model, scratch: Path) -> dict[str, float]:
    """Seconds of one start; raises Failed."""
    rows, form = model.rows(1), next(iter(peer.asks))
    model.answers(rows)  # loads the model here, which must not count
    began = time.monotonic()
    with running(peer, model, scratch) as server:
        server.wait_for_answer(rows, form)
        return {"seconds": time.monotonic() - began}


def bare(model: Model) -> dict[str, float]:
    """Seconds of a process that imports the predictor with its libraries and loads the model."""
    code = BARE.format(
        directory=str(ALGORITHM),
        module="predictor",
        name="BenchPredictor",
        model=str(model.file.parent),
    )
    variables = inherited() | {"PYTHONPATH": str(model.framework)}
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], env=variables, cwd=model.base, check=True)
    return {"seconds": time.monotonic() - began}
