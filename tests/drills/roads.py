"""The roads drill: the short way and Flask's give the same answers, byte for byte.

    python -m tests.drills.roads --requests 100000 --seed 1
    python -m tests.drills.roads --algorithm container

It trains and serves algorithms of unlike kinds. Every forged request, right or wrong, goes the
short way, the ordinary way (a header sends it there), and the short way in a crowd, where requests
are predicted together; there, numbers may differ by the model's tolerance.
"""

import argparse
import io
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from framework.difference import difference
from framework.manifest import Manifest
from framework.testing.answers import answers_in, tolerance_of
from framework.testing.client import Reply
from framework.testing.rows import CSV, NPY
from tests.algorithms.workshop import ALGORITHMS, CONTAINER, Workshop
from tests.framework.data.malformed import Case, Forge
from tests.framework.serving.batched import Answer, at_once, clients, metrics, request

ALL = [CONTAINER, *sorted(file.parent for file in ALGORITHMS.glob("*/algorithm.toml"))]
CROWD = 32
SHOWN_FAULTS = 20
ORDINARY = {"TE": "trailers"}  # unusual enough
HEADER = re.compile(r"[!-~][ -~]*|")


class Roads:
    """One server, asked on each of the ways.

    Attributes:
        batched: requests that were predicted together with others.
    """

    def __init__(self, port: int, manifest: Manifest, seed: int):
        self.port, self.tolerance = port, tolerance_of(manifest)
        self.forge = Forge(manifest.input, seed)
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self.batched = 0

    def compare(self, requests: int) -> None:
        """Send so many forged requests on all ways."""
        with clients(self.port, CROWD + 2) as (short, ordinary, *crowd):
            for first in range(0, requests, CROWD):
                cases = [self._case() for _ in range(CROWD)]
                names = [f"request-{first + number}" for number in range(CROWD)]
                pairs = list(zip(cases, names, strict=True))
                alone = [short.ask(_bytes(*pair)) for pair in pairs]
                flasks = [ordinary.ask(_bytes(*pair, **ORDINARY)) for pair in pairs]
                together = at_once(crowd, [_bytes(*pair) for pair in pairs])
                for case, *answers in zip(cases, alone, flasks, together, strict=True):
                    self._judge(case, *answers)
        seen = metrics(self.port)
        self.batched = int(
            seen["serving_batch_requests_sum"] - seen['serving_batch_requests_bucket{le="1.0"}']
        )

    def _case(self) -> Case:
        while not HEADER.fullmatch((case := self.forge.case()).content_type):
            pass  # http.client would not send it
        return case

    def _judge(self, case: Case, alone: Answer, flasks: Answer, together: Answer) -> None:
        self.statuses[alone.status] += 1
        what = f"{case.what} ({case.content_type:.60}): {case.body[:120]!r}"
        if alone != flasks:
            self.faults.append(f"{what}\n    short way {alone}\n    Flask     {flasks}")
        if alone != together and not self._alike(alone, together):
            self.faults.append(f"{what}\n    alone    {alone}\n    together {together}")

    def _alike(self, alone: Answer, together: Answer) -> bool:
        """Whether two answers differ by rounding only."""
        if (alone.status, together.status) != (200, 200):
            return False
        return not difference(_values(alone), _values(together), self.tolerance)


def _bytes(case: Case, name: str, **headers: str) -> bytes:
    given = {"Accept": case.accept, "X-Amzn-SageMaker-Inference-Id": name, **headers}
    return request(case.body, case.content_type, **given)


def _values(answer: Answer) -> Any:
    """What it says, with numbers as numbers in every format."""
    reply = Reply(answer.status, dict(answer.headers), answer.body)
    if reply.content_type == NPY:
        return np.load(io.BytesIO(answer.body), allow_pickle=False).tolist()
    return _numbers(answers_in(reply)) if reply.content_type.startswith(CSV) else answers_in(reply)


def _numbers(cells: Any) -> Any:
    if isinstance(cells, list):
        return [_numbers(cell) for cell in cells]
    try:
        return float(cells)
    except ValueError:
        return cells


def drill(algorithm: Path, requests: int, seed: int) -> Roads:
    """Train and serve an algorithm, and compare the roads to it."""
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(algorithm, Path(scratch))
        job = workshop.train()
        with workshop.serve(job) as client:
            roads = Roads(client.port, Manifest.read(job.layout.model), seed)
            roads.compare(requests)
            return roads


def main() -> int:
    parser = argparse.ArgumentParser(prog="roads", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--algorithm", type=Path, nargs="+", default=ALL, help="directories")
    options = parser.parse_args()
    wrong = 0
    for algorithm in options.algorithm:
        roads = drill(algorithm, options.requests // len(options.algorithm), options.seed)
        for fault in roads.faults[:SHOWN_FAULTS]:
            print(f"  {fault}")
        seen = ", ".join(f"{status} {count}" for status, count in sorted(roads.statuses.items()))
        print(f"{algorithm.name}: {roads.statuses.total()} requests ({seen})", end="")
        print(f", {len(roads.faults)} differences", flush=True)
        wrong += len(roads.faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
