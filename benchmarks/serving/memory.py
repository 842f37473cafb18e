"""How much of a large model four workers share."""

import re
from pathlib import Path

from benchmarks.serving import load
from benchmarks.serving.models import Model
from benchmarks.serving.peers.ours import Ours
from benchmarks.serving.server import running

CONNECTIONS = 8
PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


def measure(workers: int, model: Model, seconds: float, scratch: Path) -> dict[str, float]:
    """Megabytes of PSS of all processes of a server that has answered for a while.

    Raises:
        Failed: its answers are wrong.
    """
    ours = Ours(workers)
    rows = model.rows(64).split()
    with running(ours, model, scratch) as server:
        server.wait_for_answer(rows[0], "csv")
        server.check(rows, "csv")
        requests = [ours.request(one, "csv") for one in rows]
        files = load.bodies(requests, scratch / f"memory-{model.name}-{server.port}")
        load.put_on(server.port, requests[0], files, CONNECTIONS, seconds)
        found = {pid: pss(pid) for pid in server.started.processes()}
    return {"megabytes": sum(found.values()), "processes": len(found)}


def pss(pid: int) -> float:
    """Megabytes of one process, what it shares counted in parts."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(PSS.search(text)[1]) / 1024
